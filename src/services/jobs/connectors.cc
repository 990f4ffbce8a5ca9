#include "services/jobs/connectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <thread>

#include "auth/identity.h"
#include "base/hash.h"
#include "base/text.h"
#include "engine/engine_writer.h"
#include "services/ingest/json_fields.h"
#include "services/ingest/pipeline.h"
#include "services/jobs/engine_target.h"

namespace tenon::jobs {
namespace {

using ingest::ObjectIn;
using ingest::TextIn;

constexpr int kAtOnce = 100;
constexpr std::chrono::seconds kIntervalMin{5};
constexpr std::chrono::hours kIntervalOfPushed{24 * 365};
constexpr int kRemediationPriority = 10;
constexpr std::string_view kAgent = "tenon connectors";

Caller CallerFor(const Uuid& tenant) {
  Caller caller = SystemCaller(tenant, "");
  caller.user_agent = kAgent;
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

json::array AdviceFor(const std::string& type, const std::string& id) {
  json::array advice;
  advice.emplace_back(fmt::format("see what it says: tenon get connector_configs {}", id));
  if (type == "http") {
    advice.emplace_back("try its settings: POST /v1/connector_configs/" + id + ":validate");
    advice.emplace_back("look at its last turns: tenon tasks --all --type METADATA_SYNC");
  } else {
    advice.emplace_back("see that its process runs and reaches both its source and this server");
  }
  advice.emplace_back(fmt::format("when it is mended: tenon do connector_configs/{} resume", id));
  return advice;
}

// What a turn that failed so will not mend by itself.
bool IsFinal(const Error& error) {
  return error.code == Code::kForbidden || error.code == Code::kNotFound ||
         error.code == Code::kInvalidArgument || error.code == Code::kInvalidField;
}

}  // namespace

Result<ingest::PageRules> RulesOf(const Connector& connector) {
  const json::object& config = connector.config;
  if (connector.type != "http") {
    return Fail(Code::kInvalidField,
                fmt::format("a connector of type {} is read by a process of its own, which reports "
                            "by heartbeats",
                            connector.type));
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

ingest::ItemMapping MappingOf(const Connector& connector) {
  ingest::ItemMapping mapping;
  mapping.origin = "connector:" + connector.id;
  mapping.key = TextIn(connector.config, "item_key");
  if (mapping.key.empty()) mapping.key = "id";
  for (const auto& member : ObjectIn(connector.config, "fields")) {
    if (member.value().is_string()) {
      mapping.fields.emplace_back(member.value().get_string(),
                                  fmt::format("properties.{}", std::string_view(member.key())));
    }
  }
  if (mapping.fields.empty()) mapping.fields.emplace_back(".", "properties");
  const std::string type = TextIn(connector.config, "node_type");
  mapping.constants = {{"type", type.empty() ? "DOCUMENT" : type}};
  return mapping;
}

Result<std::vector<Connectors::Row>> Connectors::Find(const std::string& filter) {
  std::vector<Row> rows;
  const model::Entity* entity = deps_.engine.model().FindTable("connector_configs");
  if (entity == nullptr) return rows;
  Caller everywhere = CallerFor(SystemTenantId());
  everywhere.across_tenants = true;
  ListQuery query;
  query.filter = filter;
  query.page_size = kAtOnce;
  json::value page = TRY(ParseJson(TRY(deps_.engine.List(everywhere, *entity, query))));
  for (json::value& item : page.as_object().at("items").as_array()) {
    const auto tenant = Uuid::Parse(TextIn(item.as_object(), "org_id"));
    if (tenant) rows.push_back({*tenant, std::move(item.as_object())});
  }
  return rows;
}

Result<int> Connectors::Tick() {
  int made = 0;
  for (const Row& row : TRY(Find("status = active and type = http and next_poll_at <= now()"))) {
    if (TRY(MakePoll(row))) ++made;
  }
  for (const Row& row : TRY(Find("status = error and remediation_id is null"))) {
    if (TRY(MakeRemediation(row))) ++made;
  }
  return made;
}

// The event is what only one node gets through; its task stands and falls with it.
Result<bool> Connectors::MakePoll(const Row& row) {
  const std::string id = TextIn(row.row, "connector_id");
  const auto given = ParseDuration(TextIn(ObjectIn(row.row, "config"), "poll_interval"));
  const Duration interval =
      given ? std::max<Duration>(*given, kIntervalMin) : Duration(kIntervalOfPushed);
  const model::Model& model = deps_.engine.model();
  const Command poll = EventOf(*model.FindTable("connector_configs"), id, "poll",
                               {{"interval", FormatDuration(interval)}});
  Command task;
  task.entity = model.FindTable("background_tasks");
  task.body = {{"type", "METADATA_SYNC"},
               {"max_retries", 0},
               {"payload", json::object{{"connector_id", id}}}};
  const auto done = deps_.engine.Write([&](EngineWriter& writer) -> Result<void> {
    TRY(writer.Run(CallerFor(row.tenant), poll));
    if (given) TRY(writer.Run(CallerFor(row.tenant), task));
    return {};
  });
  if (done) return given.has_value();
  // Another node was faster, or somebody paused it.
  if (done.error().code == Code::kConflict || done.error().code == Code::kNotFound) return false;
  return Fail(done.error());
}

Result<bool> Connectors::MakeRemediation(const Row& row) {
  const std::string id = TextIn(row.row, "connector_id");
  const std::string type = TextIn(row.row, "type");
  const std::string task_id = ids_.V7().ToString();
  const model::Model& model = deps_.engine.model();
  const Command mark =
      EventOf(*model.FindTable("connector_configs"), id, "remediate", {{"task", task_id}});
  Command task;
  task.entity = model.FindTable("background_tasks");
  task.body = {{"id", task_id},
               {"type", "REMEDIATION"},
               {"priority", kRemediationPriority},
               {"max_retries", 0},
               {"payload", json::object{{"connector_id", id},
                                        {"what", fmt::format("connector '{}' is in error: {}",
                                                             TextIn(row.row, "name"),
                                                             TextIn(row.row, "error_message"))},
                                        {"try", AdviceFor(type, id)}}}};
  const auto done = deps_.engine.Write([&](EngineWriter& writer) -> Result<void> {
    TRY(writer.Run(CallerFor(row.tenant), mark));
    TRY(writer.Run(CallerFor(row.tenant), task));
    return {};
  });
  if (done) return true;
  if (done.error().code == Code::kConflict || done.error().code == Code::kNotFound) return false;
  return Fail(done.error());
}

Result<Connector> Connectors::Load(const ConnectorRequest& request) {
  const model::Entity* entity = deps_.engine.model().FindTable("connector_configs");
  if (entity == nullptr) return Fail(Code::kNotFound, "the models have no connector_configs");
  const GetResult found =
      TRY(deps_.engine.Get(CallerFor(request.tenant), *entity, request.connector, {}));
  const json::value parsed = TRY(ParseJson(found.body));
  const json::object& row = parsed.as_object();
  Connector connector{.tenant = request.tenant,
                      .id = TextIn(row, "connector_id"),
                      .name = TextIn(row, "name"),
                      .type = TextIn(row, "type"),
                      .status = TextIn(row, "status"),
                      .created_by = Uuid::Parse(TextIn(row, "created_by")).value_or(Uuid()),
                      .config = {}};
  std::string text;
  const std::array<Value, 2> parameters = {Value(request.tenant),
                                           Value(*Uuid::Parse(connector.id))};
  TRY(deps_.engine.store().Read(
      {.tenant = request.tenant, .across_tenants = true}, [&](Reader& reader) {
        return reader.Query(
            "SELECT config FROM connector_configs WHERE org_id = $1 AND connector_id = $2",
            parameters, [&](const ::tenon::Row& stored) -> Result<bool> {
              text = stored.Text(0);
              return false;
            });
      }));
  const json::value config = TRY(ParseJson(text));
  if (config.is_object()) connector.config = config.get_object();
  const auto open = [&](json::object& object, std::string_view name) -> Result<void> {
    const std::string sealed = TextIn(object, name);
    if (sealed.empty()) return {};
    if (deps_.vault == nullptr) {
      return Fail(Code::kUnavailable,
                  "ENCRYPTION_KEY is not set: the connector's secrets stay sealed");
    }
    object[name] = TRY(deps_.vault->Open(sealed));
    return {};
  };
  TRY(open(connector.config, "api_key"));
  if (json::value* auth = connector.config.if_contains("auth"); auth != nullptr) {
    if (auth->is_object()) TRY(open(auth->get_object(), "value"));
  }
  return connector;
}

Result<void> Connectors::Fire(const Connector& connector, const std::string& event,
                              json::object body) {
  const model::Entity& entity = *deps_.engine.model().FindTable("connector_configs");
  auto fired = deps_.engine.ApplyAndWait(CallerFor(connector.tenant),
                                         EventOf(entity, connector.id, event, std::move(body)));
  if (!fired) return Fail(std::move(fired).error());
  return {};
}

Result<ingest::PagerDeps> Connectors::Network(const ConnectorRequest& request) {
  const auto wait = [cancelled = request.cancelled](std::chrono::milliseconds time) {
    const auto until = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < until) {
      if (cancelled()) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return !cancelled();
  };
  return ingest::PagerDeps{.net = TRY(deps_.net()),
                           .clock = deps_.engine.clock(),
                           .random = deps_.random,
                           .wait = wait,
                           .cancelled = request.cancelled,
                           .note = {}};
}

Result<json::value> Connectors::Run(const ConnectorRequest& request) {
  const Connector connector = TRY(Load(request));
  if (request.validate) return Validate(connector, request);
  if (connector.status != "active") {
    return json::value{{"connector_id", connector.id}, {"skipped", connector.status}};
  }
  auto polled = Poll(connector, request);
  if (!polled && IsFinal(polled.error())) {
    (void)Fire(connector, "fail", {{"error_message", Ellipsis(polled.error().message, 2000)}});
  }
  return polled;
}

Result<json::value> Connectors::Validate(const Connector& connector,
                                         const ConnectorRequest& request) {
  const auto pager = TRY(ingest::Pager::Open(TRY(RulesOf(connector)), TRY(Network(request)), {}));
  ingest::Page page;
  TRY(pager->Next(page));
  if (!page.items.empty()) {
    auto row = ingest::RowOf(MappingOf(connector), page.items.front());
    if (!row) return Fail(std::move(row).error().In("the first item"));
  }
  TRY(Fire(connector, "validated", {}));
  return json::value{{"connector_id", connector.id}, {"items", page.items.size()}};
}

Result<json::value> Connectors::Poll(const Connector& connector, const ConnectorRequest& request) {
  const auto pager = TRY(ingest::Pager::Open(TRY(RulesOf(connector)), TRY(Network(request)), {}));
  Caller writer = CallerFor(connector.tenant);
  if (!connector.created_by.IsNil()) {
    writer.user = connector.created_by;
    writer.user_tenant = Uuid();
    writer.roles =
        static_cast<std::uint8_t>(Role::kReader) | static_cast<std::uint8_t>(Role::kWriter);
  }
  EngineTarget target(deps_.engine, writer);
  std::string first_reject;
  ingest::PipelineHooks hooks;
  hooks.cancelled = request.cancelled;
  hooks.reject = [&](const json::object& reject) {
    if (first_reject.empty())
      first_reject = TextIn(reject, "where") + ": " + TextIn(reject, "reason");
  };
  ingest::PipelineOptions options;
  options.keep_missing = true;  // a poll is news, not the whole
  ingest::Pipeline pipeline(target, std::move(options), std::move(hooks));
  pipeline.Begin("connector:" + connector.id);
  const ingest::ItemMapping mapping = MappingOf(connector);
  ingest::Page page;
  while (!request.cancelled() && TRY(pager->Next(page))) {
    std::uint64_t number = 0;
    for (const json::value& item : page.items) {
      const ingest::Position at{.offset = 0, .line = ++number};
      const std::string where = fmt::format("page {}, item {}", page.number, number);
      auto row = ingest::RowOf(mapping, item);
      if (!row) {
        TRY(pipeline.Reject(at, where, row.error().message, ""));
        continue;
      }
      TRY(pipeline.Put(
          {.table = mapping.table, .fields = *std::move(row), .at = at, .where = where}));
    }
  }
  TRY(pipeline.Finish());
  const ingest::JobMetrics& done = pipeline.metrics();
  json::object metrics{{"rows_read", done.rows_read},
                       {"rows_written", done.rows_written},
                       {"rows_unchanged", done.rows_skipped},
                       {"rows_rejected", done.rows_failed}};
  ingest::PutUnlessEmpty(metrics, "first_reject", first_reject);
  deps_.stats.Count("connector", {}, done);
  // Somebody may have paused it meanwhile, which is no failure of the turn.
  (void)Fire(connector, "heartbeat", {{"metrics", metrics}});
  return json::value{{"connector_id", connector.id}, {"metrics", std::move(metrics)}};
}

}  // namespace tenon::jobs
