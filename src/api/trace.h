// W3C Trace Context: the ids that tie a request to the logs of all who took part in it.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"

namespace tenon {

struct Trace {
  std::string trace_id;   // 32 hex digits
  std::string parent_id;  // 16 hex digits of the caller's span, or empty
  std::string span_id;    // 16 hex digits: this server's span
  bool sampled = true;

  // "00-TRACE-SPAN-FLAGS", as it is echoed and passed on.
  [[nodiscard]] std::string Header() const;
};

// Makes span ids, and trace ids for requests without one. Ids are unlikely to meet, not secret: a
// counter that starts at random and is mixed is enough, and costs nanoseconds. Thread-safe.
class Tracer {
 public:
  explicit Tracer(Random& random) : seed_(random.Next()), next_(random.Next()) {}

  // From a `traceparent` header (empty, malformed or of all zeros: a new trace begins).
  Trace Begin(std::string_view traceparent);

 private:
  std::uint64_t Mixed();
  std::uint64_t seed_;
  std::atomic<std::uint64_t> next_;
};

}  // namespace tenon
