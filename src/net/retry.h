// Sending again: which failures are worth it, and how long to wait.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "net/client.h"

namespace tenon::net {

struct Backoff {
  std::chrono::milliseconds first{500};
  std::chrono::milliseconds max{60000};
  // Full jitter: anything from half of the doubled wait to all of it, so that many who failed
  // together do not come back together. `attempt` counts from 1.
  [[nodiscard]] std::chrono::milliseconds Wait(int attempt, Random& random) const;
};

// Retry-After as seconds or as a date (RFC 9110, 10.2.3), from `now`; nullopt when there is none
// that can be read.
std::optional<std::chrono::milliseconds> RetryAfter(const Response& response, Time now);

// Whether the same request may do better later: 408, 425, 429, 500, 502, 503, 504.
bool IsWorthRetrying(const Response& response);
// kUnavailable, kDeadline; not kForbidden, kInvalidArgument, kTooLarge, kOutcomeUnknown.
bool IsWorthRetrying(const Error& error);

struct RetryOptions {
  int attempts_max = 5;
  Backoff backoff;
  // A server that asks for a longer wait than this is taken at its word and not asked again: the
  // answer comes back as it is.
  std::chrono::milliseconds retry_after_max{120000};
};

struct RetryDeps {
  Clock& clock;
  Random& random;
  // Waits; false when the work was cancelled meanwhile.
  std::function<bool(std::chrono::milliseconds)> wait;
  // Told of every failure that is followed by another attempt; may be null.
  std::function<void(int attempt, std::string_view why, std::chrono::milliseconds wait)> note = {};
};

// Sends until an answer is not worth retrying or the attempts are used up. The last answer or error
// is the result, whatever it is. Requests that may have an effect are sent once unless
// `repeatable`.
Result<Response> SendWithRetries(Client& client, const Request& request,
                                 const RetryOptions& options, const RetryDeps& deps);

}  // namespace tenon::net
