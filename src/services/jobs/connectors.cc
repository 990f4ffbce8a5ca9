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
constexpr std::size_t kErrorMax = 2000;
constexpr std::size_t kRefusedMax = 1000;  // of one turn that are listed; the rest is counted
constexpr std::chrono::seconds kKafkaValidation{20};

json::array AdviceFor(const std::string& type, const std::string& id) {
  json::array advice;
  advice.emplace_back("see what it says: tenon connectors errors " + id);
  if (type == "http") {
    advice.emplace_back("try its settings: POST /v1/connector_configs/" + id + ":validate");
    advice.emplace_back("look at its last turns: tenon tasks --all --type METADATA_SYNC");
  } else if (type == "kafka") {
    advice.emplace_back("try its settings: POST /v1/connector_configs/" + id + ":validate");
    advice.emplace_back("see how far it came: tenon connectors lag " + id);
  } else {
    advice.emplace_back("see that its process runs and reaches both its source and this server");
  }
  advice.emplace_back("when it is mended: tenon connectors resume " + id);
  return advice;
}

// What a turn that failed so will not mend by itself.
bool IsFinal(const Error& error) {
  return error.code == Code::kForbidden || error.code == Code::kNotFound ||
         error.code == Code::kInvalidArgument || error.code == Code::kInvalidField;
}

}  // namespace

Result<std::vector<Connectors::Row>> Connectors::Find(const std::string& filter) {
  std::vector<Row> rows;
  const model::Entity* entity = deps_.engine.model().FindTable("connector_configs");
  if (entity == nullptr) return rows;
  Caller everywhere = ConnectorsCaller(SystemTenantId());
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
    TRY(writer.Run(ConnectorsCaller(row.tenant), poll));
    if (given) TRY(writer.Run(ConnectorsCaller(row.tenant), task));
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
    TRY(writer.Run(ConnectorsCaller(row.tenant), mark));
    TRY(writer.Run(ConnectorsCaller(row.tenant), task));
    return {};
  });
  if (done) return true;
  if (done.error().code == Code::kConflict || done.error().code == Code::kNotFound) return false;
  return Fail(done.error());
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

void Connectors::Failed(const Connector& connector, const Error& error) {
  (void)reports_.Failed(connector.tenant, connector.id, place_.worker, error);
  json::object report{{"state", "FAILED"}, {"trace", Ellipsis(error.message, kErrorMax)}};
  (void)reports_.Worker(connector.tenant, connector.id, place_.worker, std::move(report));
}

Result<json::value> Connectors::Run(const ConnectorRequest& request) {
  const Connector connector = TRY(LoadConnector(deps_, request.tenant, request.connector));
  if (request.validate) {
    auto valid = Validate(connector, request);
    if (!valid) Failed(connector, valid.error());
    return valid;
  }
  if (connector.status != "active") {
    return json::value{{"connector_id", connector.id}, {"skipped", connector.status}};
  }
  auto polled = Poll(connector, request);
  if (!polled) {
    Failed(connector, polled.error());
    if (IsFinal(polled.error())) {
      (void)FireEvent(deps_.engine, connector, "fail",
                      {{"error_message", Ellipsis(polled.error().message, kErrorMax)}});
    }
  }
  return polled;
}

Result<json::value> Connectors::ValidateKafka(const Connector& connector) {
  net::KafkaOptions options = TRY(KafkaOptionsOf(connector));
  options.ca_file = place_.ca_file;
  const std::string table = MappingOf(connector).table;
  if (deps_.engine.model().FindTable(table) == nullptr) {
    return Fail(Code::kInvalidField, fmt::format("config.entity: there is no table {}", table));
  }
  const net::ClientDeps network = TRY(deps_.net());
  const auto consumer = TRY(net::KafkaConsumer::Open(std::move(options), network.policy));
  TRY(consumer->Validate(kKafkaValidation));
  TRY(FireEvent(deps_.engine, connector, "validated", {}));
  return json::value{{"connector_id", connector.id}};
}

Result<json::value> Connectors::Validate(const Connector& connector,
                                         const ConnectorRequest& request) {
  if (connector.type == "kafka") return ValidateKafka(connector);
  const auto pager = TRY(ingest::Pager::Open(TRY(RulesOf(connector)), TRY(Network(request)), {}));
  ingest::Page page;
  TRY(pager->Next(page));
  if (!page.items.empty()) {
    auto row = ingest::RowOf(MappingOf(connector), page.items.front());
    if (!row) return Fail(std::move(row).error().In("the first item"));
  }
  TRY(FireEvent(deps_.engine, connector, "validated", {}));
  return json::value{{"connector_id", connector.id}, {"items", page.items.size()}};
}

Result<json::value> Connectors::Poll(const Connector& connector, const ConnectorRequest& request) {
  const auto pager = TRY(ingest::Pager::Open(TRY(RulesOf(connector)), TRY(Network(request)), {}));
  EngineTarget target(deps_.engine, TRY(WriterOf(deps_, connector)));
  std::string first_reject;
  std::vector<Refusal> refused;
  ingest::PipelineHooks hooks;
  hooks.cancelled = request.cancelled;
  hooks.reject = [&](const json::object& reject) {
    if (first_reject.empty())
      first_reject = TextIn(reject, "where") + ": " + TextIn(reject, "reason");
    if (refused.size() < kRefusedMax) refused.push_back({ids_.V7().ToString(), reject});
  };
  ingest::PipelineOptions options;
  options.keep_missing = true;  // a poll is news, not the whole
  ingest::Pipeline pipeline(target, std::move(options), std::move(hooks));
  pipeline.Begin("connector:" + connector.id, {});
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
  TRY(reports_.Refuse(connector.tenant, connector.id, refused));
  json::object report{{"state", "RUNNING"}, {"metrics", metrics}, {"pages", page.number}};
  (void)reports_.Worker(connector.tenant, connector.id, place_.worker, std::move(report));
  // Somebody may have paused it meanwhile, which is no failure of the turn.
  (void)FireEvent(deps_.engine, connector, "heartbeat", {{"metrics", metrics}});
  return json::value{{"connector_id", connector.id}, {"metrics", std::move(metrics)}};
}

}  // namespace tenon::jobs
