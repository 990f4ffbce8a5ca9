// Lists and single things.
#include <fmt/format.h>

#include <array>
#include <utility>

#include "services/openlineage/marquez_rows.h"
#include "services/openlineage/names.h"

namespace tenon::openlineage {
namespace {

std::string TailOf(MarquezPage page, std::string_view order = "qualified_name") {
  return fmt::format(" ORDER BY {} LIMIT {} OFFSET {}", order, page.limit, page.offset);
}

// A condition that finds assets of one namespace, or of all, by the index on qualified_name as far
// as that goes; and what it is about exactly.
struct Wanted {
  std::string where;
  std::vector<Value> parameters;
};

json::object NamespaceOf(const std::string& name, const std::string& created,
                         const std::string& updated) {
  return {{"name", name},           {"createdAt", created},
          {"updatedAt", updated},   {"ownerName", "anonymous"},
          {"description", nullptr}, {"isHidden", false}};
}

Error NotThere(std::string_view what, const std::string& name) {
  return {Code::kNotFound, fmt::format("there is no {} {}", what, name.substr(0, 500))};
}

}  // namespace

// A friend's view of Snapshot, which is private to Marquez.
struct MarquezLists {
  using Snapshot = Marquez::Snapshot;

  static Wanted InNamespace(const Snapshot& snapshot, const std::string& space, bool is_job) {
    const std::string type = is_job ? "type = 'JOB'" : "type <> 'JOB'";
    const std::string known = snapshot.Known("namespace");
    if (space.empty()) return {type + " AND " + known + " IS NOT NULL", {}};
    const std::string prefix = (is_job ? "job:" : "") + space + "/";
    std::string end = prefix;
    end.back() = static_cast<char>('/' + 1);
    // Shortened names keep their beginning, so that the range holds for them while it is short.
    if (prefix.size() > 400) return {type + " AND " + known + " = $2", {Value(space)}};
    return {"qualified_name >= $2 AND qualified_name < $3 AND " + type + " AND " + known + " = $4",
            {Value(prefix), Value(end), Value(space)}};
  }

