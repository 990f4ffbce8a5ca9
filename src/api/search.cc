// GET /v1/search: text, filters and facets over every entity with `search` fields, in the whole
// tenant or among what the graph reaches from a node.
#include "api/search.h"

#include <fmt/format.h>

#include <iterator>
#include <unordered_map>
#include <utility>

#include "api/context.h"
#include "api/graph_request.h"
#include "api/query.h"
#include "base/json.h"
#include "base/limits.h"
#include "graph/export.h"
#include "graph/find.h"
#include "graph/walk.h"

namespace tenon {
namespace {

// Nodes that a search is made among; each is looked at.
constexpr std::size_t kAmongMax = 20000;

struct SearchParts {
  search::SearchService& search;
  GraphIndex& graph;
  Followers& followers;
};

using RowsByTable = std::unordered_map<std::string, std::vector<std::string>>;

Result<search::SearchParams> ReadParams(const http::Request& request) {
  search::SearchParams params;
  params.text = TextParameter(request, "q");
  params.entities = TRY(ListParameter(request, "entity"));
  params.filter = TextParameter(request, "filter");
  params.facets = TRY(ListParameter(request, "facets"));
  params.fields = TRY(ListParameter(request, "fields"));
  params.rows = TRY(BoolParameter(request, "rows", true));
  params.highlight = TRY(BoolParameter(request, "highlight", true));
  params.consistent = TRY(BoolParameter(request, "consistent", false));
  params.page_size = static_cast<int>(
      TRY(IntParameter(request, "page_size", 1, search::kSearchPageMax, params.page_size)));
  params.page_token = TextParameter(request, "page_token");
  return params;
}

// Fills in the rows that the walk reaches, and what the answer says of it.
Result<void> ReadAmong(const SearchParts& parts, Engine& engine, const Exchange& exchange,
                       search::SearchParams& params, RowsByTable& rows) {
  const http::Request& request = exchange.request;
  const bool down = request.Query("downstream_of").has_value();
  if (!down && !request.Query("upstream_of")) {
    for (const char* name : {"depth", "types"}) {
      if (request.Query(name)) {
        return BadParameter(name, "is of a walk: give downstream_of or upstream_of too");
      }
    }
    return {};
  }
  const char* name = down ? "downstream_of" : "upstream_of";
  if (down && request.Query("upstream_of")) {
    return BadParameter("upstream_of", "and downstream_of cannot both be given");
  }
  const Direction direction = down ? Direction::kDownstream : Direction::kUpstream;
  GraphRequest asked = TRY(ReadGraphRequest(exchange, {.direction = direction, .depth = {}}));
  asked.limits.nodes_max = kAmongMax;
  if (asked.consistent || !parts.followers.started()) {
    TRY(parts.followers.WaitFor("graph", limits::kReadDeadline));
  }
  const std::string text = TextParameter(request, name);
  if (text.empty()) return BadParameter(name, "names a node of the graph");
  const Uuid& tenant = exchange.caller.tenant;
  const NodeQuery query = TRY(
      ReadNodeQuery(engine.store(), parts.graph.sources(), tenant, text, asked.filter.may_read));
  params.among_name = fmt::format("{} {} {} {}", name, text, TextParameter(request, "depth"),
                                  TextParameter(request, "types"));
  params.among = &rows;
  return parts.graph.Read(tenant, asked.limits.deadline, [&](GraphView& view) -> Result<void> {
    asked.limits.rest = [&view] { view.Rest(); };
    const Graph& graph = view.graph();
    const NodeNumber start = TRY(FindNode(graph, query, asked.filter.may_read));
    const Reached reached = ReachAll(graph, start, asked.filter, asked.limits);
    for (const NodeNumber node : reached.nodes) {
      if (node == start) continue;
      const NodeSource& source = *graph.node_class(graph.ClassOf(node)).source;
      rows[source.entity->table].push_back(graph.KeyText(node));
    }
    params.among_answer = "{\"node\":";
    AppendNodeJson(graph, start, std::nullopt, params.among_answer);
    fmt::format_to(std::back_inserter(params.among_answer), ",\"direction\":\"{}\",\"nodes\":{},",
                   NameOf(direction), reached.nodes.size() - 1);
    AppendPartial(reached.partial, params.among_answer);
    params.among_answer += '}';
    return {};
  });
}

Result<std::string> Search(const SearchParts& parts, Engine& engine, const Exchange& exchange) {
  search::SearchParams params = TRY(ReadParams(exchange.request));
  params.consistent = params.consistent || !parts.followers.started();
  RowsByTable rows;
  TRY(ReadAmong(parts, engine, exchange, params, rows));
  return parts.search.Search(exchange.caller, params);
}

}  // namespace

std::vector<Route> SearchRoutes(search::SearchService& search, GraphIndex& graph,
                                Followers& followers) {
  const SearchParts parts{search, graph, followers};
  return {{"GET",
           "/v1/search",
           Access::kCaller,
           Where::kPool,
           [parts](const ApiContext& api, const ExchangePtr& exchange) {
             auto answer = Search(parts, api.engine, *exchange);
             if (!answer) return exchange->Fail(answer.error());
             exchange->SendJson(200, std::move(*answer));
           },
           {"q", "entity", "filter", "facets", "fields", "rows", "highlight", "consistent",
            "page_size", "page_token", "downstream_of", "upstream_of", "depth", "types"}}};
}

}  // namespace tenon
