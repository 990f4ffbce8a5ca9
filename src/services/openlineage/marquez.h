// What the read API of Marquez (marquezproject.ai, API 0.50) answers, made from Tenon's rows:
// member names as Marquez prints them, so that its web page and its clients work. Only what came in
// as OpenLineage is shown: assets with metadata.openlineage. A dataset has one version, the present
// one; what has no counterpart is null or empty.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/caller.h"
#include "base/json.h"
#include "base/result.h"
#include "engine/engine.h"
#include "services/openlineage/bindings.h"
#include "services/openlineage/event.h"

namespace tenon::openlineage {

struct MarquezPage {
  int limit = 100;  // at most kMarquezLimitMax
  int offset = 0;
};
inline constexpr int kMarquezLimitMax = 1000;
// Nodes of one lineage graph: more is no picture any more, and the answer says nothing of it in
// Marquez's form. Use /v1/graph for the whole.
inline constexpr std::size_t kMarquezNodesMax = 2000;

struct EventQuery {
  std::optional<Time> after, before;
  bool descending = true;
  MarquezPage page;
};

// Thread-safe. Each call reads one snapshot; kForbidden when the caller may not read assets and
// runs, kNotFound when what the path names is not there.
class Marquez {
 public:
  Marquez(Engine& engine, const Bindings& bindings) : engine_(engine), bindings_(bindings) {}

  Result<json::object> Namespaces(const Caller& caller);
  Result<json::object> Namespace(const Caller& caller, const std::string& name);
  Result<json::object> Sources(const Caller& caller);
  Result<json::object> Tags(const Caller& caller);
  // An empty namespace: of all. `run_state`: only those whose latest run is in it ("RUNNING");
  // looks at kMarquezNodesMax jobs.
  Result<json::object> JobsByState(const Caller& caller, std::string_view run_state,
                                   MarquezPage page);
  Result<json::object> Jobs(const Caller& caller, const std::string& name_space, MarquezPage page);
  Result<json::object> Job(const Caller& caller, const Name& name);
  Result<json::object> Runs(const Caller& caller, const Name& job, MarquezPage page);
  Result<json::object> Run(const Caller& caller, const std::string& id);
  Result<json::object> RunFacets(const Caller& caller, const std::string& id,
                                 std::string_view type);
  Result<json::object> Datasets(const Caller& caller, const std::string& name_space,
                                MarquezPage page);
  Result<json::object> Dataset(const Caller& caller, const Name& name);
  Result<json::object> DatasetVersions(const Caller& caller, const Name& name);
  // `node`: "job:NAMESPACE:NAME" or "dataset:NAMESPACE:NAME".
  Result<json::object> Lineage(const Caller& caller, const std::string& node, int depth);
  // `node` as above or "datasetField:NAMESPACE:DATASET:FIELD".
  Result<json::object> ColumnLineage(const Caller& caller, const std::string& node, int depth,
                                     bool downstream);
  // `filter`: "JOB", "DATASET" or empty.
  Result<json::object> Search(const Caller& caller, const std::string& text,
                              const std::string& filter, const std::string& name_space, int limit);
  Result<std::string> Events(const Caller& caller, const EventQuery& query);
  // Counts by hour of the last day, or by day (of UTC) of the last week, oldest first: of "jobs",
  // "datasets" and "sources" how many there were, {startInterval, endInterval, count}; of
  // "lineage-events" how many came of each type, {.., start, complete, fail, abort}. kNotFound for
  // other things.
  enum class Period { kDay, kWeek };
  Result<json::array> Stats(const Caller& caller, std::string_view of, Period period);

 private:
  struct Snapshot;  // marquez_rows.h
  friend struct MarquezLists;
  friend struct MarquezStats;
  friend struct MarquezWalk;
  template <typename Work>
  auto Read(const Caller& caller, Work work) -> decltype(work(std::declval<Snapshot&>()));

  Engine& engine_;
  const Bindings bindings_;
};

}  // namespace tenon::openlineage