  static Result<json::array> Namespaces(Snapshot& snapshot, const std::string& only) {
    const std::string known = snapshot.Known("namespace");
    std::vector<Value> parameters = {Value(snapshot.caller.tenant)};
    std::string where = known + " IS NOT NULL";
    if (!only.empty()) {
      where = known + " = $2";
      parameters.emplace_back(only);
    }
    json::array list;
    const model::Type time{.kind = model::TypeKind::kTime};
    TRY(snapshot.reader.Query(
        fmt::format("SELECT {0} AS space, min(created_at), max(updated_at) FROM assets WHERE "
                    "tenant_id = $1 AND deleted_at IS NULL AND {1} GROUP BY {0} ORDER BY {0} "
                    "LIMIT 10000",
                    known, where),
        parameters, [&](const Row& row) -> Result<bool> {
          list.push_back(NamespaceOf(std::string(row.Text(0)),
                                     FormatTime(TRY(row.Get(1, time)).As<Time>()),
                                     FormatTime(TRY(row.Get(2, time)).As<Time>())));
          return true;
        }));
    return list;
  }
};

Result<json::object> Marquez::Namespaces(const Caller& caller) {
  return Read(caller, [](Snapshot& snapshot) -> Result<json::object> {
    return json::object{{"namespaces", TRY(MarquezLists::Namespaces(snapshot, ""))}};
  });
}

Result<json::object> Marquez::Namespace(const Caller& caller, const std::string& name) {
  return Read(caller, [&](Snapshot& snapshot) -> Result<json::object> {
    json::array found = TRY(MarquezLists::Namespaces(snapshot, name));
    if (found.empty()) return Fail(NotThere("namespace", name));
    return std::move(found[0].as_object());
  });
}

Result<json::object> Marquez::Sources(const Caller& caller) {
  return Read(caller, [](Snapshot& snapshot) -> Result<json::object> {
    const std::string name = snapshot.Known("facets.dataSource.name");
    const std::string uri = snapshot.Known("facets.dataSource.uri");
    const std::array<Value, 1> parameters = {Value(snapshot.caller.tenant)};
    const model::Type time{.kind = model::TypeKind::kTime};
    json::array list;
    TRY(snapshot.reader.Query(
        fmt::format("SELECT {0} AS source, min({1}), min(created_at), max(updated_at) FROM assets "
                    "WHERE tenant_id = $1 AND deleted_at IS NULL AND {0} IS NOT NULL GROUP BY {0} "
                    "ORDER BY {0} LIMIT 10000",
                    name, uri),
        parameters, [&](const Row& row) -> Result<bool> {
          const std::string url(row.IsNull(1) ? "" : row.Text(1));
          std::string type = url.substr(0, std::min(url.find(':'), url.size()));
          for (char& c : type) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
          list.push_back(json::object{{"type", type},
                                      {"name", row.Text(0)},
                                      {"createdAt", FormatTime(TRY(row.Get(2, time)).As<Time>())},
                                      {"updatedAt", FormatTime(TRY(row.Get(3, time)).As<Time>())},
                                      {"connectionUrl", url},
                                      {"description", nullptr}});
          return true;
        }));
    return json::object{{"sources", std::move(list)}};
  });
}

Result<json::object> Marquez::Tags(const Caller& caller) {
  return Read(caller, [](Snapshot& snapshot) -> Result<json::object> {
    json::array list;
    const std::array<Value, 1> parameters = {Value(snapshot.caller.tenant)};
    TRY(snapshot.reader.Query(
        "SELECT name, description FROM tags WHERE tenant_id = $1 ORDER BY name LIMIT 10000",
        parameters, [&](const Row& row) -> Result<bool> {
          list.push_back(json::object{
              {"name", row.Text(0)},
              {"description", row.IsNull(1) ? json::value() : json::value(row.Text(1))}});
          return true;
        }));
    return json::object{{"tags", std::move(list)}};
  });
}

Result<json::object> Marquez::Jobs(const Caller& caller, const std::string& name_space,
                                   MarquezPage page) {
  return Read(caller, [&](Snapshot& snapshot) -> Result<json::object> {
    const Wanted wanted = MarquezLists::InNamespace(snapshot, name_space, true);
    json::array jobs;
    for (const NodeRow& node : TRY(snapshot.Nodes(wanted.where, wanted.parameters, TailOf(page)))) {
      jobs.push_back(TRY(snapshot.JobOf(node)));
    }
    const std::int64_t total =
        TRY(snapshot.Count("assets", "deleted_at IS NULL AND " + wanted.where, wanted.parameters));
    return json::object{{"jobs", std::move(jobs)}, {"totalCount", total}};
  });
}

Result<json::object> Marquez::Job(const Caller& caller, const Name& name) {
  return Read(caller, [&](Snapshot& snapshot) -> Result<json::object> {
    return snapshot.JobOf(TRY(snapshot.Node(name, true)));
  });
}

Result<json::object> Marquez::Runs(const Caller& caller, const Name& job, MarquezPage page) {
  return Read(caller, [&](Snapshot& snapshot) -> Result<json::object> {
    TRY(snapshot.Node(job, true));
    json::array runs;
    for (json::object& run : TRY(snapshot.RunsOf(job, page))) runs.push_back(std::move(run));
    const std::int64_t total =
        TRY(snapshot.Count("workflow_executions",
                           "workflow_type = $2 AND " + snapshot.Known("job.name") + " = $3 AND " +
                               snapshot.Known("job.namespace") + " = $4",
                           {Value(Shortened(job.name, 100)), Value(job.name), Value(job.space)}));
    return json::object{{"runs", std::move(runs)}, {"totalCount", total}};
  });
}

Result<json::object> Marquez::Run(const Caller& caller, const std::string& id) {
  return Read(caller, [&](Snapshot& snapshot) -> Result<json::object> {
    const auto run_id = Uuid::Parse(id);
    if (!run_id) return Fail(NotThere("run", id));
    auto runs = TRY(snapshot.Runs("correlation_id = $2", {Value(*run_id)}, ""));
    if (runs.empty()) return Fail(NotThere("run", id));
    return std::move(runs[0]);
  });
}

Result<json::object> Marquez::RunFacets(const Caller& caller, const std::string& id,
                                        std::string_view type) {
  json::object run = TRY(Run(caller, id));
  if (type != "job") {
    return json::object{{"runId", id}, {"facets", run.at("facets")}};
  }
  const json::object& version = run.at("jobVersion").as_object();
  const json::value* space = version.if_contains("namespace");
  const json::value* name = version.if_contains("name");
  if (space == nullptr || name == nullptr || !space->is_string() || !name->is_string()) {
    return json::object{{"runId", id}, {"facets", json::object()}};
  }
  json::object job =
      TRY(Job(caller, {std::string(space->get_string()), std::string(name->get_string())}));
  return json::object{{"runId", id}, {"facets", job.at("facets")}};
}

Result<json::object> Marquez::Datasets(const Caller& caller, const std::string& name_space,
                                       MarquezPage page) {
  return Read(caller, [&](Snapshot& snapshot) -> Result<json::object> {
    const Wanted wanted = MarquezLists::InNamespace(snapshot, CanonicalSpace(name_space), false);
    json::array datasets;
    for (const NodeRow& node : TRY(snapshot.Nodes(wanted.where, wanted.parameters, TailOf(page)))) {
      datasets.push_back(TRY(snapshot.DatasetOf(node)));
    }
    const std::int64_t total =
        TRY(snapshot.Count("assets", "deleted_at IS NULL AND " + wanted.where, wanted.parameters));
    return json::object{{"datasets", std::move(datasets)}, {"totalCount", total}};
  });
}

Result<json::object> Marquez::Dataset(const Caller& caller, const Name& name) {
  return Read(caller, [&](Snapshot& snapshot) -> Result<json::object> {
    return snapshot.DatasetOf(TRY(snapshot.Node(name, false)));
  });
}

Result<json::object> Marquez::DatasetVersions(const Caller& caller, const Name& name) {
  return Read(caller, [&](Snapshot& snapshot) -> Result<json::object> {
    const NodeRow node = TRY(snapshot.Node(name, false));
    json::object version = TRY(snapshot.DatasetOf(node));
    json::object id = node.Id();
    id["version"] = node.id;
    version["id"] = std::move(id);
    version["version"] = node.id;
    version["lifecycleState"] = version["lastLifecycleState"];
    version["createdByRun"] = nullptr;
    return json::object{{"versions", json::array{std::move(version)}}, {"totalCount", 1}};
  });
}

Result<json::object> Marquez::Search(const Caller& caller, const std::string& text,
                                     const std::string& filter, const std::string& name_space,
                                     int limit) {
  return Read(caller, [&](Snapshot& snapshot) -> Result<json::object> {
    std::string pattern = "%";
    for (const char c : text) {
      if (c == '%' || c == '_' || c == '\\') pattern += '\\';
      pattern += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    pattern += '%';
    std::string where = "lower(name) LIKE $2 ESCAPE '\\' AND " + snapshot.Known("namespace") +
                        (name_space.empty() ? " IS NOT NULL" : " = $3");
    if (filter == "JOB") where += " AND type = 'JOB'";
    if (filter == "DATASET") where += " AND type <> 'JOB'";
    std::vector<Value> parameters = {Value(pattern)};
    if (!name_space.empty()) parameters.emplace_back(name_space);
    json::array results;
    for (const NodeRow& node :
         TRY(snapshot.Nodes(where, parameters, TailOf({limit, 0}, "name, qualified_name")))) {
      results.push_back(json::object{{"type", node.is_job ? "JOB" : "DATASET"},
                                     {"name", node.name.name},
                                     {"namespace", node.name.space},
                                     {"nodeId", node.NodeId()},
                                     {"updatedAt", node.updated_at}});
    }
    const std::int64_t total =
        TRY(snapshot.Count("assets", "deleted_at IS NULL AND " + where, parameters));
    return json::object{{"totalCount", total}, {"results", std::move(results)}};
  });
}

Result<std::string> Marquez::Events(const Caller& caller, const EventQuery& query) {
  return Read(caller, [&](Snapshot& snapshot) -> Result<std::string> {
    std::string where = "event_time >= $2 AND event_time < $3";
    std::vector<Value> parameters = {
        Value(query.after.value_or(*ParseTime("0001-01-01T00:00:00Z"))),
        Value(query.before.value_or(*ParseTime("9999-12-31T00:00:00Z")))};
    const std::int64_t total = TRY(snapshot.Count("lineage_events", where, parameters));
    parameters.insert(parameters.begin(), Value(caller.tenant));
    std::string out = "{\"events\":[";
    TRY(snapshot.reader.Query(
        fmt::format("SELECT event FROM lineage_events WHERE tenant_id = $1 AND {} ORDER BY "
                    "event_time {} LIMIT {} OFFSET {}",
                    where, query.descending ? "DESC" : "ASC", query.page.limit, query.page.offset),
        parameters, [&](const Row& row) -> Result<bool> {
          if (out.back() != '[') out += ',';
          out += row.Text(0);
          return true;
        }));
    return out + fmt::format("],\"totalCount\":{}}}", total);
  });
}

}  // namespace tenon::openlineage
