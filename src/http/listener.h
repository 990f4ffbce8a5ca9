// Binds the port and accepts: connections go to the workers in turn. When the process has no file
// descriptors left it answers 503 with one kept in reserve and tries again later, without spinning.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/server.h"
#include "http/worker.h"

namespace tenon::http {

class Listener {
 public:
  using Workers = std::vector<std::unique_ptr<Worker>>;

  // Accepts on the first worker's thread. `workers` must outlive the listener.
  Listener(const ServerOptions& options, Workers& workers, ServerStats& stats);
  ~Listener();

  // kInvalidArgument for a host that does not resolve; kUnavailable when the port is taken.
  Result<> Bind();
  [[nodiscard]] std::uint16_t port() const { return port_; }

  // Accepts from now on.
  void Start();
  // From any thread but the workers'. When it returns, no connection is accepted any more, and
  // those that were are with their workers.
  void Stop();

 private:
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp,
                                                      boost::asio::io_context::executor_type>;
  Result<> BindTo(const boost::asio::ip::tcp::endpoint& endpoint);
  void Accept();
  void OnAccept(Worker& worker, const boost::system::error_code& ec, Socket socket);
  void PauseWithoutDescriptors();
  void RefuseWithReserve();
  void OpenReserve();
  static void SendRefusal(int fd, std::string_view reason);

  const ServerOptions& options_;
  Workers& workers_;
  ServerStats& stats_;
  Acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::uint16_t port_ = 0;
  std::size_t next_ = 0;
  int reserve_ = -1;  // a descriptor to give up when there are no others
  bool started_ = false;
};

}  // namespace tenon::http
