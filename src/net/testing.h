// For tests: a server on a free loopback port that sends whatever bytes a test wants, also under
// TLS, and a resolver with made-up names.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "net/resolver.h"

namespace tenon::net {

// One accepted connection, with reads that end when the test does.
class HostileConnection {
 public:
  virtual ~HostileConnection() = default;
  // False when the client went away.
  virtual bool Send(std::string_view bytes) = 0;
  // Up to and including the empty line after a request's head; empty when the client went away.
  virtual std::string ReadHead() = 0;
  // Waits until the client closes, or the server stops.
  virtual void WaitForClose() = 0;
  virtual void Pause(std::chrono::milliseconds time) = 0;
};

class HostileServer {
 public:
  using Serve = std::function<void(HostileConnection&)>;

  // Plain.
  explicit HostileServer(Serve serve) : HostileServer(std::move(serve), "") {}
  // TLS with a certificate made here for `tls_name`, signed by itself.
  HostileServer(Serve serve, const std::string& tls_name);
  ~HostileServer();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string Url(std::string_view target = "/") const;
  [[nodiscard]] int connections() const { return connections_.load(); }
  // PEM of the certificate, in a file.
  [[nodiscard]] const std::string& certificate_file() const { return certificate_file_; }

 private:
  struct Tls;
  void Accept();

  Serve serve_;
  std::unique_ptr<Tls> tls_;
  std::string certificate_file_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  std::vector<std::thread> threads_;  // of connections; touched by the accepting thread only
  std::thread acceptor_;
};

class FakeResolver final : public Resolver {
 public:
  explicit FakeResolver(std::map<std::string, std::string> hosts) : hosts_(std::move(hosts)) {}
  Result<std::vector<Address>> Resolve(const std::string& host,
                                       std::chrono::milliseconds timeout) override;

 private:
  std::map<std::string, std::string> hosts_;  // name to address
};

}  // namespace tenon::net
