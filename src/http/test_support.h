// For the tests of this folder: a server on a free port, and a socket that sends whatever bytes.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "http/server.h"

namespace tenon::http {

using std::chrono::milliseconds;

class RunningServer {
 public:
  RunningServer(ServerOptions options, Handler handler) {
    options.port = 0;
    auto server = Server::Listen(std::move(options), std::move(handler));
    if (!server) {
      ADD_FAILURE() << server.error().message;
      std::abort();
    }
    server_ = std::move(*server);
    server_->Start();
  }
  Server* operator->() const { return server_.get(); }
  void Reset() { server_.reset(); }

 private:
  std::unique_ptr<Server> server_;
};

// Answers with the method, the path and the body.
inline Response Echo(const Request& request) {
  Response response;
  response.headers.Add("Content-Type", "text/plain");
  response.body = request.method + " " + request.path + " " + request.body;
  return response;
}

inline Handler EchoHandler() {
  return [](Request request, Respond respond) { respond(Echo(request)); };
}

// A blocking socket; reads end after a time-out, so that no test hangs.
class RawClient {
 public:
  RawClient() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}  // not connected yet
  explicit RawClient(std::uint16_t port, int receive_buffer_bytes = 0) : RawClient() {
    if (receive_buffer_bytes > 0) {
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
    }
    Connect(port);
  }
  void Connect(std::uint16_t port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  }
  ~RawClient() { Close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void Close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void HalfClose() { ::shutdown(fd_, SHUT_WR); }
  [[nodiscard]] bool connected() const { return connected_; }

  // False when the server no longer takes it.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // What arrives up to the end of the connection or until nothing came for `quiet`.
  std::string ReadAll(milliseconds quiet = milliseconds(3000)) {
    std::string all;
    while (ReadSome(all, quiet)) {
    }
    return all;
  }

  // Up to and including the first `mark`; what follows is kept for the next read.
  std::string ReadUntil(std::string_view mark, milliseconds quiet = milliseconds(3000)) {
    while (kept_.find(mark) == std::string::npos) {
      if (!Receive(kept_, quiet)) return std::exchange(kept_, {});
    }
    const std::size_t end = kept_.find(mark) + mark.size();
    std::string found = kept_.substr(0, end);
    kept_.erase(0, end);
    return found;
  }

  // The server has closed, within `quiet`.
  bool IsClosed(milliseconds quiet = milliseconds(3000)) {
    std::string more;
    while (ReadSome(more, quiet)) {
    }
    return at_end_;
  }

 private:
  bool ReadSome(std::string& out, milliseconds quiet) {
    if (!kept_.empty()) {
      out += std::exchange(kept_, {});
      return true;
    }
    return Receive(out, quiet);
  }

  bool Receive(std::string& out, milliseconds quiet) {
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(quiet.count())) <= 0) return false;
    std::array<char, 64u << 10> buffer;
    const auto got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    at_end_ = got <= 0;
    if (got <= 0) return false;
    out.append(buffer.data(), static_cast<std::size_t>(got));
    return true;
  }

  int fd_ = -1;
  bool connected_ = false, at_end_ = false;
  std::string kept_;
};

// One exchange on its own connection.
inline std::string Ask(std::uint16_t port, std::string_view bytes) {
  RawClient client(port);
  client.Send(bytes);
  return client.ReadAll();
}

inline std::size_t CountOf(std::string_view text, std::string_view piece) {
  std::size_t count = 0;
  for (std::size_t at = text.find(piece); at != std::string_view::npos;
       at = text.find(piece, at + piece.size())) {
    ++count;
  }
  return count;
}

// Waits for what another thread does.
template <typename Condition>
bool Eventually(Condition condition, milliseconds within = milliseconds(3000)) {
  const auto end = std::chrono::steady_clock::now() + within;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    ::usleep(1000);
  }
  return true;
}

}  // namespace tenon::http
