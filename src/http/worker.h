// One I/O thread: its event loop, its connections and their clock.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <unordered_set>

#include "http/connection.h"
#include "http/exchange.h"
#include "http/response_head.h"
#include "http/server.h"

namespace tenon::http {

class Worker {
 public:
  // Time-outs are checked by one timer a thread, not by one a connection that every request would
  // re-arm.
  static constexpr std::chrono::milliseconds kTick{250};

  // `handler` and `stats` must outlive the worker; `tls` may be null.
  Worker(const ServerOptions& options, const Handler& handler, ServerStats& stats,
         boost::asio::ssl::context* tls);
  ~Worker();

  void Start();  // the thread
  // From any thread: ends the loop, closing what is still open, and waits for the thread.
  void Join();

  // From any thread: serves a socket that was accepted on context().
  void Serve(Socket socket, std::string remote_address);
  // From any thread: see Connection::BeginStop and Close, for all connections.
  void BeginStop();
  void CloseAll();

  [[nodiscard]] boost::asio::io_context& context() { return context_; }

  // What follows is for connections, on the worker's thread.
  void Add(Connection* connection);
  void Remove(Connection* connection);
  [[nodiscard]] const ServerOptions& options() const { return options_; }
  [[nodiscard]] const Handler& handler() const { return handler_; }
  [[nodiscard]] ServerStats& stats() { return stats_; }
  [[nodiscard]] const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }
  [[nodiscard]] std::int64_t tick() const { return tick_; }
  [[nodiscard]] std::string_view Date() { return date_.Now(); }

 private:
  void Run();
  void ScheduleTick();
  void OnTick();
  void TakeDeliveries();
  void ForEach(const std::function<void(Connection&)>& call);

  const ServerOptions& options_;
  const Handler& handler_;
  ServerStats& stats_;
  boost::asio::ssl::context* const tls_;
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<Mailbox> mailbox_;
  std::unordered_set<Connection*> connections_;
  DateCache date_;
  std::int64_t tick_ = 1;
  bool ticking_ = false;  // the timer runs only while there are connections
  bool stopping_ = false, closing_ = false;
  std::thread thread_;
};

}  // namespace tenon::http
