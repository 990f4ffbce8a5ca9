// What the first page of Marquez's web page shows: how much there is, how much has come.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <utility>

#include "services/openlineage/marquez_rows.h"

namespace tenon::openlineage {
namespace {

struct Interval {
  Time start, end;
};

std::vector<Interval> IntervalsOf(Marquez::Period period, Time now) {
  const bool by_hour = period == Marquez::Period::kDay;
  const Duration length = by_hour ? std::chrono::hours(1) : std::chrono::hours(24);
  const int count = by_hour ? 24 : 7;
  const Time last = now - now.time_since_epoch() % length;
  std::vector<Interval> intervals;
  for (int back = count - 1; back >= 0; --back) {
    intervals.push_back({last - length * back, last - length * (back - 1)});
  }
  return intervals;
}

json::object Named(const Interval& interval) {
  return {{"startInterval", FormatTime(interval.start)}, {"endInterval", FormatTime(interval.end)}};
}

std::string Lower(std::string_view text) {
  std::string out;
  for (const char c : text) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

}  // namespace

// A friend's view of Snapshot, which is private to Marquez.
struct MarquezStats {
  using Snapshot = Marquez::Snapshot;

  static Result<json::array> Events(Snapshot& snapshot, const std::vector<Interval>& intervals) {
    json::array list;
    for (const Interval& interval : intervals) {
      json::object counts = Named(interval);
      for (const char* type : {"fail", "start", "complete", "abort"}) counts[type] = 0;
      const std::array<Value, 3> parameters = {Value(snapshot.caller.tenant), Value(interval.start),
                                               Value(interval.end)};
      TRY(snapshot.reader.Query(
          "SELECT event_type, count(*) FROM lineage_events WHERE tenant_id = $1 AND "
          "event_time >= $2 AND event_time < $3 AND event_type IS NOT NULL GROUP BY event_type",
          parameters, [&](const Row& row) -> Result<bool> {
            if (json::value* count = counts.if_contains(Lower(row.Text(0)))) *count = row.Int(1);
            return true;
          }));
      list.push_back(std::move(counts));
    }
    return list;
  }

  // How many there were at the end of each interval. `each`: SQL of one row for each thing, with
  // the time it was first known as `since`.
  static Result<json::array> Totals(Snapshot& snapshot, const std::vector<Interval>& intervals,
                                    const std::string& each) {
    json::array list;
    const Value tenant(snapshot.caller.tenant);
    const model::Type time{.kind = model::TypeKind::kTime};
    std::vector<std::int64_t> more(intervals.size());
    TRY(snapshot.reader.Query(each, std::span(&tenant, 1), [&](const Row& row) -> Result<bool> {
      const Time since = TRY(row.Get(0, time)).As<Time>();
      std::size_t at = 0;
      while (at < intervals.size() && since >= intervals[at].end) ++at;
      if (at < intervals.size()) ++more[at];
      return true;
    }));
    std::int64_t total = 0;
    for (std::size_t i = 0; i < intervals.size(); ++i) {
      json::object count = Named(intervals[i]);
      count["count"] = total += more[i];
      list.push_back(std::move(count));
    }
    return list;
  }
};

Result<json::array> Marquez::Stats(const Caller& caller, std::string_view of, Period period) {
  const std::vector<Interval> intervals = IntervalsOf(period, engine_.clock().Now());
  return Read(caller, [&](Snapshot& snapshot) -> Result<json::array> {
    if (of == "lineage-events") return MarquezStats::Events(snapshot, intervals);
    const std::string source = snapshot.Known("facets.dataSource.name");
    const std::string from = " FROM assets WHERE tenant_id = $1 AND deleted_at IS NULL AND ";
    const std::string known = snapshot.Known("namespace") + " IS NOT NULL";
    if (of == "jobs") {
      return MarquezStats::Totals(snapshot, intervals,
                                  "SELECT created_at" + from + "type = 'JOB' AND " + known);
    }
    if (of == "datasets") {
      return MarquezStats::Totals(snapshot, intervals,
                                  "SELECT created_at" + from + "type <> 'JOB' AND " + known);
    }
    if (of == "sources") {
      return MarquezStats::Totals(
          snapshot, intervals,
          fmt::format("SELECT min(created_at){}{} IS NOT NULL GROUP BY {}", from, source, source));
    }
    return Fail(Code::kNotFound,
                fmt::format("there are no stats of {}; there are of lineage-events, jobs, datasets "
                            "and sources",
                            of.substr(0, 100)));
  });
}

Result<json::object> Marquez::JobsByState(const Caller& caller, std::string_view run_state,
                                          MarquezPage page) {
  json::object all = TRY(Jobs(caller, "", {.limit = static_cast<int>(kMarquezNodesMax)}));
  json::array found;
  std::int64_t total = 0;
  for (json::value& job : all.at("jobs").as_array()) {
    const json::value& run = job.at("latestRun");
    if (!run.is_object() || run.at("state").as_string() != run_state) continue;
    if (total >= page.offset && static_cast<int>(found.size()) < page.limit) {
      found.push_back(std::move(job));
    }
    ++total;
  }
  return json::object{{"jobs", std::move(found)}, {"totalCount", total}};
}

}  // namespace tenon::openlineage
