#include "app/wire_followers.h"

#include <utility>

#include "api/followers.h"
#include "api/graph.h"

namespace tenon {
namespace {

FollowersOptions OptionsOf(const IndexDeps& deps) {
  FollowersOptions options;
  options.log = deps.log;
  return options;
}

}  // namespace

Indexes::Indexes(const IndexDeps& deps, const IndexOptions& options)
    : graph_(deps.engine, options.graph), followers_({deps.engine, deps.random}, OptionsOf(deps)) {
  followers_.Add(graph_);
}

Indexes::~Indexes() { Stop(); }

Result<std::unique_ptr<Indexes>> Indexes::Open(IndexDeps deps, const IndexOptions& options) {
  return std::unique_ptr<Indexes>(new Indexes(deps, options));
}

std::vector<Route> Indexes::Routes() {
  std::vector<Route> routes = GraphRoutes(graph_, followers_);
  for (Route& route : FollowerRoutes(followers_)) routes.push_back(std::move(route));
  return routes;
}

void Indexes::AppendMetrics(std::string& out) {
  followers_.AppendMetrics(out);
  graph_.AppendMetrics(out);
}

void Indexes::Start() { followers_.Start(); }

void Indexes::Stop() {
  followers_.Stop();
  graph_.Stop();
}

}  // namespace tenon
