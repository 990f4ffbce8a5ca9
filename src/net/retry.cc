#include "net/retry.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

namespace tenon::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT". The two obsolete forms are not sent by anyone.
std::optional<Time> ParseHttpDate(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const auto month = std::ranges::find(kMonths, text.substr(8, 3));
  if (month == kMonths.end()) return std::nullopt;
  return ParseTime(fmt::format("{}-{:02}-{}T{}Z", text.substr(12, 4),
                               std::distance(kMonths.begin(), month) + 1, text.substr(5, 2),
                               text.substr(17, 8)));
}

bool MayRepeat(const Request& request) {
  constexpr std::array<std::string_view, 5> kIdempotent = {"GET", "HEAD", "OPTIONS", "PUT",
                                                           "DELETE"};
  return request.repeatable || std::ranges::find(kIdempotent, request.method) != kIdempotent.end();
}

}  // namespace

milliseconds Backoff::Wait(int attempt, Random& random) const {
  milliseconds wait = std::min(first, max);
  for (int i = 1; i < attempt && wait < max; ++i) wait = std::min(wait * 2, max);
  const auto half = static_cast<std::uint64_t>(wait.count() / 2);
  return milliseconds(static_cast<std::int64_t>(half + random.Next() % (half + 1)));
}

std::optional<milliseconds> RetryAfter(const Response& response, Time now) {
  const auto value = Find(response.headers, "Retry-After");
  if (!value || value->empty()) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (problem == std::errc() && end == value->data() + value->size() && number >= 0) {
    return seconds(std::min<std::int64_t>(number, 365 * 86400));
  }
  const auto date = ParseHttpDate(*value);
  if (!date) return std::nullopt;
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(*date - now));
}

bool IsWorthRetrying(const Response& response) {
  constexpr std::array<int, 7> kStatuses = {408, 425, 429, 500, 502, 503, 504};
  return std::ranges::find(kStatuses, response.status) != kStatuses.end();
}

bool IsWorthRetrying(const Error& error) {
  return error.code == Code::kUnavailable || error.code == Code::kDeadline;
}

Result<Response> SendWithRetries(Client& client, const Request& request,
                                 const RetryOptions& options, const RetryDeps& deps) {
  for (int attempt = 1;; ++attempt) {
    auto response = client.Send(request);
    const bool again = response ? IsWorthRetrying(*response) : IsWorthRetrying(response.error());
    if (!again || !MayRepeat(request) || attempt >= options.attempts_max) return response;
    milliseconds wait = options.backoff.Wait(attempt, deps.random);
    if (response) {
      if (const auto asked = RetryAfter(*response, deps.clock.Now())) {
        if (*asked > options.retry_after_max) return response;
        wait = std::max(wait, *asked);
      }
    }
    if (deps.note) {
      deps.note(attempt,
                response ? fmt::format("status {}", response->status) : response.error().message,
                wait);
    }
    if (!deps.wait(wait)) return response;
  }
}

}  // namespace tenon::net
