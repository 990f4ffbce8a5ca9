#include "app/wire_followers.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "api/followers.h"
#include "api/graph.h"
#include "api/search.h"
#include "base/hash.h"
#include "search/postgres/postgres_index.h"
#include "search/sqlite/sqlite_index.h"

namespace tenon {
namespace {

FollowersOptions OptionsOf(const IndexDeps& deps) {
  FollowersOptions options;
  options.log = deps.log;
  return options;
}

Result<std::unique_ptr<search::SearchIndex>> OpenSearchIndex(const IndexDeps& deps,
                                                             const IndexOptions& options,
                                                             const search::SearchPlans& plans) {
  const bool shared = deps.engine.store().dialect() == Dialect::kPostgres;
  if (options.search == "postgres" && !shared) {
    return Fail(Code::kInvalidArgument, "search.index = postgres needs store = postgres");
  }
  if (shared && options.search != "embedded") {
    auto index =
        search::PostgresIndex::Open(deps.engine.store(), plans, ToHex(deps.random.Bytes(8)));
    if (index) return std::unique_ptr<search::SearchIndex>(*std::move(index));
    if (options.search == "postgres" || index.error().code != Code::kNotFound) {
      return Fail(std::move(index).error());
    }
    if (deps.log) {
      deps.log("warn", "searches run on an index in " + options.directory +
                           " of this node alone: " + index.error().message);
    }
  }
  return std::make_unique<search::SqliteIndex>(options.directory, plans);
}

}  // namespace

Indexes::Indexes(const IndexDeps& deps, const IndexOptions& options, Plans plans,
                 std::unique_ptr<search::SearchIndex> search_index)
    : graph_(deps.engine, options.graph),
      plans_(std::move(plans)),
      search_index_(std::move(search_index)),
      search_follower_(deps.engine.store(), deps.engine.model(), *plans_, *search_index_),
      followers_({deps.engine, deps.random}, OptionsOf(deps)),
      search_(deps.engine, *plans_, *search_index_, [this](std::chrono::milliseconds patience) {
        return followers_.WaitFor("search", patience);
      }) {
  followers_.Add(graph_);
  followers_.Add(search_follower_);
}

Indexes::~Indexes() { Stop(); }

Result<std::unique_ptr<Indexes>> Indexes::Open(IndexDeps deps, const IndexOptions& options) {
  auto plans = std::make_unique<const search::SearchPlans>(
      TRY(search::SearchPlans::Of(deps.engine.model())));
  auto index = TRY(OpenSearchIndex(deps, options, *plans));
  return std::unique_ptr<Indexes>(new Indexes(deps, options, std::move(plans), std::move(index)));
}

std::vector<Route> Indexes::Routes() {
  std::vector<Route> routes = GraphRoutes(graph_, followers_);
  for (Route& route : SearchRoutes(search_, graph_, followers_)) {
    routes.push_back(std::move(route));
  }
  for (Route& route : FollowerRoutes(followers_)) routes.push_back(std::move(route));
  return routes;
}

void Indexes::AppendMetrics(std::string& out) {
  followers_.AppendMetrics(out);
  graph_.AppendMetrics(out);
  const search::IndexStats stats = search_index_->Stats();
  const auto line = [&](std::string_view name, std::string_view help, std::int64_t value) {
    fmt::format_to(std::back_inserter(out), "# HELP {0} {1}\n# TYPE {0} gauge\n{0} {2}\n", name,
                   help, value);
  };
  line("tenon_search_documents", "Rows in the search index.", stats.documents);
  line("tenon_search_bytes", "Its size on disk.", stats.bytes);
}

void Indexes::Start() { followers_.Start(); }

void Indexes::Stop() {
  followers_.Stop();
  graph_.Stop();
  search_index_->Leave();
}

}  // namespace tenon
