#include "services/jobs/connector.h"

#include <fmt/format.h>

#include <array>

#include "auth/identity.h"
#include "base/hash.h"
#include "base/text.h"
#include "services/ingest/json_fields.h"

namespace tenon::jobs {

using ingest::ObjectIn;
using ingest::TextIn;

Caller ConnectorsCaller(const Uuid& tenant) {
  Caller caller = SystemCaller(tenant, "");
  caller.user_agent = "tenon connectors";
  return caller;
}

Command EventOf(const model::Entity& entity, std::string id, std::string event, json::object body) {
  Command command;
  command.op = Command::Op::kEvent;
  command.entity = &entity;
  command.id = std::move(id);
  command.event = std::move(event);
  command.body = std::move(body);
  return command;
}

Result<void> FireEvent(Engine& engine, const Connector& connector, const std::string& event,
                       json::object body) {
  const model::Entity& entity = *engine.model().FindTable("connector_configs");
  auto fired = engine.ApplyAndWait(ConnectorsCaller(connector.tenant),
                                   EventOf(entity, connector.id, event, std::move(body)));
  if (!fired) return Fail(std::move(fired).error());
  return {};
}

Result<Caller> WriterOf(const IngestDeps& deps, const Connector& connector) {
  Caller writer = ConnectorsCaller(connector.tenant);
  if (connector.created_by.IsNil()) return writer;
  if (!TRY(deps.directory.UserById(connector.tenant, connector.created_by))) {
    return Fail(Code::kForbidden, "the user who made the connector is gone");
  }
  writer.user = connector.created_by;
  writer.user_tenant = Uuid();
  writer.roles =
      static_cast<std::uint8_t>(Role::kReader) | static_cast<std::uint8_t>(Role::kWriter);
  return writer;
}

Result<Connector> LoadConnector(const IngestDeps& deps, const Uuid& tenant, const std::string& id) {
  const model::Entity* entity = deps.engine.model().FindTable("connector_configs");
  if (entity == nullptr) return Fail(Code::kNotFound, "the models have no connector_configs");
  const GetResult found = TRY(deps.engine.Get(ConnectorsCaller(tenant), *entity, id, {}));
  const json::value parsed = TRY(ParseJson(found.body));
  const json::object& row = parsed.as_object();
  Connector connector{.tenant = tenant,
                      .id = TextIn(row, "connector_id"),
                      .name = TextIn(row, "name"),
                      .type = TextIn(row, "type"),
                      .status = TextIn(row, "status"),
                      .created_by = Uuid::Parse(TextIn(row, "created_by")).value_or(Uuid()),
                      .heartbeat_sla = Duration(0),
                      .config = {}};
  if (const auto sla = ParseDuration(TextIn(row, "heartbeat_sla"))) connector.heartbeat_sla = *sla;
  std::string text;
  const std::array<Value, 2> parameters = {Value(tenant), Value(*Uuid::Parse(connector.id))};
  TRY(deps.engine.store().Read({.tenant = tenant, .across_tenants = true}, [&](Reader& reader) {
    return reader.Query(
        "SELECT config FROM connector_configs WHERE org_id = $1 AND connector_id = $2", parameters,
        [&](const ::tenon::Row& stored) -> Result<bool> {
          text = stored.Text(0);
          return false;
        });
  }));
  const json::value config = TRY(ParseJson(text));
  if (config.is_object()) connector.config = config.get_object();
  const auto open = [&](json::object& object, std::string_view name) -> Result<void> {
    const std::string sealed = TextIn(object, name);
    if (sealed.empty()) return {};
    if (deps.vault == nullptr) {
      return Fail(Code::kUnavailable,
                  "ENCRYPTION_KEY is not set: the connector's secrets stay sealed");
    }
    object[name] = TRY(deps.vault->Open(sealed));
    return {};
  };
  TRY(open(connector.config, "api_key"));
  TRY(open(connector.config, "password"));
  if (json::value* auth = connector.config.if_contains("auth"); auth != nullptr) {
    if (auth->is_object()) TRY(open(auth->get_object(), "value"));
  }
  return connector;
}

Result<ingest::PageRules> RulesOf(const Connector& connector) {
  const json::object& config = connector.config;
  if (connector.type != "http") {
    return Fail(Code::kInvalidField,
                fmt::format("a connector of type {} is not polled over HTTP", connector.type));
  }
  if (const std::string method = TextIn(config, "method"); !method.empty() && method != "GET") {
    return Fail(Code::kInvalidField, "config.method: only GET is polled");
  }
  ingest::PageRules rules;
  rules.url = TextIn(config, "url");
  rules.items = TextIn(config, "item_path");
  rules.next_path = TextIn(config, "next_page");
  rules.parameter = TextIn(config, "page_parameter");
  rules.next =
      rules.parameter.empty() ? ingest::PageRules::Next::kLink : ingest::PageRules::Next::kCursor;
  for (const auto& member : ObjectIn(config, "headers")) {
    if (member.value().is_string()) {
      rules.headers.emplace_back(member.key(), member.value().get_string());
    }
  }
  const json::object& auth = ObjectIn(config, "auth");
  const std::string type = TextIn(auth, "type");
  const std::string value = TextIn(auth, "value");
  std::string key = TextIn(config, "api_key");
  if (type == "bearer") key = value;
  if (type == "basic") {
    rules.headers.emplace_back("Authorization",
                               "Basic " + ToBase64(TextIn(auth, "user") + ":" + value));
  } else if (type == "header") {
    rules.headers.emplace_back(TextIn(auth, "header"), value);
  } else if (!key.empty()) {
    rules.headers.emplace_back("Authorization", "Bearer " + key);
  }
  return rules;
}

Result<net::KafkaOptions> KafkaOptionsOf(const Connector& connector) {
  const json::object& config = connector.config;
  if (connector.type != "kafka") {
    return Fail(Code::kInvalidField,
                fmt::format("a connector of type {} consumes no topics", connector.type));
  }
  net::KafkaOptions options;
  options.brokers = ingest::TextsIn(config, "brokers");
  options.topics = ingest::TextsIn(config, "topics");
  options.group = TextIn(config, "group");
  if (options.group.empty()) options.group = "tenon-" + connector.id;
  if (std::string security = TextIn(config, "security"); !security.empty()) {
    options.security = std::move(security);
  }
  options.mechanism = TextIn(config, "mechanism");
  options.username = TextIn(config, "username");
  options.password = TextIn(config, "password");
  options.from_latest = TextIn(config, "from") == "latest";
  return options;
}

ingest::ItemMapping MappingOf(const Connector& connector) {
  ingest::ItemMapping mapping;
  mapping.origin = "connector:" + connector.id;
  mapping.key = TextIn(connector.config, "item_key");
  if (mapping.key.empty()) mapping.key = connector.type == "kafka" ? "@key" : "id";
  if (std::string table = TextIn(connector.config, "entity"); !table.empty()) {
    mapping.table = std::move(table);
  }
  const bool nodes = mapping.table == "graph_nodes";
  for (const auto& member : ObjectIn(connector.config, "fields")) {
    if (member.value().is_string()) {
      const std::string_view field = member.key();
      mapping.fields.emplace_back(member.value().get_string(),
                                  nodes ? fmt::format("properties.{}", field) : std::string(field));
    }
  }
  if (nodes) {
    if (mapping.fields.empty()) mapping.fields.emplace_back(".", "properties");
    const std::string type = TextIn(connector.config, "node_type");
    mapping.constants.emplace_back("type", type.empty() ? "DOCUMENT" : type);
  }
  for (const auto& member : ObjectIn(connector.config, "set")) {
    if (member.value().is_string()) {
      mapping.constants.emplace_back(member.key(), member.value().get_string());
    }
  }
  return mapping;
}

}  // namespace tenon::jobs
