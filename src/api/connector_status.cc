// GET /v1/connector_configs/{id}/status, /lag, /errors and /rejects: what users of Kafka Connect
// ask of a connector.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <map>
#include <utility>

#include "api/endpoints.h"
#include "api/query.h"
#include "base/json_text.h"
#include "base/limits.h"
#include "services/ingest/json_fields.h"
#include "services/jobs/connector_reports.h"

namespace tenon {
namespace {

using ingest::TextIn;

// A node that reads a topic says so every ten seconds; one that was silent for so long is gone.
constexpr std::chrono::seconds kSilent{60};
constexpr std::int64_t kWorkersMax = 100;

struct Seen {
  json::object row;
  Uuid tenant;
  json::array workers;  // newest first
  Time now;
};

Result<Seen> See(const ApiContext& api, const Exchange& exchange) {
  // Who may read the connector may read what is told of it.
  const GetResult found = TRY(api.engine.Get(exchange.caller, *exchange.entity, exchange.id, {}));
  json::value row = TRY(ParseJson(found.body));
  Seen seen{.row = std::move(row.as_object()),
            .tenant = exchange.caller.tenant,
            .workers = {},
            .now = api.engine.clock().Now()};
  if (const auto owner = Uuid::Parse(TextIn(seen.row, "org_id"))) seen.tenant = *owner;
  seen.workers = TRY(jobs::ConnectorReports::Read(
      api.engine.store(), seen.tenant, TextIn(seen.row, "connector_id"), "worker", kWorkersMax));
  return seen;
}

// In Kafka Connect's words.
std::string_view StateOf(std::string_view status) {
  if (status == "active") return "RUNNING";
  if (status == "paused") return "PAUSED";
  if (status == "error") return "FAILED";
  return "UNASSIGNED";
}

std::optional<Time> TimeIn(const json::object& object, std::string_view name) {
  return ParseTime(TextIn(object, name));
}

bool IsSilent(const Seen& seen, const json::object& worker) {
  if (TextIn(seen.row, "type") != "kafka") return false;
  const auto at = TimeIn(worker, "at");
  return !at || *at + kSilent < seen.now;
}

void CopyTo(json::object& to, const json::object& from, std::string_view name) {
  const json::value* value = from.if_contains(name);
  if (value != nullptr && !value->is_null()) to[name] = *value;
}

json::object StatusDocument(const Seen& seen) {
  const std::string state(StateOf(TextIn(seen.row, "status")));
  json::object connector{{"state", state}};
  json::array tasks;
  for (const json::value& item : seen.workers) {
    const json::object& worker = item.as_object();
    const bool silent = IsSilent(seen, worker);
    // Of those that are gone only the newest says something: where it ended.
    if (silent && !tasks.empty()) continue;
    json::object task{{"id", tasks.size()},
                      {"state", silent ? "UNASSIGNED" : TextIn(worker, "state")},
                      {"worker_id", TextIn(worker, "id")},
                      {"reported_at", TextIn(worker, "at")}};
    for (const std::string_view name : {"trace", "partitions", "metrics"}) {
      CopyTo(task, worker, name);
    }
    if (!connector.contains("worker_id")) connector["worker_id"] = task["worker_id"];
    tasks.push_back(std::move(task));
  }
  ingest::PutUnlessEmpty(connector, "trace", TextIn(seen.row, "error_message"));
  json::object document{{"name", TextIn(seen.row, "name")},
                        {"connector_id", TextIn(seen.row, "connector_id")},
                        {"type", "source"},
                        {"connector_type", TextIn(seen.row, "type")},
                        {"connector", std::move(connector)},
                        {"tasks", std::move(tasks)}};
  for (const std::string_view name : {"validated_at", "last_heartbeat", "heartbeat_due",
                                      "next_poll_at", "restarted_at", "metrics"}) {
    CopyTo(document, seen.row, name);
  }
  return document;
}

std::int64_t SecondsBetween(Time from, Time to) {
  return std::chrono::duration_cast<std::chrono::seconds>(to - from).count();
}

json::object LagOfTopics(const Seen& seen) {
  // A partition may stand in reports of several nodes: the newest had it last.
  std::map<std::pair<std::string, std::int64_t>, json::object> newest;
  for (const json::value& item : seen.workers) {
    const json::object& worker = item.as_object();
    for (const json::value& one : ingest::ListIn(worker, "partitions")) {
      if (!one.is_object() || !one.as_object().contains("partition")) continue;
      json::object partition = one.as_object();
      std::pair key(TextIn(partition, "topic"),
                    partition.at("partition").to_number<std::int64_t>());
      partition["worker_id"] = TextIn(worker, "id");
      partition["at"] = TextIn(worker, "at");
      newest.emplace(std::move(key), std::move(partition));
    }
  }
  json::array partitions;
  std::int64_t lag = 0;
  bool known = true;
  for (auto& [key, partition] : newest) {
    const json::value* one = partition.if_contains("lag");
    known = known && one != nullptr;
    if (one != nullptr) lag += one->to_number<std::int64_t>();
    partitions.push_back(std::move(partition));
  }
  json::object document{{"partitions", std::move(partitions)}, {"lag", lag}};
  if (!known) document["partial"] = true;
  return document;
}

json::object LagOfPolls(const Seen& seen) {
  json::object document;
  for (const std::string_view name : {"last_heartbeat", "heartbeat_due", "next_poll_at"}) {
    CopyTo(document, seen.row, name);
  }
  if (const auto last = TimeIn(seen.row, "last_heartbeat")) {
    document["age_seconds"] = SecondsBetween(*last, seen.now);
  }
  if (const auto next = TimeIn(seen.row, "next_poll_at")) {
    document["overdue_seconds"] = std::max<std::int64_t>(0, SecondsBetween(*next, seen.now));
  }
  return document;
}

void SendReports(const ApiContext& api, const ExchangePtr& exchange, std::string_view kind) {
  const auto read = [&]() -> Result<json::object> {
    const std::int64_t limit = TRY(IntParameter(exchange->request, "page_size", 1,
                                                limits::kPageSizeMax, limits::kPageSizeDefault));
    const Seen seen = TRY(See(api, *exchange));
    return json::object{{"items", TRY(jobs::ConnectorReports::Read(api.engine.store(), seen.tenant,
                                                                   TextIn(seen.row, "connector_id"),
                                                                   kind, limit))}};
  };
  auto page = read();
  if (!page) return exchange->Fail(page.error());
  exchange->SendJson(200, JsonText(*page));
}

}  // namespace

void HandleConnectorStatus(const ApiContext& api, const ExchangePtr& exchange) {
  const auto seen = See(api, *exchange);
  if (!seen) return exchange->Fail(seen.error());
  exchange->SendJson(200, JsonText(StatusDocument(*seen)));
}

void HandleConnectorLag(const ApiContext& api, const ExchangePtr& exchange) {
  const auto seen = See(api, *exchange);
  if (!seen) return exchange->Fail(seen.error());
  const bool topics = TextIn(seen->row, "type") == "kafka";
  exchange->SendJson(200, JsonText(topics ? LagOfTopics(*seen) : LagOfPolls(*seen)));
}

void HandleConnectorErrors(const ApiContext& api, const ExchangePtr& exchange) {
  SendReports(api, exchange, "error");
}

void HandleConnectorRejects(const ApiContext& api, const ExchangePtr& exchange) {
  SendReports(api, exchange, "reject");
}

}  // namespace tenon
