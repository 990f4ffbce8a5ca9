// POST /v1/TABLE:batch and POST /v1/batch.
#include <algorithm>
#include <array>
#include <utility>

#include "api/endpoints.h"
#include "api/grants.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/writes.h"
#include "base/json_text.h"
#include "base/text.h"

namespace tenon {
namespace {

// Larger batches are imports: they wait behind what people do.
constexpr std::size_t kBulkFrom = 100;

std::unexpected<Error> BadMember(std::string path, std::string code, std::string message) {
  Error error(Code::kInvalidField, path + ": " + message);
  error.fields.push_back({std::move(path), std::move(code), std::move(message)});
  return Fail(std::move(error));
}

Result<void> CheckMembers(const json::object& object, std::string_view path,
                          std::span<const std::string_view> known) {
  for (const auto& member : object) {
    const std::string_view name = member.key();
    if (std::ranges::find(known, name) != known.end()) continue;
    std::string message = "is not known here";
    const std::string_view nearest = Nearest(name, known);
    if (!nearest.empty()) message += "; did you mean " + std::string(nearest) + "?";
    std::string where = path.empty() ? "" : std::string(path) + ".";
    return BadMember(where + Ellipsis(name, 64), "unknown", std::move(message));
  }
  return {};
}

Result<bool> BoolMember(const json::object& object, std::string_view name, bool otherwise) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return otherwise;
  if (!value->is_bool()) return BadMember(std::string(name), "type", "must be true or false");
  return value->as_bool();
}

Result<std::string> TextMember(const json::object& object, const std::string& path,
                               std::string_view name, bool required) {
  const json::value* value = object.if_contains(name);
  const std::string where = path + "." + std::string(name);
  if (value == nullptr || value->is_null()) {
    if (required) return BadMember(where, "required", "is required");
    return std::string();
  }
  if (!value->is_string()) return BadMember(where, "type", "must be text");
  return std::string(value->as_string());
}

Result<json::array> ListMember(json::object& object, std::string_view name) {
  json::value* value = object.if_contains(name);
  if (value == nullptr) return BadMember(std::string(name), "required", "is required");
  if (!value->is_array()) return BadMember(std::string(name), "type", "must be a list");
  return std::move(value->as_array());
}

// One element of {"commands": [...]}.
Result<Command> ReadCommand(const model::Model& model, json::value& item, const std::string& path) {
  constexpr std::array<std::string_view, 6> kMembers = {"op",    "entity", "id",
                                                        "event", "body",   "if_match"};
  if (!item.is_object()) return BadMember(path, "type", "must be an object");
  json::object& object = item.as_object();
  TRY(CheckMembers(object, path, kMembers));
  Command command;
  const std::string op = TRY(TextMember(object, path, "op", true));
  if (op == "create" || op == "upsert") {
    command.op = Command::Op::kCreate;
    command.upsert = op == "upsert";
  } else if (op == "update") {
    command.op = Command::Op::kUpdate;
  } else if (op == "delete") {
    command.op = Command::Op::kDelete;
  } else if (op == "restore") {
    command.op = Command::Op::kRestore;
  } else if (op == "event") {
    command.op = Command::Op::kEvent;
  } else {
    return BadMember(path + ".op", "enum",
                     "must be create, upsert, update, delete, restore or event");
  }
  const std::string entity = TRY(TextMember(object, path, "entity", true));
  command.entity = model.FindTable(entity);
  if (command.entity == nullptr) command.entity = model.FindEntity(entity);
  if (command.entity == nullptr) {
    std::vector<std::string_view> tables;
    for (const auto& known : model.entities) tables.push_back(known->table);
    std::string message = "there is no table " + Ellipsis(entity, 64);
    const std::string_view nearest = Nearest(entity, tables);
    if (!nearest.empty()) message += "; did you mean " + std::string(nearest) + "?";
    return BadMember(path + ".entity", "unknown", std::move(message));
  }
  command.id = TRY(TextMember(object, path, "id", command.op != Command::Op::kCreate));
  command.event = TRY(TextMember(object, path, "event", command.op == Command::Op::kEvent));
  command.if_match = TRY(TextMember(object, path, "if_match", false));
  if (json::value* body = object.if_contains("body"); body != nullptr && !body->is_null()) {
    if (!body->is_object()) return BadMember(path + ".body", "type", "must be an object");
    command.body = std::move(body->as_object());
  }
  return command;
}

std::string_view ResultName(const Outcome& outcome) {
  if (outcome.status == 201) return "created";
  if (outcome.status == 204) return "deleted";
  return outcome.unchanged || outcome.replayed ? "unchanged" : "updated";
}

// With `keys_only` an item is its key and what became of it: all that an import needs to know.
std::string AnswerOf(const std::vector<Result<Outcome>>& results, bool keys_only) {
  std::string body = "{\"items\":[";
  bool first = true;
  for (const Result<Outcome>& result : results) {
    if (!first) body += ',';
    first = false;
    if (!result) {
      body += JsonText(ProblemOf(result.error()));
    } else if (keys_only) {
      body += "{\"key\":";
      AppendJsonString(result->key, body);
      body += ",\"result\":\"";
      body += ResultName(*result);
      body += "\"}";
    } else if (result->body.empty()) {
      body += "{\"id\":";
      AppendJsonString(result->key, body);
      body += ",\"deleted\":true}";
    } else {
      body += result->body;
    }
  }
  return body + "]}";
}

using Outcomes = std::vector<Result<Outcome>>;

void SendOutcomes(Exchange& exchange, const Outcomes& outcomes, bool keys_only) {
  http::Response response;
  response.headers.Set("Content-Type", "application/json");
  const bool replayed = !outcomes.empty() && outcomes.front() && outcomes.front()->replayed;
  if (replayed) response.headers.Set("Idempotent-Replayed", "true");
  response.body = AnswerOf(outcomes, keys_only);
  exchange.Send(std::move(response));
}

struct Batch {
  std::vector<Command> commands;
  bool atomic = true;
  Lane lane = Lane::kInteractive;
  bool keys_only = false;
};

// On the pool: grants need the store, and decoding a thousand rows would hold an I/O thread.
void Apply(const ApiContext& api, const ExchangePtr& exchange, Batch batch) {
  if (batch.commands.size() > limits::kBatchCommandsMax) {
    return exchange->Fail(
        Error(Code::kTooLarge, "a batch has at most " + std::to_string(limits::kBatchCommandsMax) +
                                   " commands; this has " + std::to_string(batch.commands.size())));
  }
  auto replay = ReplayOf(*exchange);
  if (!replay) return exchange->Fail(replay.error());
  if (auto allowed = CheckGrants(api, exchange->caller, batch.commands); !allowed) {
    return exchange->Fail(allowed.error());
  }
  const bool identity = std::ranges::any_of(
      batch.commands, [](const Command& command) { return ConcernsIdentity(*command.entity); });
  if (batch.commands.size() >= kBulkFrom) batch.lane = Lane::kBulk;
  const bool bulk = batch.lane == Lane::kBulk;
  api.engine.ApplyBatch(
      exchange->caller, std::move(batch.commands), batch.atomic, std::move(*replay),
      [&api, exchange, identity, bulk,
       keys_only = batch.keys_only](Result<std::vector<Result<Outcome>>> results) {
        if (identity) api.authenticator.Invalidate();
        if (!results) return exchange->Fail(results.error());
        auto outcomes = std::make_shared<const Outcomes>(std::move(*results));
        if (!bulk) return SendOutcomes(*exchange, *outcomes, keys_only);
        // An I/O thread has others to serve; a thousand rows are rendered elsewhere.
        const auto submitted = api.pool.Submit(
            exchange->caller.tenant,
            [exchange, outcomes, keys_only] { SendOutcomes(*exchange, *outcomes, keys_only); });
        if (!submitted) SendOutcomes(*exchange, *outcomes, keys_only);
      },
      {.lane = batch.lane, .finish_on = exchange->request.executor});
}

Result<Lane> LaneOf(const json::object& body) {
  const json::value* lane = body.if_contains("lane");
  if (lane == nullptr) return Lane::kInteractive;
  if (lane->is_string() && lane->as_string() == "bulk") return Lane::kBulk;
  if (lane->is_string() && lane->as_string() == "interactive") return Lane::kInteractive;
  return BadMember("lane", "enum", "must be interactive or bulk");
}

// "answer": "rows" (default), or "keys" for imports, which would throw the rows away.
Result<bool> KeysOnly(const json::object& body) {
  const json::value* answer = body.if_contains("answer");
  if (answer == nullptr) return false;
  if (answer->is_string() && answer->as_string() == "keys") return true;
  if (answer->is_string() && answer->as_string() == "rows") return false;
  return BadMember("answer", "enum", "must be rows or keys");
}

Result<Batch> ReadTableBatch(const Exchange& exchange) {
  constexpr std::array<std::string_view, 5> kMembers = {"items", "atomic", "upsert", "lane",
                                                        "answer"};
  json::object body = TRY(exchange.JsonBody());
  TRY(CheckMembers(body, "", kMembers));
  Batch batch;
  batch.atomic = TRY(BoolMember(body, "atomic", true));
  batch.lane = TRY(LaneOf(body));
  const bool upsert = TRY(BoolMember(body, "upsert", false));
  batch.keys_only = TRY(KeysOnly(body));
  json::array items = TRY(ListMember(body, "items"));
  batch.commands.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!items[i].is_object()) {
      return BadMember("items[" + std::to_string(i) + "]", "type", "must be an object");
    }
    Command command;
    command.op = Command::Op::kCreate;
    command.entity = exchange.entity;
    command.body = std::move(items[i].as_object());
    command.upsert = upsert;
    batch.commands.push_back(std::move(command));
  }
  return batch;
}

