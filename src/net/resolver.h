// Names to addresses, with a time-out that the system's resolver does not have.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/address.h"

namespace tenon::net {

class Resolver {
 public:
  virtual ~Resolver() = default;
  // The addresses of a host, in the order to try them; at least one. kUnavailable when the name is
  // not known, kDeadline when there was no answer in time. Thread-safe.
  virtual Result<std::vector<Address>> Resolve(const std::string& host,
                                               std::chrono::milliseconds timeout) = 0;
};

// getaddrinfo on a thread of its own, which is left behind when it does not answer in time (the
// system's own time-outs end it). Addresses themselves are answered without a lookup.
class SystemResolver final : public Resolver {
 public:
  Result<std::vector<Address>> Resolve(const std::string& host,
                                       std::chrono::milliseconds timeout) override;
};

}  // namespace tenon::net
