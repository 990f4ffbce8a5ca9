// Who follows the log on a node: the indexes that are kept from it, and the routes that ask them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/router.h"
#include "base/random.h"
#include "engine/engine.h"
#include "events/followers.h"
#include "graph/graph_index.h"
#include "search/follower.h"
#include "search/plan.h"
#include "search/service.h"

namespace tenon {

struct IndexOptions {
  GraphOptions graph;
  std::string directory;  // where an embedded search index keeps its file, search.db
  // SearchConfig::index.
  std::string search = "auto";
};

struct IndexDeps {
  Engine& engine;
  Random& random;
  std::function<void(std::string_view level, const std::string& message)> log = {};
};

// Thread-safe once open.
class Indexes {
 public:
  static Result<std::unique_ptr<Indexes>> Open(IndexDeps deps, const IndexOptions& options);
  ~Indexes();  // as Stop

  // Further followers are added to it before Start.
  [[nodiscard]] Followers& followers() { return followers_; }
  [[nodiscard]] GraphIndex& graph() { return graph_; }
  [[nodiscard]] search::SearchService& search() { return search_; }
  // Of the graph, search and the followers themselves.
  [[nodiscard]] std::vector<Route> Routes();
  void AppendMetrics(std::string& out);

  // Without it, whoever asks an index brings it up to date first.
  void Start();
  void Stop();

 private:
  using Plans = std::unique_ptr<const search::SearchPlans>;
  Indexes(const IndexDeps& deps, const IndexOptions& options, Plans plans,
          std::unique_ptr<search::SearchIndex> search_index);

  GraphIndex graph_;
  const Plans plans_;
  const std::unique_ptr<search::SearchIndex> search_index_;
  search::SearchFollower search_follower_;
  Followers followers_;
  search::SearchService search_;
};

}  // namespace tenon
