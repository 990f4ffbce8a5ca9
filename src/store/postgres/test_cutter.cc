#include "store/postgres/test_cutter.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string>

namespace tenon::testing {
namespace {

constexpr int kLookMs = 50;  // how often a thread sees that it shall end
constexpr std::size_t kLengthBytes = 4;

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

}  // namespace

// One direction of a connection.
struct Cutter::Pipe {
  int from;
  int to;
  bool untyped;  // the first message of a client has no type byte
  std::string buffer = {};

  // Bytes of the first whole message in the buffer; 0: none yet.
  [[nodiscard]] std::size_t Message() const {
    const std::size_t head = untyped ? 0 : 1;
    if (buffer.size() < head + kLengthBytes) return 0;
    std::uint32_t length = 0;
    std::memcpy(&length, buffer.data() + head, kLengthBytes);
    const std::size_t size = head + ntohl(length);
    return buffer.size() >= size ? size : 0;
  }
};

Cutter::Cutter(int server_port) : server_port_(server_port) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  bind(listener_, generic, size);
  listen(listener_, 64);
  getsockname(listener_, generic, &size);
  port_ = ntohs(address.sin_port);
  listening_ = std::thread([this] { Listen(); });
}

Cutter::~Cutter() {
  stopping_ = true;
  listening_.join();
  for (std::thread& thread : threads_) thread.join();
  close(listener_);
}

void Cutter::CutAfter(Side side, int messages) {
  cut_ = false;
  left_[side == Side::kClient ? 0 : 1] = messages;
}

void Cutter::Listen() {
  while (!stopping_) {
    pollfd waiting{listener_, POLLIN, 0};
    if (poll(&waiting, 1, kLookMs) <= 0) continue;
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    const std::lock_guard lock(mutex_);
    threads_.emplace_back([this, client] { Serve(client); });
  }
}

void Cutter::Serve(int client) {
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(server_port_);
  bool open = connect(server, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  Pipe up{client, server, true};
  Pipe down{server, client, false};
  while (open && !stopping_) {
    pollfd both[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    if (poll(both, 2, kLookMs) < 0) break;
    if (both[0].revents != 0) open = Forward(up, Side::kClient);
    if (open && both[1].revents != 0) open = Forward(down, Side::kServer);
  }
  close(client);
  close(server);
}

// Whether the next message of the side may go through.
bool Cutter::MayPass(Side side) {
  std::atomic<int>& left = left_[side == Side::kClient ? 0 : 1];
  if (left < 0) return true;
  if (left.fetch_sub(1) > 0) return true;
  left = -1;
  cut_ = true;
  return false;
}

bool Cutter::Forward(Pipe& pipe, Side side) {
  char bytes[16384];
  const ssize_t got = recv(pipe.from, bytes, sizeof(bytes), 0);
  if (got <= 0) return false;
  pipe.buffer.append(bytes, static_cast<std::size_t>(got));
  while (const std::size_t size = pipe.Message()) {
    if (!MayPass(side)) return false;
    for (std::size_t sent = 0; sent < size;) {
      const ssize_t done = send(pipe.to, pipe.buffer.data() + sent, size - sent, MSG_NOSIGNAL);
      if (done <= 0) return false;
      sent += static_cast<std::size_t>(done);
    }
    pipe.buffer.erase(0, size);
    pipe.untyped = false;
  }
  return true;
}

}  // namespace tenon::testing
