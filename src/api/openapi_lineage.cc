// Paths of the OpenLineage inlet and of Marquez's read API.
#include <string>
#include <utility>

#include "api/openapi_parts.h"
#include "api/openapi_paths.h"
#include "api/openapi_schema.h"

namespace tenon {
namespace {

json::object Text() { return {{"type", "string"}}; }
json::object Any() { return {{"type", "object"}}; }
json::object Whole(int otherwise) {
  return {{"type", "integer"}, {"minimum", 0}, {"default", otherwise}};
}

json::object Operation(std::string_view id, std::string_view summary, json::object responses,
                       json::array parameters) {
  parameters.emplace_back(ParameterRef("tenant"));
  return {{"operationId", id},
          {"summary", summary},
          {"tags", json::array{"lineage"}},
          {"parameters", std::move(parameters)},
          {"responses", std::move(responses)}};
}

json::object InPath(std::string_view name, std::string_view description) {
  return {{"name", name},
          {"in", "path"},
          {"required", true},
          {"description", description},
          {"schema", Text()}};
}

void AddInlet(json::object& paths) {
  for (const auto& [path, id] : {std::pair("/api/v1/lineage", "post_lineage"),
                                 std::pair("/api/v2/lineage", "post_lineage_v2")}) {
    json::object post = Operation(id, "Take an OpenLineage event: RunEvent, JobEvent, DatasetEvent",
                                  EmptyResponses(201, "It is kept", {413}), {});
    post["requestBody"] = JsonRequest(Any());
    paths[path] = json::object{{"post", std::move(post)}};
  }
  for (const auto& [path, id] : {std::pair("/api/v1/lineage/batch", "post_lineage_batch"),
                                 std::pair("/api/v2/lineage/batch", "post_lineage_batch_v2")}) {
    json::object responses = Responses(200, "All are kept", Any(), {413});
    responses["207"] = json::object{{"description", "Some are kept; failed_events has the others"}};
    json::object post = Operation(id, "Take many OpenLineage events", std::move(responses), {});
    post["requestBody"] = JsonRequest({{"type", "array"}, {"items", Any()}});
    paths[path] = json::object{{"post", std::move(post)}};
  }
}

struct Read {
  std::string_view path, id, summary;
  json::array parameters;
};

json::array Paged(json::array parameters = {}) {
  parameters.emplace_back(QueryParameter("limit", Whole(100), "At most so many."));
  parameters.emplace_back(QueryParameter("offset", Whole(0), "After so many."));
  return parameters;
}

std::vector<Read> Reads() {
  const auto space = InPath("namespace", "A namespace, percent-encoded.");
  const auto job = InPath("job", "A job, percent-encoded.");
  const auto dataset = InPath("dataset", "A dataset, percent-encoded.");
  const auto node =
      QueryParameter("nodeId", Text(), "job:NAMESPACE:NAME or dataset:NAMESPACE:NAME.", true);
  const auto depth = QueryParameter("depth", Whole(20), "Steps from the node.");
  return {
      {"/api/v1/namespaces", "marquez_namespaces", "Namespaces of jobs and datasets", {}},
      {"/api/v1/namespaces/{namespace}", "marquez_namespace", "One namespace", {space}},
      {"/api/v1/namespaces/{namespace}/jobs", "marquez_namespace_jobs", "Jobs of a namespace",
       Paged({space})},
      {"/api/v1/namespaces/{namespace}/jobs/{job}", "marquez_job", "One job", {space, job}},
      {"/api/v1/namespaces/{namespace}/jobs/{job}/runs", "marquez_runs", "Runs of a job",
       Paged({space, job})},
      {"/api/v1/namespaces/{namespace}/datasets", "marquez_namespace_datasets",
       "Datasets of a namespace", Paged({space})},
      {"/api/v1/namespaces/{namespace}/datasets/{dataset}",
       "marquez_dataset",
       "One dataset",
       {space, dataset}},
      {"/api/v1/namespaces/{namespace}/datasets/{dataset}/versions",
       "marquez_dataset_versions",
       "The present version of a dataset",
       {space, dataset}},
      {"/api/v1/jobs", "marquez_jobs", "Jobs of all namespaces",
       Paged({QueryParameter("runState", Text(), "Only those whose latest run is in it.")})},
      {"/api/v1/datasets", "marquez_datasets", "Datasets of all namespaces", Paged()},
      {"/api/v1/jobs/runs/{run}", "marquez_run", "One run", {InPath("run", "The run's id.")}},
      {"/api/v1/jobs/runs/{run}/facets",
       "marquez_run_facets",
       "Facets of a run or of its job",
       {InPath("run", "The run's id."), QueryParameter("type", Text(), "run or job.", true)}},
      {"/api/v1/sources", "marquez_sources", "Sources of datasets", {}},
      {"/api/v1/tags", "marquez_tags", "Tags", {}},
      {"/api/v1/lineage", "marquez_lineage", "Jobs and datasets around a node", {node, depth}},
      {"/api/v1/column-lineage",
       "marquez_column_lineage",
       "Columns that feed columns",
       {QueryParameter("nodeId", Text(), "As for lineage, or datasetField:NAMESPACE:DATASET:FIELD.",
                       true),
        depth,
        QueryParameter("withDownstream", {{"type", "boolean"}, {"default", false}},
                       "Also what the columns feed.")}},
      {"/api/v1/search",
       "marquez_search",
       "Jobs and datasets by a part of their name",
       {QueryParameter("q", Text(), "What to look for.", true),
        QueryParameter("filter", Text(), "JOB or DATASET."),
        QueryParameter("namespace", Text(), "Only of this namespace."),
        QueryParameter("limit", Whole(10), "At most so many.")}},
      {"/api/v1/stats/{what}",
       "marquez_stats",
       "How much there was and came, by hour of a day or by day of a week",
       {InPath("what", "lineage-events, jobs, datasets or sources."),
        QueryParameter("period", Text(), "DAY or WEEK.", true)}},
      {"/api/v1/events/lineage", "marquez_events", "OpenLineage events as they came",
       Paged({QueryParameter("after", Text(), "Event times from then on."),
              QueryParameter("before", Text(), "Event times before then."),
              QueryParameter("sortDirection", Text(), "desc (default) or asc.")})},
  };
}

}  // namespace

void AddLineagePaths(const model::Model& model, json::object& paths) {
  if (model.FindTable("lineage_events") == nullptr) return;
  AddInlet(paths);
  for (Read& read : Reads()) {
    json::object operation =
        Operation(read.id, read.summary, Responses(200, "As Marquez answers", Any()),
                  std::move(read.parameters));
    json::value& path = paths[read.path];
    if (!path.is_object()) path.emplace_object();
    path.as_object()["get"] = std::move(operation);
  }
}

}  // namespace tenon
