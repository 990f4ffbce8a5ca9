// GET /v1/followers and POST /v1/followers:reindex.
#include "api/followers.h"

#include <utility>

#include "api/context.h"
#include "api/query.h"
#include "base/json_text.h"

namespace tenon {
namespace {

// Numbers of the log tell one tenant how much the others write, and an error may quote their rows:
// both are for the role system.
json::object StatusJson(const FollowerStatus& status, bool system) {
  json::object row{{"name", status.name},
                   {"description", status.description},
                   {"state", status.state},
                   {"lag_seconds", status.lag_seconds}};
  if (!system) return row;
  row["position"] = status.position;
  row["lag_rows"] = status.lag_rows;
  row["rows_total"] = status.rows_total;
  row["failures_total"] = status.failures_total;
  row["rebuilds_total"] = status.rebuilds_total;
  if (status.state == "rebuilding") {
    row["rebuild_done"] = status.rebuild_done;
    row["rebuild_total"] = status.rebuild_total;
  }
  row["last_error"] = status.last_error.empty() ? json::value() : json::value(status.last_error);
  row["last_error_at"] =
      status.last_error_at ? json::value(FormatTime(*status.last_error_at)) : json::value();
  return row;
}

void List(Followers& followers, const ExchangePtr& exchange) {
  const bool system = exchange->caller.Has(Role::kSystem);
  json::array items;
  for (const FollowerStatus& status : followers.Statuses()) {
    items.push_back(StatusJson(status, system));
  }
  exchange->SendJson(200, JsonText(json::object{{"items", std::move(items)}}));
}

Result<std::string> Reindex(Followers& followers, const Exchange& exchange) {
  const json::object body = TRY(exchange.JsonBody());
  const json::value* name = body.if_contains("name");
  if (name == nullptr || !name->is_string() || body.size() != 1) {
    Error error(Code::kInvalidArgument, "name is the follower to build anew");
    error.fields.push_back({"name", "required", "names a follower; GET /v1/followers lists them"});
    return Fail(std::move(error));
  }
  TRY(followers.Rebuild(name->as_string()));
  // Without threads nobody else would do it.
  if (!followers.started()) {
    while (TRY(followers.Step(name->as_string()))) {
    }
  }
  return JsonText(StatusJson(TRY(followers.Status(name->as_string())), true));
}

}  // namespace

std::vector<Route> FollowerRoutes(Followers& followers) {
  return {
      {"GET", "/v1/followers", Access::kCaller, Where::kPool,
       [&followers](const ApiContext&, const ExchangePtr& exchange) { List(followers, exchange); }},
      {"POST", "/v1/followers:reindex", Access::kSystem, Where::kPool,
       [&followers](const ApiContext&, const ExchangePtr& exchange) {
         auto answer = Reindex(followers, *exchange);
         if (!answer) return exchange->Fail(answer.error());
         exchange->SendJson(202, std::move(*answer));
       }},
  };
}

}  // namespace tenon
