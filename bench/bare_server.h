// The limit that HTTP figures are held against: Boost.Beast, used as its own examples do, answering
// every request with one constant body and nothing behind it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace tenon::bench {

class BareServer {
 public:
  // Listens on a free port of 127.0.0.1 and serves on one thread, until destroyed.
  explicit BareServer(std::string body);
  ~BareServer();
  BareServer(const BareServer&) = delete;
  BareServer& operator=(const BareServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// About 600 bytes of JSON such as a record has.
std::string ConstantBody();

}  // namespace tenon::bench
