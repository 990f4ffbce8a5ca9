// A real `tenon serve` on a free port and a temporary data directory, for benchmarks.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace tenon::bench {

class ServerProcess {
 public:
  // `binary` is build/tenon; `data` is made when it is missing and stays.
  static Result<ServerProcess> Start(const std::string& binary, const std::string& data);
  ServerProcess(ServerProcess&& other) noexcept;
  ServerProcess& operator=(ServerProcess&&) = delete;
  ~ServerProcess();  // as Stop

  void Stop();  // SIGTERM, and waits
  void Kill();  // SIGKILL, and waits

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] const std::string& key() const { return key_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  // From fork to the first answered request.
  [[nodiscard]] std::chrono::microseconds start_time() const { return start_time_; }
  [[nodiscard]] std::int64_t ResidentBytes() const;

 private:
  ServerProcess() = default;
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
  std::string key_;
  std::chrono::microseconds start_time_{};
};

}  // namespace tenon::bench
