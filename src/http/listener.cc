#include "http/listener.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <utility>

#include "http/problem.h"
#include "http/response_head.h"

namespace tenon::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds kPause{100};
constexpr int kRefusalsPerPause = 64;

bool IsOutOfResources(const error_code& ec) {
  return ec == asio::error::no_descriptors || ec == asio::error::no_buffer_space ||
         ec == asio::error::no_memory || ec == boost::system::errc::too_many_files_open_in_system;
}

// A program that this one starts must not hold its sockets open.
void CloseOnExec(int fd) { ::fcntl(fd, F_SETFD, FD_CLOEXEC); }

std::string AddressText(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

}  // namespace

Listener::Listener(const ServerOptions& options, Workers& workers, ServerStats& stats)
    : options_(options),
      workers_(workers),
      stats_(stats),
      acceptor_(workers.front()->context()),
      pause_(workers.front()->context()) {
  OpenReserve();
}

Listener::~Listener() {
  if (reserve_ >= 0) ::close(reserve_);
}

Result<> Listener::Bind() {
  error_code ec;
  tcp::resolver resolver(workers_.front()->context());
  const auto found =
      resolver.resolve(options_.host, std::to_string(options_.port), tcp::resolver::passive, ec);
  if (ec || found.empty()) {
    return Fail(Code::kInvalidArgument,
                fmt::format("cannot listen on {}: {}", options_.host, ec.message()));
  }
  // A name such as localhost has several addresses; people type 127.0.0.1 for it.
  const auto v4 = std::find_if(found.begin(), found.end(), [](const auto& entry) {
    return entry.endpoint().address().is_v4();
  });
  return BindTo(v4 != found.end() ? v4->endpoint() : found.begin()->endpoint());
}

Result<> Listener::BindTo(const tcp::endpoint& endpoint) {
  error_code ec;
  acceptor_.open(endpoint.protocol(), ec);
  if (!ec) CloseOnExec(acceptor_.native_handle());
  if (!ec) acceptor_.set_option(Acceptor::reuse_address(true), ec);
  if (!ec && endpoint.address().is_v6()) {
    acceptor_.set_option(asio::ip::v6_only(false), ec);
  }
  if (!ec) acceptor_.bind(endpoint, ec);
  if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
  if (!ec) {
    port_ = acceptor_.local_endpoint(ec).port();
    return {};
  }
  const std::string where = fmt::format("{}:{}", options_.host, options_.port);
  if (ec == asio::error::address_in_use) {
    return Fail(
        Code::kUnavailable,
        fmt::format("cannot listen on {}: the port is in use; stop the program that has it, "
                    "or choose another with --listen HOST:PORT",
                    where));
  }
  if (ec == asio::error::access_denied) {
    return Fail(
        Code::kUnavailable,
        fmt::format("cannot listen on {}: permission denied; ports under 1024 need root", where));
  }
  return Fail(Code::kUnavailable, fmt::format("cannot listen on {}: {}", where, ec.message()));
}

void Listener::Start() {
  started_ = true;
  asio::post(acceptor_.get_executor(), [this] { Accept(); });
}

void Listener::Stop() {
  error_code ec;
  if (!std::exchange(started_, false)) {
    acceptor_.close(ec);
    return;
  }
  std::promise<void> closed;
  asio::post(acceptor_.get_executor(), [this, &closed] {
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    // Behind the handler of an accept that had already succeeded.
    asio::post(acceptor_.get_executor(), [&closed] { closed.set_value(); });
  });
  closed.get_future().wait();
}

void Listener::Accept() {
  if (!acceptor_.is_open()) return;
  Worker& worker = *workers_[next_++ % workers_.size()];
  acceptor_.async_accept(worker.context(), [this, &worker](const error_code& ec, Socket socket) {
    OnAccept(worker, ec, std::move(socket));
  });
}

void Listener::OnAccept(Worker& worker, const error_code& ec, Socket socket) {
  if (ec == asio::error::operation_aborted) return;
  if (IsOutOfResources(ec)) return PauseWithoutDescriptors();
  if (!ec) {
    CloseOnExec(socket.native_handle());
    error_code gone;
    const auto peer = socket.remote_endpoint(gone);
    if (stats_.connections.load() >= options_.connections_max) {
      ++stats_.refused_total;
      if (options_.tls_key_file.empty()) {
        SendRefusal(socket.native_handle(), "too many connections; try again later");
      }
    } else if (!gone) {
      ++stats_.connections;
      ++stats_.connections_total;
      worker.Serve(std::move(socket), AddressText(peer.address()));
    }
  }
  Accept();  // other errors are of the one connection: it was reset before it was accepted
}

void Listener::PauseWithoutDescriptors() {
  if (!acceptor_.is_open()) return;
  RefuseWithReserve();
  pause_.expires_after(kPause);
  pause_.async_wait([this](const error_code& ec) {
    if (!ec) Accept();
  });
}

// Gives up the reserve so that waiting clients get an answer rather than silence.
void Listener::RefuseWithReserve() {
  for (int n = 0; n < kRefusalsPerPause && reserve_ >= 0; ++n) {
    ::close(std::exchange(reserve_, -1));
    const int fd = ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK);
    if (fd >= 0) {
      ++stats_.refused_total;
      if (options_.tls_key_file.empty()) {
        SendRefusal(fd, "no file descriptors are left; try again later");
      }
      ::close(fd);
    }
    OpenReserve();
    if (fd < 0) return;
  }
  if (reserve_ < 0) OpenReserve();
}

void Listener::OpenReserve() { reserve_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

void Listener::SendRefusal(int fd, std::string_view reason) {
  Response response = ProblemResponse({503, std::string(reason)});
  response.headers.Add("Retry-After", "1");
  std::string out;
  DateCache date;
  (void)AppendHead(response, {.keep_alive = false, .content_length = response.body.size()},
                   date.Now(), out);
  out += response.body;
  // What has arrived is read first: closing with unread bytes would reset the answer away.
  std::array<char, 4096> unread;
  while (::recv(fd, unread.data(), unread.size(), MSG_DONTWAIT) > 0) {
  }
  (void)::send(fd, out.data(), out.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  ::shutdown(fd, SHUT_WR);
}

}  // namespace tenon::http
