// POST /v1/api_keys and POST /v1/api_keys/{id}:rotate: the two places where a key is shown, once.
#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <utility>

#include "api/endpoints.h"
#include "api/grants.h"
#include "api/writes.h"
#include "auth/keys.h"
#include "auth/roles.h"
#include "base/text.h"
#include "engine/permit.h"

namespace tenon {
namespace {

constexpr std::chrono::hours kOverlapMax{24 * 30};

std::unexpected<Error> BadField(std::string path, std::string code, std::string message) {
  Error error(Code::kInvalidField, path + " " + message);
  error.fields.push_back({std::move(path), std::move(code), std::move(message)});
  return Fail(std::move(error));
}

Result<void> CheckMembers(const json::object& body, std::span<const std::string_view> known) {
  for (const auto& member : body) {
    const std::string_view name = member.key();
    if (std::ranges::find(known, name) != known.end()) continue;
    std::string message = "is not a field of this request";
    const std::string_view nearest = Nearest(name, known);
    if (!nearest.empty()) message += "; did you mean " + std::string(nearest) + "?";
    return BadField(Ellipsis(name, 64), "unknown", std::move(message));
  }
  return {};
}

// The roles asked for: known names, none that the caller lacks, none that the user lacks.
Result<void> CheckKeyRoles(const Caller& caller, const UserRow& user, const json::value& roles) {
  const json::array* list = roles.if_array();
  if (list == nullptr || list->empty()) {
    return BadField("roles", "type", "must be a list with at least one role");
  }
  for (const json::value& item : *list) {
    const json::string* name = item.if_string();
    if (name != nullptr && RoleOfName(std::string_view(*name))) continue;
    return BadField("roles", "enum",
                    "must name reader, writer, operator, approver, admin or system");
  }
  const std::uint8_t wanted = RolesOfJson(roles);
  if (!Covers(caller.roles, wanted)) {
    return Fail(Code::kForbidden, "a caller can grant only roles that it has");
  }
  if (!Covers(user.roles, wanted)) {
    return BadField("roles", "range", "must not be more than the key's user has");
  }
  return {};
}

// Whose key it will be: the one named, or the caller.
Result<UserRow> UserOfKey(const ApiContext& api, const Caller& caller, const json::object& body) {
  Uuid id = caller.user;
  if (const json::value* named = body.if_contains("user_id")) {
    const json::string* text = named->if_string();
    const auto parsed = text == nullptr ? std::nullopt : Uuid::Parse(*text);
    if (!parsed) return BadField("user_id", "type", "must be a UUID");
    id = *parsed;
  } else if (!caller.user_tenant.IsNil()) {
    return BadField("user_id", "required", "is required: you are no user of this tenant");
  }
  const auto user = TRY(api.authenticator.directory().UserById(caller.tenant, id));
  if (!user) return BadField("user_id", "reference", "is no user of this tenant");
  return *user;
}

// A key that is no longer valid when it is shown would only puzzle. Whether the value is a time at
// all is the engine's to say.
Result<void> CheckExpiry(const ApiContext& api, const json::value& expires) {
  const json::string* text = expires.if_string();
  const auto time = text == nullptr ? std::nullopt : ParseTime(*text);
  if (time && *time <= api.engine.clock().Now()) {
    return BadField("expires_at", "range", "must be in the future");
  }
  return {};
}

json::object RowOf(const NewKey& key, const UserRow& user, json::value name, json::value roles,
                   json::value expires) {
  json::object row;
  row["name"] = std::move(name);
  row["user_id"] = user.id.ToString();
  row["prefix"] = key.prefix;
  row["key_hash"] = key.hash;
  row["roles"] = std::move(roles);
  if (!expires.is_null()) row["expires_at"] = std::move(expires);
  return row;
}

// The row with the key in it. A replay has the row only: nobody knows the key any more.
void SendKey(Exchange& exchange, Outcome outcome, const std::string& key) {
  if (!outcome.replayed && outcome.body.ends_with('}')) {
    outcome.body.pop_back();
    outcome.body += ",\"key\":\"" + key + "\"}";
  }
  outcome.status = 201;
  SendOutcome(exchange, std::move(outcome));
}

Result<Duration> OverlapOf(const json::object& body) {
  const json::value* member = body.if_contains("overlap");
  if (member == nullptr || member->is_null()) return Duration(0);
  std::optional<Duration> overlap;
  if (const json::string* text = member->if_string()) {
    overlap = ParseDuration(*text);
    if (!overlap) overlap = ParseShortDuration(*text);
  }
  if (!overlap || *overlap < Duration(0) || *overlap > kOverlapMax) {
    return BadField("overlap", "range", "must be a duration of at most 30d, such as 24h or PT24H");
  }
  return *overlap;
}

Command RetireCommand(const ApiContext& api, const Exchange& exchange, const KeyRow& key,
                      Duration overlap) {
  Command command;
  command.entity = exchange.entity;
  command.id = exchange.id;
  command.trusted = true;
  if (overlap == Duration(0)) {
    command.op = Command::Op::kEvent;
    command.event = "revoke";
    return command;
  }
  const Time end = api.engine.clock().Now() + overlap;
  command.op = Command::Op::kUpdate;
  command.body["expires_at"] = FormatTime(key.expires ? std::min(*key.expires, end) : end);
  return command;
}

// When the new key ends: as the old one does, unless the caller says otherwise. Who may make keys
// may say anything, also null for never; who renews its own key cannot make it live longer.
Result<json::value> ExpiryOfNew(const ApiContext& api, const KeyRow& key, const json::object& body,
                                bool may_extend) {
  const json::value* given = body.if_contains("expires_at");
  if (given == nullptr) {
    if (!key.expires) return json::value();
    if (*key.expires <= api.engine.clock().Now()) {
      return Fail(Code::kConflict,
                  "this key has expired, and a new one would have too: give expires_at");
    }
    return json::value(FormatTime(*key.expires));
  }
  TRY(CheckExpiry(api, *given));
  if (may_extend || !key.expires) return *given;
  const auto time =
      given->is_string() ? ParseTime(std::string_view(given->as_string())) : std::optional<Time>();
  if (given->is_null() || (time && *time > *key.expires)) {
    return Fail(Code::kForbidden, "a key cannot renew itself for longer than it has: until " +
                                      FormatTime(*key.expires));
  }
  return *given;
}

struct Rotation {
  NewKey key;
  std::vector<Command> commands;
};

Result<Rotation> PrepareRotation(const ApiContext& api, const Exchange& exchange) {
  constexpr std::array<std::string_view, 2> kMembers = {"overlap", "expires_at"};
  const Caller& caller = exchange.caller;
  const json::object body = TRY(exchange.JsonBody());
  TRY(CheckMembers(body, kMembers));
  const Duration overlap = TRY(OverlapOf(body));
  const auto id = Uuid::Parse(exchange.id);
  const Directory& directory = api.authenticator.directory();
  const auto key = id ? TRY(directory.KeyById(caller.tenant, *id)) : std::optional<KeyRow>();
  // Whoever holds a key may renew it; other people's keys are an administrator's.
  const bool own = key && key->id == caller.key_id;
  if (!own) TRY(Permit(caller, *exchange.entity, "revoke"));
  if (!key) return Fail(Code::kNotFound, "there is no api_keys " + Ellipsis(exchange.id, 80));
  if (key->revoked) return Fail(Code::kConflict, "this key is revoked; make a new one");
  if (!Covers(caller.roles, key->roles)) {
    return Fail(Code::kForbidden, "rotating this key needs a caller who has its roles");
  }
  if (key->roles == 0) {
    return Fail(Code::kConflict, "the key's user has none of its roles left; make a new key");
  }
  json::array roles;
  for (std::string& name : RoleList(key->roles)) roles.emplace_back(std::move(name));
  const bool may_extend = Permit(caller, *exchange.entity, "revoke").has_value();
  json::value expires = TRY(ExpiryOfNew(api, *key, body, may_extend));

  Rotation rotation{MakeKey(api.random), {}};
  Command create;
  create.op = Command::Op::kCreate;
  create.entity = exchange.entity;
  create.trusted = true;
  create.body = RowOf(rotation.key, UserRow{key->user, 0}, json::string(key->name),
                      std::move(roles), std::move(expires));
  if (!key->connector.IsNil()) create.body["connector_id"] = key->connector.ToString();
  rotation.commands.push_back(std::move(create));
  rotation.commands.push_back(RetireCommand(api, exchange, *key, overlap));
  return rotation;
}

// Whose the key of a connector is: who made it, as whom its rows are written in any case.
Result<UserRow> UserOfConnector(const ApiContext& api, const Exchange& exchange) {
  const GetResult found = TRY(api.engine.Get(exchange.caller, *exchange.entity, exchange.id, {}));
  const json::value row = TRY(ParseJson(found.body));
  const json::value* type = row.as_object().if_contains("type");
  if (type == nullptr || *type != "http") {
    return Fail(Code::kConflict, "only http connectors are pushed to");
  }
  const json::value* creator = row.as_object().if_contains("created_by");
  const auto id = creator != nullptr && creator->is_string()
                      ? Uuid::Parse(std::string_view(creator->get_string()))
                      : std::nullopt;
  for (const Uuid& user : {id.value_or(Uuid()), exchange.caller.user}) {
    const auto known = TRY(api.authenticator.directory().UserById(exchange.caller.tenant, user));
    if (known && Covers(known->roles, static_cast<std::uint8_t>(Role::kWriter))) return *known;
  }
  return Fail(Code::kConflict,
              "the key needs a user of this tenant with the role writer: neither who made the "
              "connector nor you are one");
}

Result<Rotation> PrepareConnectorKey(const ApiContext& api, const Exchange& exchange) {
  constexpr std::array<std::string_view, 3> kMembers = {"name", "overlap", "expires_at"};
  const model::Entity* keys = api.engine.model().FindTable("api_keys");
  if (keys == nullptr) return Fail(Code::kNotFound, "the models have no api_keys");
  TRY(Permit(exchange.caller, *exchange.entity, "update"));
  const json::object body = TRY(exchange.JsonBody());
  TRY(CheckMembers(body, kMembers));
  const Duration overlap = TRY(OverlapOf(body));
  const json::value* expires = body.if_contains("expires_at");
  if (expires != nullptr) TRY(CheckExpiry(api, *expires));
  const UserRow user = TRY(UserOfConnector(api, exchange));
  const auto connector = Uuid::Parse(exchange.id);
  if (!connector) return Fail(Code::kNotFound, "there is no such connector");
  const json::value* name = body.if_contains("name");

  Rotation rotation{MakeKey(api.random), {}};
  Command create;
  create.op = Command::Op::kCreate;
  create.entity = keys;
  create.trusted = true;
  create.body = RowOf(rotation.key, user,
                      name != nullptr ? *name : json::value("push to connector " + exchange.id),
                      json::array{"writer"}, expires == nullptr ? json::value() : *expires);
  create.body["connector_id"] = connector->ToString();
  rotation.commands.push_back(std::move(create));
  for (const KeyRow& earlier :
       TRY(api.authenticator.directory().KeysOfConnector(exchange.caller.tenant, *connector))) {
    Command retire = RetireCommand(api, exchange, earlier, overlap);
    retire.entity = keys;
    retire.id = earlier.id.ToString();
    rotation.commands.push_back(std::move(retire));
  }
  return rotation;
}

// Writes the rows and answers with the new key, once.
void SendRotation(const ApiContext& api, const ExchangePtr& exchange, Rotation rotation) {
  auto replay = ReplayOf(*exchange);
  if (!replay) return exchange->Fail(replay.error());
  Authenticator& authenticator = api.authenticator;
  api.engine.ApplyBatch(exchange->caller, std::move(rotation.commands), true, std::move(*replay),
                        [exchange, text = rotation.key.key,
                         &authenticator](Result<std::vector<Result<Outcome>>> results) {
                          authenticator.Invalidate();
                          if (!results) return exchange->Fail(results.error());
                          if (results->empty() || !results->front()) {
                            return exchange->Fail(Error(Code::kInternal, "the new key has no row"));
                          }
                          SendKey(*exchange, std::move(*results->front()), text);
                        });
}

}  // namespace

void HandleCreateKey(const ApiContext& api, const ExchangePtr& exchange) {
  constexpr std::array<std::string_view, 4> kMembers = {"name", "user_id", "roles", "expires_at"};
  NewKey key;
  const auto prepare = [&]() -> Result<Command> {
    const Caller& caller = exchange->caller;
    if (caller.across_tenants) {
      return Fail(Code::kInvalidArgument, "tenant=* is for reading; name one tenant to write");
    }
    // Who may end keys may make them; the refusal speaks of what was asked for.
    if (auto may = Permit(caller, *exchange->entity, "revoke"); !may) {
      Error refused = std::move(may).error();
      if (refused.message.starts_with("revoke")) refused.message.replace(0, 6, "create");
      return Fail(std::move(refused));
    }
    const json::object body = TRY(exchange->JsonBody());
    TRY(CheckMembers(body, kMembers));
    const json::value* name = body.if_contains("name");
    if (name == nullptr) return BadField("name", "required", "is required: what the key is for");
    const json::value* roles = body.if_contains("roles");
    const json::value wanted = roles == nullptr ? json::value(json::array{"reader"}) : *roles;
    const UserRow user = TRY(UserOfKey(api, caller, body));
    TRY(CheckKeyRoles(caller, user, wanted));
    const json::value* expires = body.if_contains("expires_at");
    if (expires != nullptr) TRY(CheckExpiry(api, *expires));
    key = MakeKey(api.random);
    Command command;
    command.op = Command::Op::kCreate;
    command.entity = exchange->entity;
    command.trusted = true;
    command.body = RowOf(key, user, *name, wanted, expires == nullptr ? json::value() : *expires);
    return command;
  };
  auto command = prepare();
  if (!command) return exchange->Fail(command.error());
  auto replay = ReplayOf(*exchange);
  if (!replay) return exchange->Fail(replay.error());
  api.engine.Apply(exchange->caller, std::move(*command), std::move(*replay),
                   [exchange, text = key.key](Result<Outcome> outcome) {
                     if (!outcome) return exchange->Fail(outcome.error());
                     SendKey(*exchange, std::move(*outcome), text);
                   });
}

void HandleRotateKey(const ApiContext& api, const ExchangePtr& exchange) {
  auto rotation = PrepareRotation(api, *exchange);
  if (!rotation) return exchange->Fail(rotation.error());
  SendRotation(api, exchange, *std::move(rotation));
}

void HandleConnectorKey(const ApiContext& api, const ExchangePtr& exchange) {
  auto rotation = PrepareConnectorKey(api, *exchange);
  if (!rotation) return exchange->Fail(rotation.error());
  exchange->entity = rotation->commands.front().entity;  // the answer's Location is the key's
  SendRotation(api, exchange, *std::move(rotation));
}

}  // namespace tenon
