// POST /v1/TABLE, PATCH and DELETE /v1/TABLE/{id}, POST /v1/TABLE/{id}:EVENT and :restore.
#include "api/writes.h"

#include <algorithm>
#include <utility>

#include "api/endpoints.h"
#include "api/grants.h"
#include "base/hash.h"
#include "base/text.h"
#include "http/client.h"

namespace tenon {
namespace {

constexpr std::size_t kIdempotencyKeyMax = 255;

void Submit(const ApiContext& api, const ExchangePtr& exchange, Command command,
            Idempotent replay) {
  const bool identity = ConcernsIdentity(*command.entity);
  Authenticator& authenticator = api.authenticator;
  api.engine.Apply(exchange->caller, std::move(command), std::move(replay),
                   [exchange, identity, &authenticator](Result<Outcome> outcome) {
                     if (identity) authenticator.Invalidate();
                     if (!outcome) return exchange->Fail(outcome.error());
                     SendOutcome(*exchange, std::move(*outcome));
                   },
                   {.finish_on = exchange->request.executor});
}

// An event that the entity does not have is an address that does not exist.
Result<void> CheckEvent(const model::Entity& entity, const std::string& event) {
  std::vector<std::string_view> names;
  for (const model::Event& known : entity.events) {
    if (known.name == event) return {};
    if (known.auto_when == nullptr) names.push_back(known.name);
  }
  if (entity.soft_delete) names.push_back("restore");
  std::string message = entity.table + " has no event " + Ellipsis(event, 64);
  const std::string_view nearest = Nearest(event, names);
  if (!nearest.empty()) message += "; did you mean " + std::string(nearest) + "?";
  return Fail(Code::kNotFound, std::move(message));
}

}  // namespace

Result<Idempotent> ReplayOf(const Exchange& exchange) {
  Idempotent replay;
  const std::string_view key = exchange.request.headers.Get("Idempotency-Key");
  if (key.empty()) return replay;
  const bool printable = std::ranges::all_of(key, [](char c) { return c > ' ' && c < 0x7f; });
  if (key.size() > kIdempotencyKeyMax || !printable) {
    return Fail(Code::kInvalidArgument,
                "an Idempotency-Key has 1 to 255 printable ASCII characters without blanks");
  }
  replay.key = std::string(key);
  replay.route = exchange.request.method + " " + exchange.request.path;
  replay.request_hash = ToHex(Sha256(exchange.request.body));
  return replay;
}

void SendOutcome(Exchange& exchange, Outcome outcome) {
  http::Response response;
  response.status = outcome.status;
  if (!outcome.etag.empty()) response.headers.Set("ETag", "\"" + outcome.etag + "\"");
  if (outcome.replayed) response.headers.Set("Idempotent-Replayed", "true");
  if (outcome.status == 201 && exchange.entity != nullptr) {
    response.headers.Set("Location",
                         "/v1/" + exchange.entity->table + "/" + http::PercentEncode(outcome.key));
  }
  if (outcome.status != 204) {
    response.headers.Set("Content-Type", "application/json");
    response.body = std::move(outcome.body);
  }
  exchange.Send(std::move(response));
}

void ApplyAndAnswer(const ApiContext& api, const ExchangePtr& exchange, Command command) {
  auto replay = exchange->request.method == "POST" ? ReplayOf(*exchange) : Result<Idempotent>();
  if (!replay) return exchange->Fail(replay.error());
  if (!ConcernsIdentity(*command.entity)) {
    return Submit(api, exchange, std::move(command), std::move(*replay));
  }
  auto work = [&api, exchange, command, replay = std::move(*replay)]() mutable {
    if (auto allowed = CheckGrant(api, exchange->caller, command); !allowed) {
      return exchange->Fail(allowed.error());
    }
    Submit(api, exchange, std::move(command), std::move(replay));
  };
  if (auto taken = api.pool.Submit(exchange->caller.tenant, std::move(work)); !taken) {
    exchange->Fail(taken.error());
  }
}

void HandleCreate(const ApiContext& api, const ExchangePtr& exchange) {
  auto body = exchange->JsonBody();
  if (!body) return exchange->Fail(body.error());
  Command command;
  command.op = Command::Op::kCreate;
  command.entity = exchange->entity;
  command.body = std::move(*body);
  ApplyAndAnswer(api, exchange, std::move(command));
}

void HandleUpdate(const ApiContext& api, const ExchangePtr& exchange) {
  auto body = exchange->JsonBody(true);
  if (!body) return exchange->Fail(body.error());
  Command command;
  command.op = Command::Op::kUpdate;
  command.entity = exchange->entity;
  command.id = exchange->id;
  command.body = std::move(*body);
  command.if_match = exchange->IfMatch();
  ApplyAndAnswer(api, exchange, std::move(command));
}

void HandleDelete(const ApiContext& api, const ExchangePtr& exchange) {
  Command command;
  command.op = Command::Op::kDelete;
  command.entity = exchange->entity;
  command.id = exchange->id;
  command.if_match = exchange->IfMatch();
  ApplyAndAnswer(api, exchange, std::move(command));
}

void HandleRestore(const ApiContext& api, const ExchangePtr& exchange) {
  Command command;
  command.op = Command::Op::kRestore;
  command.entity = exchange->entity;
  command.id = exchange->id;
  command.if_match = exchange->IfMatch();
  ApplyAndAnswer(api, exchange, std::move(command));
}

void HandleEvent(const ApiContext& api, const ExchangePtr& exchange) {
  if (auto known = CheckEvent(*exchange->entity, exchange->name); !known) {
    return exchange->Fail(known.error());
  }
  auto body = exchange->JsonBody();
  if (!body) return exchange->Fail(body.error());
  Command command;
  command.op = Command::Op::kEvent;
  command.entity = exchange->entity;
  command.id = exchange->id;
  command.event = exchange->name;
  command.body = std::move(*body);
  command.if_match = exchange->IfMatch();
  ApplyAndAnswer(api, exchange, std::move(command));
}

}  // namespace tenon
