#include "services/jobs/job_lines.h"

#include <array>
#include <boost/json/serialize.hpp>
#include <utility>

namespace tenon::jobs {
namespace {

constexpr std::size_t kFlushLines = 200;
constexpr std::string_view kLast =
    "SELECT COALESCE(MAX(n), 0) FROM migration_job_lines WHERE tenant_id = $1 AND job_id = $2 AND "
    "kind = $3";
constexpr std::string_view kInsert =
    "INSERT INTO migration_job_lines (tenant_id, job_id, kind, n, at, line) VALUES ($1, $2, $3, "
    "$4, $5, $6)";
constexpr std::string_view kRead =
    "SELECT n, line FROM migration_job_lines WHERE tenant_id = $1 AND job_id = $2 AND kind = $3 "
    "AND n > $4 ORDER BY n LIMIT $5";

Scope ScopeOf(const Uuid& tenant) { return {.tenant = tenant, .across_tenants = true}; }

std::int64_t LastLine(Store& store, const Uuid& tenant, const std::string& job,
                      std::string_view kind) {
  std::int64_t last = 0;
  const std::array<Value, 3> parameters = {Value(tenant), Value(job), Value(kind)};
  const auto read = store.Read(ScopeOf(tenant), [&](Reader& reader) {
    return reader.Query(kLast, parameters, [&](const Row& row) -> Result<bool> {
      last = row.Int(0);
      return false;
    });
  });
  return read ? last : 0;
}

}  // namespace

JobLines::JobLines(Store& store, Clock& clock, const Uuid& tenant, std::string job)
    : store_(store), clock_(clock), tenant_(tenant), job_(std::move(job)) {
  logs_ = LastLine(store_, tenant_, job_, "log");
  rejects_ = LastLine(store_, tenant_, job_, "reject");
}

void JobLines::Add(std::string_view kind, std::int64_t& n, std::int64_t most, json::object line) {
  if (n > most) return;
  const Time now = clock_.Now();
  if (++n > most) {
    line = {{"message", "there were more, which are only counted"}};
  }
  line["at"] = FormatTime(now);
  lines_.push_back({kind, n, now, json::value(std::move(line))});
  if (lines_.size() >= kFlushLines) Flush();
}

void JobLines::Log(std::string_view level, const std::string& message) {
  Add("log", logs_, kLogMax, {{"level", level}, {"message", message}});
}

void JobLines::Reject(json::object reject) {
  Add("reject", rejects_, kRejectsMax, std::move(reject));
}

void JobLines::Flush() {
  const std::vector<Line> lines = std::exchange(lines_, {});
  if (lines.empty()) return;
  (void)store_.Write(
      ScopeOf(tenant_),
      [&](Transaction& transaction) -> Result<void> {
        for (const Line& line : lines) {
          const std::array<Value, 6> parameters = {Value(tenant_),   Value(job_),
                                                   Value(line.kind), Value(line.n),
                                                   Value(line.at),   Value::Json(line.line)};
          TRY(transaction.Execute(kInsert, parameters));
        }
        return {};
      },
      Lane::kBulk);
}

Result<json::object> ReadJobLines(Store& store, const Uuid& tenant, const std::string& job,
                                  std::string_view kind, std::int64_t after, std::int64_t limit) {
  json::array items;
  std::int64_t last = after;
  const std::array<Value, 5> parameters = {Value(tenant), Value(job), Value(kind), Value(after),
                                           Value(limit)};
  TRY(store.Read(ScopeOf(tenant), [&](Reader& reader) {
    items.clear();
    return reader.Query(kRead, parameters, [&](const Row& row) -> Result<bool> {
      last = row.Int(0);
      json::value line = TRY(ParseJson(row.Text(1)));
      if (line.is_object()) line.as_object()["n"] = last;
      items.push_back(std::move(line));
      return true;
    });
  }));
  json::object page;
  const bool more = static_cast<std::int64_t>(items.size()) == limit;
  page["items"] = std::move(items);
  if (more) page["next"] = last;
  return page;
}

}  // namespace tenon::jobs
