// W3C Trace Context: the ids that tie a request to the logs of all who took part in it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/random.h"

namespace tenon {

// Held as the text of its header, in place: every request has one.
class Trace {
 public:
  // "00-TRACE-SPAN-FLAGS", as it is echoed and passed on.
  [[nodiscard]] std::string_view Header() const { return {text_.data(), text_.size()}; }
  [[nodiscard]] std::string_view trace_id() const { return Header().substr(3, 32); }
  [[nodiscard]] std::string_view span_id() const { return Header().substr(36, 16); }

 private:
  friend class Tracer;
  std::array<char, 55> text_{};
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
