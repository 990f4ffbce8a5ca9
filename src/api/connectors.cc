// POST /v1/connector_configs/{id}:validate and :push.
#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <utility>

#include "api/endpoints.h"
#include "api/writes.h"
#include "base/limits.h"
#include "base/text.h"
#include "engine/permit.h"
#include "services/ingest/item_mapping.h"
#include "services/ingest/json_fields.h"
#include "services/jobs/connector.h"
#include "services/jobs/connector_reports.h"
#include "services/jobs/engine_target.h"

namespace tenon {
namespace {

Result<jobs::Connector> ConnectorOf(const ApiContext& api, const Exchange& exchange) {
  const GetResult found = TRY(api.engine.Get(exchange.caller, *exchange.entity, exchange.id, {}));
  const json::value row = TRY(ParseJson(found.body));
  const json::object& object = row.as_object();
  // Its secrets stay sealed: what is pushed needs none.
  jobs::Connector connector;
  connector.tenant = exchange.caller.tenant;
  connector.id = ingest::TextIn(object, "connector_id");
  connector.name = ingest::TextIn(object, "name");
  connector.type = ingest::TextIn(object, "type");
  connector.status = ingest::TextIn(object, "status");
  connector.config = ingest::ObjectIn(object, "config");
  return connector;
}

Result<Command> ValidationOf(const ApiContext& api, const Exchange& exchange) {
  const model::Entity* tasks = api.engine.model().FindTable("background_tasks");
  if (tasks == nullptr) return Fail(Code::kNotFound, "the models have no background_tasks");
  TRY(Permit(exchange.caller, *exchange.entity, "validated"));
  const jobs::Connector connector = TRY(ConnectorOf(api, exchange));
  if (connector.type == "kafka") {
    TRY(jobs::KafkaOptionsOf(connector));
  } else {
    TRY(jobs::RulesOf(connector));
  }
  Command command;
  command.op = Command::Op::kCreate;
  command.entity = tasks;
  command.body = {{"type", "METADATA_SYNC"},
                  {"max_retries", 0},
                  {"payload", json::object{{"connector_id", connector.id}, {"validate", true}}}};
  return command;
}

struct Pushed {
  std::string table;
  std::vector<ingest::Write> writes;
  std::vector<std::size_t> items;  // of each write
  json::array rejected;
};

void RejectItem(Pushed& pushed, std::size_t item, const Error& error) {
  std::string reason = error.message;
  for (const FieldError& field : error.fields) {
    if (reason.find(field.message) == std::string::npos) {
      reason += fmt::format("; {}: {}", field.path, field.message);
    }
  }
  pushed.rejected.push_back(json::object{{"item", item}, {"reason", reason}});
}

Result<Pushed> ReadPush(const json::object& body, const jobs::Connector& connector) {
  const json::value* items = body.if_contains("items");
  if (items == nullptr || !items->is_array() || body.size() != 1) {
    Error error(Code::kInvalidField, "a push is {\"items\": [...]}");
    error.fields.push_back(
        {"items", "required", "is required: the list of items, nothing besides"});
    return Fail(std::move(error));
  }
  if (items->get_array().size() > limits::kBatchCommandsMax) {
    return Fail(Code::kTooLarge,
                fmt::format("a push has at most {} items", limits::kBatchCommandsMax));
  }
  const ingest::ItemMapping mapping = jobs::MappingOf(connector);
  Pushed pushed;
  pushed.table = mapping.table;
  for (std::size_t i = 0; i < items->get_array().size(); ++i) {
    auto row = ingest::RowOf(mapping, items->get_array()[i]);
    if (!row) {
      RejectItem(pushed, i, row.error());
      continue;
    }
    pushed.writes.push_back({.op = ingest::Write::Op::kUpsert, .body = *std::move(row)});
    pushed.items.push_back(i);
  }
  return pushed;
}

Result<json::object> Push(const ApiContext& api, const Exchange& exchange) {
  TRY(Permit(exchange.caller, *exchange.entity, "heartbeat"));
  const jobs::Connector connector = TRY(ConnectorOf(api, exchange));
  if (connector.type != "http") {
    return Fail(Code::kConflict, fmt::format("connector {} is of type {}; pushes are for http",
                                             connector.id, connector.type));
  }
  if (connector.status != "active") {
    Error error(Code::kConflict,
                fmt::format("connector {} is {}, not active", connector.id, connector.status));
    error.details["state"] = connector.status;
    return Fail(std::move(error));
  }
  const json::object body = TRY(exchange.JsonBody());
  Pushed pushed = TRY(ReadPush(body, connector));
  jobs::EngineTarget target(api.engine, exchange.caller);
  std::int64_t written = 0, unchanged = 0;
  const auto results = TRY(target.Apply(pushed.table, pushed.writes));
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!results[i]) {
      RejectItem(pushed, pushed.items[i], results[i].error());
    } else {
      ++(results[i]->kind == ingest::Written::Kind::kUnchanged ? unchanged : written);
    }
  }
  std::vector<jobs::Refusal> refused;
  for (const json::value& item : pushed.rejected) {
    refused.push_back({api.ids.V7().ToString(), item.as_object()});
  }
  TRY(jobs::ConnectorReports(api.engine.store(), api.engine.clock(), api.ids)
          .Refuse(connector.tenant, connector.id, refused));
  Command heartbeat;
  heartbeat.op = Command::Op::kEvent;
  heartbeat.entity = exchange.entity;
  heartbeat.id = connector.id;
  heartbeat.event = "heartbeat";
  heartbeat.body = {{"metrics", json::object{{"rows_written", written},
                                             {"rows_unchanged", unchanged},
                                             {"rows_rejected", pushed.rejected.size()}}}};
  TRY(api.engine.ApplyAndWait(exchange.caller, std::move(heartbeat)));
  return json::object{
      {"written", written}, {"unchanged", unchanged}, {"rejected", std::move(pushed.rejected)}};
}

}  // namespace

void HandleValidateConnector(const ApiContext& api, const ExchangePtr& exchange) {
  auto command = ValidationOf(api, *exchange);
  if (!command) return exchange->Fail(command.error());
  exchange->entity = command->entity;
  ApplyAndAnswer(api, exchange, *std::move(command));
}

void HandlePushConnector(const ApiContext& api, const ExchangePtr& exchange) {
  auto answer = Push(api, *exchange);
  if (!answer) return exchange->Fail(answer.error());
  exchange->SendJson(200, json::serialize(*answer));
}

}  // namespace tenon
