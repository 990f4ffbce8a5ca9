// Decompression of bodies that come from strangers: bounded by what comes out, in bytes and as a
// multiple of what went in.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tenon::net {

struct InflateLimits {
  std::size_t bytes_max = 8u << 20;  // that come out
  // JSON shrinks to a tenth, logs to a fiftieth; deflate's own bound is 1,032.
  std::size_t ratio_max = 200;
  // Below this much output the ratio says nothing.
  std::size_t ratio_from_bytes = 1u << 20;
};

// gzip (RFC 1952, several members too), zlib (RFC 1950) and, as some servers mean by "deflate", raw
// deflate (RFC 1951); told apart by the first bytes. Not thread-safe.
class Inflater {
 public:
  explicit Inflater(InflateLimits limits);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Appends what `piece` decodes to. kTooLarge over a limit, kUnavailable for what is not
  // compressed data.
  Result<> Add(std::string_view piece, std::string& out);
  // kUnavailable when the data stopped before its end.
  Result<> Finish();

 private:
  struct State;
  Result<> Begin(std::string_view piece);
  std::unique_ptr<State> state_;
  const InflateLimits limits_;
};

}  // namespace tenon::net
