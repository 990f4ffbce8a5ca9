#include "http/worker.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>
#include <vector>

namespace tenon::http {

namespace asio = boost::asio;

Worker::Worker(const ServerOptions& options, const Handler& handler, ServerStats& stats,
               asio::ssl::context* tls)
    : options_(options),
      handler_(handler),
      stats_(stats),
      tls_(tls),
      context_(BOOST_ASIO_CONCURRENCY_HINT_1),
      guard_(asio::make_work_guard(context_)),
      timer_(context_),
      mailbox_(std::make_shared<Mailbox>(
          [this] { asio::post(context_, [this] { TakeDeliveries(); }); })) {}

Worker::~Worker() { Join(); }

void Worker::Start() {
  thread_ = std::thread([this] {
    mailbox_->set_owner(std::this_thread::get_id());
    Run();
  });
}

void Worker::Run() {
  for (;;) {
    try {
      context_.run();
      return;
    } catch (const std::exception&) {
      // Out of memory in the middle of an operation: its connection will meet its deadline, the
      // others go on.
    }
  }
}

void Worker::Join() {
  mailbox_->Close();
  if (thread_.joinable()) {
    CloseAll();
    guard_.reset();
    thread_.join();
  }
  mailbox_->set_owner({});
}

void Worker::Serve(Socket socket, std::string remote_address) {
  asio::post(context_, [this, socket = std::move(socket),
                        remote_address = std::move(remote_address)]() mutable {
    const auto connection =
        std::make_shared<Connection>(*this, std::move(socket), std::move(remote_address), tls_);
    connection->Start();
    if (stopping_) connection->BeginStop();
    if (closing_) connection->Close();
  });
}

void Worker::BeginStop() {
  asio::post(context_, [this] {
    stopping_ = true;
    ForEach([](Connection& connection) { connection.BeginStop(); });
  });
}

void Worker::CloseAll() {
  asio::post(context_, [this] {
    closing_ = true;
    timer_.cancel();  // or the loop would not end before its next tick
    ForEach([](Connection& connection) { connection.Close(); });
  });
}

void Worker::ForEach(const std::function<void(Connection&)>& call) {
  // A copy, and references: a call may close its connection and so change the set.
  std::vector<std::shared_ptr<Connection>> all;
  all.reserve(connections_.size());
  for (Connection* connection : connections_) all.push_back(connection->shared_from_this());
  for (const auto& connection : all) call(*connection);
}

void Worker::Add(Connection* connection) {
  connections_.insert(connection);
  if (!ticking_ && !closing_) ScheduleTick();
}

void Worker::Remove(Connection* connection) {
  connections_.erase(connection);
  --stats_.connections;
}

void Worker::ScheduleTick() {
  ticking_ = true;
  timer_.expires_after(kTick);
  timer_.async_wait([this](const boost::system::error_code& ec) {
    if (!ec) OnTick();
  });
}

void Worker::OnTick() {
  ++tick_;
  ForEach([this](Connection& connection) { connection.CheckDeadline(tick_); });
  // Without connections the process sleeps.
  if (connections_.empty() || closing_) {
    ticking_ = false;
  } else {
    ScheduleTick();
  }
}

void Worker::TakeDeliveries() {
  for (Mailbox::Item& item : mailbox_->Take()) {
    if (auto* task = std::get_if<Executor::Task>(&item)) {
      std::exchange(*task, nullptr)();
    } else {
      auto& delivery = std::get<Delivery>(item);
      if (const auto connection = delivery.to.lock()) connection->Receive(std::move(delivery));
    }
  }
}

}  // namespace tenon::http
