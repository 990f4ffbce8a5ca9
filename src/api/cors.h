// Cross-origin requests of browsers (Fetch, 3.2). Off unless origins are configured.
#pragma once

#include <string>
#include <vector>

#include "http/message.h"

namespace tenon {

// Immutable; thread-safe.
class Cors {
 public:
  explicit Cors(std::vector<std::string> origins) : origins_(std::move(origins)) {}

  // True for an OPTIONS request that asks before another one.
  [[nodiscard]] static bool IsPreflight(const http::Request& request);
  [[nodiscard]] http::Response Preflight(const http::Request& request) const;
  // Adds what lets the page read the answer, when its origin is configured.
  void Allow(const http::Request& request, http::Response& response) const;

 private:
  [[nodiscard]] bool Knows(std::string_view origin) const;
  std::vector<std::string> origins_;
};

}  // namespace tenon
