#include "http/server.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "http/listener.h"
#include "http/tls.h"
#include "http/worker.h"

namespace tenon::http {
namespace {

class AsioServer final : public Server {
 public:
  AsioServer(ServerOptions options, Handler handler)
      : options_(std::move(options)), handler_(std::move(handler)) {}
  ~AsioServer() override { Stop(std::chrono::milliseconds(0)); }

  Result<> Listen() {
    if (options_.tls_certificate_file.empty() != options_.tls_key_file.empty()) {
      return Fail(Code::kInvalidArgument,
                  "TLS needs both a certificate file and a key file, or neither");
    }
    if (!options_.tls_key_file.empty()) {
      tls_ = TRY(MakeServerTls(options_.tls_certificate_file, options_.tls_key_file));
    }
    for (int n = 0; n < std::max(1, options_.threads); ++n) {
      workers_.push_back(std::make_unique<Worker>(options_, handler_, stats_, tls_.get()));
    }
    listener_ = std::make_unique<Listener>(options_, workers_, stats_);
    return listener_->Bind();
  }

  std::uint16_t port() const override { return listener_->port(); }
  const ServerStats& stats() const override { return stats_; }

  void Start() override {
    for (const auto& worker : workers_) worker->Start();
    listener_->Start();
  }

  void Together(const std::function<void()>& work) override {
    for (const auto& worker : workers_) worker->mailbox()->Hold();
    work();
    for (const auto& worker : workers_) worker->mailbox()->Release();
  }

  void Stop(std::chrono::milliseconds grace) override {
    if (workers_.empty() || std::exchange(stopped_, true)) return;
    if (listener_) listener_->Stop();
    for (const auto& worker : workers_) worker->BeginStop();
    const auto deadline = std::chrono::steady_clock::now() + grace;
    while (stats_.connections > 0 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    for (const auto& worker : workers_) worker->Join();
  }

 private:
  const ServerOptions options_;
  const Handler handler_;
  ServerStats stats_;
  std::unique_ptr<boost::asio::ssl::context> tls_;
  Listener::Workers workers_;
  std::unique_ptr<Listener> listener_;
  bool stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::Listen(ServerOptions options, Handler handler) {
  try {
    auto server = std::make_unique<AsioServer>(std::move(options), std::move(handler));
    TRY(server->Listen());
    return server;
  } catch (const std::exception& e) {  // no descriptors for an event loop
    return Fail(Code::kUnavailable, std::string("cannot start the HTTP server: ") + e.what());
  }
}

}  // namespace tenon::http
