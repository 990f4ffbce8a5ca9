#include "services/openlineage/marquez_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/openlineage/names.h"

namespace tenon::openlineage {
namespace {

json::value TextOrNull(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? *value : json::value();
}

json::value OrNull(const std::string& text) {
  return text.empty() ? json::value() : json::value(text);
}

// "BATCH" or "STREAM" by the jobType facet, which is BATCH or STREAMING there.
std::string_view JobType(const json::object& facets) {
  const json::value type = TextOrNull(ObjectIn(facets, "jobType"), "processingType");
  return type.is_string() && type.get_string() == "STREAMING" ? "STREAM" : "BATCH";
}

std::string_view DatasetType(const NodeRow& node) {
  const std::string& space = node.name.space;
  return space.starts_with("kafka://") || space.starts_with("kinesis://") ||
                 space.starts_with("pubsub")
             ? "STREAM"
             : "DB_TABLE";
}

std::string_view RunStateOf(std::string_view state, const json::object& known) {
  if (state == "PENDING") return "NEW";
  if (state == "PROCESSING") return "RUNNING";
  if (state == "COMPLETED") return "COMPLETED";
  const json::value said = TextOrNull(known, "state");
  return said.is_string() && said.get_string() == "ABORT" ? "ABORTED" : "FAILED";
}

Result<json::object> ParseObject(std::string_view text) {
  json::value value = TRY(ParseJson(text));
  return value.is_object() ? std::move(value.get_object()) : json::object();
}

Result<std::string> TimeText(const Row& row, int column) {
  if (row.IsNull(column)) return std::string();
  static const model::Type kTime{.kind = model::TypeKind::kTime};
  return FormatTime(TRY(row.Get(column, kTime)).As<Time>());
}

json::array Versions(const json::object& known, std::string_view member) {
  json::array list;
  const json::value* entries = known.if_contains(member);
  if (entries == nullptr || !entries->is_array()) return list;
  for (const json::value& entry : entries->get_array()) {
    if (!entry.is_object()) continue;
    const json::object& dataset = entry.get_object();
    list.push_back(json::object{
        {"datasetVersionId", json::object{{"namespace", TextOrNull(dataset, "namespace")},
                                          {"name", TextOrNull(dataset, "name")},
                                          {"version", nullptr}}},
        {"facets", ObjectIn(dataset, "facets")}});
  }
  return list;
}

}  // namespace

std::string Marquez::Snapshot::Known(std::string_view member) const {
  if (reader.dialect() == Dialect::kSqlite) {
    return fmt::format("(metadata ->> '$.openlineage.{}')", member);
  }
  std::string path(member);
  std::ranges::replace(path, '.', ',');
  return fmt::format("(metadata #>> '{{openlineage,{}}}')", path);
}

Result<std::vector<NodeRow>> Marquez::Snapshot::Nodes(const std::string& where,
                                                      std::vector<Value> parameters,
                                                      const std::string& tail) {
  parameters.insert(parameters.begin(), Value(caller.tenant));
  std::vector<NodeRow> nodes;
  TRY(reader.Query(
      "SELECT id, type, description, created_at, updated_at, metadata FROM assets WHERE "
      "tenant_id = $1 AND deleted_at IS NULL AND " +
          where + tail,
      parameters, [&](const Row& row) -> Result<bool> {
        const json::object metadata = TRY(ParseObject(row.Text(5)));
        const json::object& known = ObjectIn(metadata, "openlineage");
        const json::value space = TextOrNull(known, "namespace");
        const json::value name = TextOrNull(known, "name");
        if (!space.is_string() || !name.is_string()) return true;
        NodeRow node;
        node.id = row.Text(0);
        node.is_job = row.Text(1) == "JOB";
        node.name = {std::string(space.get_string()), std::string(name.get_string())};
        if (!row.IsNull(2)) node.description = row.Text(2);
        node.created_at = TRY(TimeText(row, 3));
        node.updated_at = TRY(TimeText(row, 4));
        node.facets = ObjectIn(known, "facets");
        nodes.push_back(std::move(node));
        return true;
      }));
  return nodes;
}

Result<std::int64_t> Marquez::Snapshot::Count(const std::string& table, const std::string& where,
                                              std::vector<Value> parameters) {
  parameters.insert(parameters.begin(), Value(caller.tenant));
  std::int64_t count = 0;
  TRY(reader.Query("SELECT count(*) FROM " + table + " WHERE tenant_id = $1 AND " + where,
                   parameters, [&](const Row& row) -> Result<bool> {
                     count = row.Int(0);
                     return false;
                   }));
  return count;
}

Result<NodeRow> Marquez::Snapshot::Node(const Name& name, bool is_job) {
  auto nodes = TRY(Nodes("qualified_name = $2", {Value(QualifiedName(name, is_job))}));
  if (nodes.empty() || nodes[0].is_job != is_job) {
    return Fail(Code::kNotFound, fmt::format("there is no {} {} in {}", is_job ? "job" : "dataset",
                                             name.name, name.space));
  }
  return std::move(nodes[0]);
}

Result<NodeRow> Marquez::Snapshot::NodeById(const std::string& node) {
  const bool is_job = node.starts_with("job:");
  if (!is_job && !node.starts_with("dataset:")) {
    return Fail(Code::kInvalidArgument,
                "nodeId must be job:NAMESPACE:NAME or dataset:NAMESPACE:NAME");
  }
  const std::string rest = node.substr(node.find(':') + 1);
  int tries = 0;
  for (std::size_t at = rest.rfind(':'); at != std::string::npos && at > 0 && tries < 16;
       at = rest.rfind(':', at - 1), ++tries) {
    auto found = Node({rest.substr(0, at), rest.substr(at + 1)}, is_job);
    if (found || found.error().code != Code::kNotFound) return found;
  }
  return Fail(Code::kNotFound, "there is no node " + node.substr(0, 500));
}

Result<std::vector<NodeRow>> Marquez::Snapshot::Ends(const NodeRow& node, std::string_view kind,
                                                     bool outgoing) {
  return Nodes(fmt::format("id IN (SELECT {} FROM relationships WHERE tenant_id = $1 AND {} = $2 "
                           "AND type = $3)",
                           outgoing ? "target_asset_id" : "source_asset_id",
                           outgoing ? "source_asset_id" : "target_asset_id"),
               {Value(Uuid::Parse(node.id).value_or(Uuid{})), Value(kind)},
               fmt::format(" ORDER BY qualified_name LIMIT {}", kMarquezNodesMax));
}

Result<std::vector<json::object>> Marquez::Snapshot::Runs(const std::string& where,
                                                          std::vector<Value> parameters,
                                                          const std::string& tail) {
  parameters.insert(parameters.begin(), Value(caller.tenant));
  std::vector<json::object> runs;
  TRY(reader.Query(
      "SELECT correlation_id, current_state, started_at, completed_at, execution_time_ms, "
      "metadata FROM workflow_executions WHERE tenant_id = $1 AND " +
          where + tail,
      parameters, [&](const Row& row) -> Result<bool> {
        const json::object metadata = TRY(ParseObject(row.Text(5)));
        const json::object& known = ObjectIn(metadata, "openlineage");
        const json::object& facets = ObjectIn(known, "facets");
        const std::string started = TRY(TimeText(row, 2));
        const std::string ended = TRY(TimeText(row, 3));
        const json::object& nominal = ObjectIn(facets, "nominalTime");
        json::object run{{"id", row.Text(0)},
                         {"createdAt", started},
                         {"updatedAt", ended.empty() ? started : ended},
                         {"nominalStartTime", TextOrNull(nominal, "nominalStartTime")},
                         {"nominalEndTime", TextOrNull(nominal, "nominalEndTime")},
                         {"state", RunStateOf(row.Text(1), known)},
                         {"startedAt", started},
                         {"endedAt", OrNull(ended)},
                         {"durationMs", row.IsNull(4) ? json::value() : json::value(row.Int(4))},
                         {"args", json::object()}};
        json::object version = ObjectIn(known, "job");
        version["version"] = nullptr;
        run["jobVersion"] = std::move(version);
        run["inputDatasetVersions"] = Versions(known, "inputs");
        run["outputDatasetVersions"] = Versions(known, "outputs");
        run["facets"] = facets;
        runs.push_back(std::move(run));
        return true;
      }));
  return runs;
}

Result<std::vector<json::object>> Marquez::Snapshot::RunsOf(const Name& job, MarquezPage page) {
  // By workflow_type first, which has an index.
  return Runs("workflow_type = $2 AND " + Known("job.name") + " = $3 AND " +
                  Known("job.namespace") + " = $4",
              {Value(Shortened(job.name, 100)), Value(job.name), Value(job.space)},
              fmt::format(" ORDER BY started_at DESC LIMIT {} OFFSET {}", page.limit, page.offset));
}

Result<json::object> Marquez::Snapshot::JobOf(const NodeRow& node) {
  json::array inputs, outputs;
  for (const NodeRow& input : TRY(Ends(node, kUses, true))) inputs.push_back(input.Id());
  for (const NodeRow& output : TRY(Ends(node, kProduces, true))) outputs.push_back(output.Id());
  const auto parents = TRY(Ends(node, kContains, false));
  json::array runs;
  for (json::object& run : TRY(RunsOf(node.name, {10, 0}))) runs.push_back(std::move(run));
  const std::size_t dot = node.name.name.rfind('.');
  json::object job{
      {"id", node.Id()},
      {"type", JobType(node.facets)},
      {"name", node.name.name},
      {"simpleName", dot == std::string::npos ? node.name.name : node.name.name.substr(dot + 1)},
      {"createdAt", node.created_at},
      {"updatedAt", node.updated_at},
      {"namespace", node.name.space},
      {"inputs", std::move(inputs)},
      {"outputs", std::move(outputs)},
      {"location", TextOrNull(ObjectIn(node.facets, "sourceCodeLocation"), "url")},
      {"description", OrNull(node.description)}};
  // Null and not an empty list where there is none: Marquez's page folds the list.
  job["latestRun"] = runs.empty() ? json::value() : runs[0];
  job["latestRuns"] = runs.empty() ? json::value() : json::value(std::move(runs));
  job["parentJobName"] = parents.empty() ? json::value() : json::value(parents[0].name.name);
  job["parentJobUuid"] = parents.empty() ? json::value() : json::value(parents[0].id);
  job["currentVersion"] = nullptr;
  job["labels"] = json::array();
  job["tags"] = json::array();
  job["facets"] = node.facets;
  return job;
}

Result<json::array> Marquez::Snapshot::FieldsOf(const NodeRow& node) {
  const std::vector<Value> parameters = {Value(caller.tenant),
                                         Value(Uuid::Parse(node.id).value_or(Uuid{}))};
  json::array fields;
  TRY(reader.Query(
      "SELECT name, type, metadata FROM schemas WHERE tenant_id = $1 AND asset_id = $2 "
      "ORDER BY \"order\", name",
      parameters, [&](const Row& row) -> Result<bool> {
        const json::object metadata = TRY(ParseObject(row.Text(2)));
        fields.push_back(json::object{{"name", row.Text(0)},
                                      {"type", row.Text(1)},
                                      {"tags", json::array()},
                                      {"description", TextOrNull(metadata, "description")}});
        return true;
      }));
  return fields;
}

Result<json::object> Marquez::Snapshot::DatasetOf(const NodeRow& node) {
  const json::value source = TextOrNull(ObjectIn(node.facets, "dataSource"), "name");
  json::object dataset{
      {"id", node.Id()},
      {"type", DatasetType(node)},
      {"name", node.name.name},
      {"physicalName", node.name.name},
      {"createdAt", node.created_at},
      {"updatedAt", node.updated_at},
      {"namespace", node.name.space},
      {"sourceName", source.is_string() ? source : json::value(node.name.space)},
      {"fields", TRY(FieldsOf(node))},
      {"tags", json::array()},
      {"lastModifiedAt", node.updated_at},
      {"lastLifecycleState",
       TextOrNull(ObjectIn(node.facets, "lifecycleStateChange"), "lifecycleStateChange")},
      {"description", OrNull(node.description)},
      {"currentVersion", nullptr},
      {"columnLineage", nullptr},
      {"facets", node.facets},
      {"deleted", false}};
  return dataset;
}

}  // namespace tenon::openlineage
