// What a follower shows of itself: in /metrics, GET /v1/followers and `tenon doctor`.
#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "events/running.h"

namespace tenon {
namespace {

const Scope kEverywhere{.tenant = {}, .across_tenants = true};
// Later than this, it is called behind.
constexpr double kBehindSeconds = 5;

}  // namespace

FollowerStatus Followers::StatusOf(Running& running) {
  FollowerStatus status;
  bool failing = false, rebuilding = false, stopped = false;
  {
    const std::lock_guard lock(running.mutex);
    status.position = running.position;
    status.rows_total = running.rows_total;
    status.failures_total = running.failures_total;
    status.rebuilds_total = running.rebuilds_total;
    status.rebuild_done = running.rebuild_done;
    status.rebuild_total = running.rebuild_total;
    status.last_error = running.last_error;
    status.last_error_at = running.last_error_at;
    failing = running.failing;
    rebuilding = running.rebuilding || running.rebuild_wanted;
    stopped = running.stopped;
  }
  status.name = running.traits.name;
  status.description = running.traits.description;
  status.lag_rows = std::max<std::int64_t>(0, engine_.log().Last() - status.position);
  if (status.lag_rows > 0) {
    ReadLog read;
    read.after = status.position;
    read.limit = 1;
    static_cast<void>(engine_.store().Read(kEverywhere, [&](Reader& reader) -> Result<void> {
      for (const LogEntry& first : TRY(Log::Read(reader, read))) {
        const Duration age = engine_.clock().Now() - first.timestamp;
        status.lag_seconds = std::max(0.0, static_cast<double>(age.count()) / 1e6);
      }
      return {};
    }));
  }
  status.state = stopped                               ? "stopped"
                 : rebuilding                          ? "rebuilding"
                 : failing                             ? "failing"
                 : status.lag_seconds > kBehindSeconds ? "behind"
                                                       : "following";
  return status;
}

Result<FollowerStatus> Followers::Status(std::string_view name) {
  Running* running = Find(name);
  if (running == nullptr) return Fail(Unknown(name));
  return StatusOf(*running);
}

std::vector<FollowerStatus> Followers::Statuses() {
  std::vector<FollowerStatus> statuses;
  for (auto& running : running_) statuses.push_back(StatusOf(*running));
  return statuses;
}

void Followers::AppendMetrics(std::string& out) {
  if (running_.empty()) return;
  const std::vector<FollowerStatus> statuses = Statuses();
  const auto family = [&](std::string_view name, std::string_view type, std::string_view help,
                          auto value) {
    fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
    for (const FollowerStatus& status : statuses) {
      fmt::format_to(std::back_inserter(out), "{}{{follower=\"{}\"}} {}\n", name, status.name,
                     value(status));
    }
  };
  family("tenon_follower_position", "gauge", "Last position of the log that a follower has done.",
         [](const FollowerStatus& s) { return s.position; });
  family("tenon_follower_lag_rows", "gauge", "Log rows that a follower has yet to do.",
         [](const FollowerStatus& s) { return s.lag_rows; });
  family("tenon_follower_lag_seconds", "gauge", "Age of the first row that it has yet to do.",
         [](const FollowerStatus& s) { return s.lag_seconds; });
  family("tenon_follower_rows_total", "counter", "Log rows that a follower applied.",
         [](const FollowerStatus& s) { return s.rows_total; });
  family("tenon_follower_failures_total", "counter", "Pages that a follower could not apply.",
         [](const FollowerStatus& s) { return s.failures_total; });
  family("tenon_follower_up", "gauge", "0 while a follower fails or is being built anew.",
         [](const FollowerStatus& s) {
           return s.state == "following" || s.state == "behind" ? 1 : 0;
         });
}

}  // namespace tenon
