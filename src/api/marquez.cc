#include "api/marquez.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <string>
#include <utility>

#include "api/context.h"
#include "base/text.h"
#include "http/url.h"

namespace tenon {
namespace {

using openlineage::EventQuery;
using openlineage::Marquez;
using openlineage::MarquezPage;
using openlineage::Name;

constexpr int kDepthDefault = 20;
constexpr int kDepthMax = 100;

std::unexpected<Error> Wrong(std::string_view parameter, std::string message) {
  Error error(Code::kInvalidArgument, std::string(parameter) + " " + message);
  error.fields.push_back({std::string(parameter), "format", std::move(message)});
  return Fail(std::move(error));
}

Result<int> IntOf(const http::Request& request, std::string_view name, int otherwise, int max) {
  const auto text = request.Query(name);
  if (!text || text->empty()) return otherwise;
  int value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < 0) {
    return Wrong(name, "must be a whole number from 0");
  }
  return std::min(value, max);
}

Result<MarquezPage> PageOf(const http::Request& request, int limit = 100) {
  return MarquezPage{.limit = TRY(IntOf(request, "limit", limit, openlineage::kMarquezLimitMax)),
                     .offset = TRY(IntOf(request, "offset", 0, 1000000000))};
}

Result<std::optional<Time>> TimeOf(const http::Request& request, std::string_view name) {
  const auto text = request.Query(name);
  if (!text || text->empty()) return std::optional<Time>();
  const auto time = openlineage::ParseEventTime(*text);
  if (!time) return Wrong(name, "must be a time such as 2026-11-21T08:50:00Z");
  return time;
}

std::string TextOf(const http::Request& request, std::string_view name) {
  return std::string(request.Query(name).value_or(""));
}

// The parts of the path after /api/v1/, each decoded by itself: names hold slashes as %2F.
Result<std::vector<std::string>> PartsOf(const http::Request& request) {
  const std::string& path = request.raw_path.empty() ? request.path : request.raw_path;
  std::string_view rest = std::string_view(path).substr(std::string_view("/api/v1/").size());
  std::vector<std::string> parts;
  while (!rest.empty()) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    // The page asks for "lineage/?nodeId=": an empty last part is none.
    if (slash > 0) parts.push_back(TRY(http::PercentDecode(rest.substr(0, slash))));
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
  return parts;
}

Result<json::object> Nothing(const http::Request& request) {
  return Fail(Code::kNotFound, "there is nothing at " + Ellipsis(request.path, 200) +
                                   "; docs/openlineage.md lists what of Marquez's API is here");
}

// /namespaces/...
Result<json::object> OfNamespace(Marquez& marquez, const Caller& caller,
                                 const http::Request& request,
                                 const std::vector<std::string>& parts) {
  if (parts.size() == 1) return marquez.Namespaces(caller);
  if (parts.size() == 2) return marquez.Namespace(caller, parts[1]);
  const std::string& kind = parts[2];
  const MarquezPage page = TRY(PageOf(request));
  if (kind != "jobs" && kind != "datasets") return Nothing(request);
  const bool jobs = kind == "jobs";
  if (parts.size() == 3) {
    return jobs ? marquez.Jobs(caller, parts[1], page) : marquez.Datasets(caller, parts[1], page);
  }
  const Name name{parts[1], parts[3]};
  if (parts.size() == 4) return jobs ? marquez.Job(caller, name) : marquez.Dataset(caller, name);
  if (parts.size() == 5 && jobs && parts[4] == "runs") return marquez.Runs(caller, name, page);
  if (parts.size() == 5 && !jobs && parts[4] == "versions") {
    return marquez.DatasetVersions(caller, name);
  }
  return Nothing(request);
}

Result<json::object> OfLineage(Marquez& marquez, const Caller& caller, const http::Request& request,
                               bool columns) {
  const std::string node = TextOf(request, "nodeId");
  if (node.empty()) return Wrong("nodeId", "is required, such as dataset:NAMESPACE:NAME");
  const int depth = TRY(IntOf(request, "depth", kDepthDefault, kDepthMax));
  if (!columns) return marquez.Lineage(caller, node, depth);
  return marquez.ColumnLineage(caller, node, depth, TextOf(request, "withDownstream") == "true");
}

// /stats/...?period=
Result<json::array> OfStats(Marquez& marquez, const Caller& caller, const http::Request& request,
                            const std::string& of) {
  const std::string period = TextOf(request, "period");
  if (period != "DAY" && period != "WEEK") return Wrong("period", "must be DAY or WEEK");
  return marquez.Stats(caller, of,
                       period == "DAY" ? Marquez::Period::kDay : Marquez::Period::kWeek);
}

Result<json::object> OfJobs(Marquez& marquez, const Caller& caller, const http::Request& request) {
  const MarquezPage page = TRY(PageOf(request));
  const std::string state = TextOf(request, "runState");
  return state.empty() ? marquez.Jobs(caller, "", page) : marquez.JobsByState(caller, state, page);
}

Result<json::value> Answer(Marquez& marquez, const Caller& caller, const http::Request& request) {
  const auto parts = TRY(PartsOf(request));
  if (parts.empty()) return Nothing(request);
  const std::string& first = parts[0];
  if (first == "namespaces") return OfNamespace(marquez, caller, request, parts);
  if (parts.size() == 1) {
    if (first == "sources") return marquez.Sources(caller);
    if (first == "tags") return marquez.Tags(caller);
    if (first == "jobs") return OfJobs(marquez, caller, request);
    if (first == "datasets") return marquez.Datasets(caller, "", TRY(PageOf(request)));
    if (first == "lineage") return OfLineage(marquez, caller, request, false);
    if (first == "column-lineage") return OfLineage(marquez, caller, request, true);
    if (first == "search") {
      const std::string text = TextOf(request, "q");
      if (text.empty()) return Wrong("q", "is required: what to look for");
      return marquez.Search(caller, text, TextOf(request, "filter"), TextOf(request, "namespace"),
                            TRY(PageOf(request, 10)).limit);
    }
  }
  if (parts.size() == 2 && first == "stats") return OfStats(marquez, caller, request, parts[1]);
  if (parts.size() >= 3 && first == "jobs" && parts[1] == "runs") {
    if (parts.size() == 3) return marquez.Run(caller, parts[2]);
    if (parts.size() == 4 && parts[3] == "facets") {
      const std::string type = TextOf(request, "type");
      if (type != "run" && type != "job") return Wrong("type", "must be run or job");
      return marquez.RunFacets(caller, parts[2], type);
    }
  }
  return Nothing(request);
}

void AnswerTo(Marquez& marquez, const ExchangePtr& exchange) {
  auto answer = Answer(marquez, exchange->caller, exchange->request);
  if (!answer) return exchange->Fail(answer.error());
  exchange->SendJson(200, json::serialize(*answer));
}

void HandleEvents(Marquez& marquez, const ExchangePtr& exchange) {
  const http::Request& request = exchange->request;
  const auto read = [&]() -> Result<std::string> {
    const EventQuery query{.after = TRY(TimeOf(request, "after")),
                           .before = TRY(TimeOf(request, "before")),
                           .descending = TextOf(request, "sortDirection") != "asc",
                           .page = TRY(PageOf(request))};
    return marquez.Events(exchange->caller, query);
  };
  auto answer = read();
  if (!answer) return exchange->Fail(answer.error());
  exchange->SendJson(200, *std::move(answer));
}

}  // namespace

std::vector<Route> MarquezRoutes(Marquez& marquez) {
  const auto any = [&marquez](const ApiContext&, const ExchangePtr& exchange) {
    AnswerTo(marquez, exchange);
  };
  const auto events = [&marquez](const ApiContext&, const ExchangePtr& exchange) {
    HandleEvents(marquez, exchange);
  };
  using enum Access;
  using enum Where;
  // Its clients send parameters of their own; unknown ones are passed over, as Marquez does.
  return {
      {"GET", "/api/v1/lineage", kCaller, kPool, any, {}, true},
      {"GET", "/api/v1/events/lineage", kCaller, kPool, events, {}, true},
      {"GET", "/api/v1/{rest}", kCaller, kPool, any, {}, true},
  };
}

}  // namespace tenon