Result<Batch> ReadBatch(const model::Model& model, const Exchange& exchange) {
  constexpr std::array<std::string_view, 3> kMembers = {"commands", "atomic", "lane"};
  json::object body = TRY(exchange.JsonBody());
  TRY(CheckMembers(body, "", kMembers));
  Batch batch;
  batch.atomic = TRY(BoolMember(body, "atomic", true));
  batch.lane = TRY(LaneOf(body));
  json::array commands = TRY(ListMember(body, "commands"));
  batch.commands.reserve(commands.size());
  for (std::size_t i = 0; i < commands.size(); ++i) {
    batch.commands.push_back(
        TRY(ReadCommand(model, commands[i], "commands[" + std::to_string(i) + "]")));
  }
  return batch;
}

}  // namespace

void HandleTableBatch(const ApiContext& api, const ExchangePtr& exchange) {
  auto batch = ReadTableBatch(*exchange);
  if (!batch) return exchange->Fail(batch.error());
  Apply(api, exchange, std::move(*batch));
}

void HandleBatch(const ApiContext& api, const ExchangePtr& exchange) {
  auto batch = ReadBatch(api.engine.model(), *exchange);
  if (!batch) return exchange->Fail(batch.error());
  Apply(api, exchange, std::move(*batch));
}

}  // namespace tenon
