// Writes what was delivered at least once exactly once: each with a key of its own, which is kept
// with the write in one transaction (engine/replay.h) and makes a second delivery change nothing.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace tenon::jobs {

struct Delivery {
  Command command;
  std::string key;  // the same for each delivery of the same thing, and for no other
};

struct Delivered {
  enum class Kind { kWritten, kUnchanged, kReplayed, kRefused };
  Kind kind = Kind::kWritten;
  Error error = {};  // of kRefused
};

// In order, on the bulk lane, many to a transaction; what the engine refuses for good is undone and
// said, the rest is written. An error is one that may pass (a store that is busy or away, a quota
// that is full: kUnavailable, kDeadline, kOutcomeUnknown, kTooManyRequests) or the caller's
// (kForbidden, kUnauthenticated): what comes before it may be written, and calling again is safe.
// `route` names the kind of delivery. Keys are kept for limits::kIdempotencyTtl.
Result<std::vector<Delivered>> WriteOnce(Engine& engine, const Caller& caller,
                                         std::string_view route,
                                         std::span<const Delivery> deliveries);

}  // namespace tenon::jobs
