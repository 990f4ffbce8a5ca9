// dbt's artifacts (docs.getdbt.com/reference/artifacts; schemas.getdbt.com): manifest.json v1 to
// v12, catalog.json v1, run_results.json v1 to v6, sources.json v1 to v3, as one description of a
// project that no longer depends on the version.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace tenon::ingest {

struct DbtColumn {
  std::string name;
  std::string type;  // empty: nobody told
  std::string description;
  bool nullable = true;  // false by a not_null test or constraint
  std::int64_t order = 0;
  json::object meta;
  std::vector<std::string> tags;
};

// A model, source, seed, snapshot, test, exposure, metric, ...
struct DbtNode {
  std::string id;             // unique_id: "model.jaffle_shop.customers"
  std::string resource_type;  // "model", "source", ...
  std::string name;
  std::string package;
  std::string description;
  std::string materialized;  // of models: "table", "view", "incremental", "ephemeral"
  // Where it is in the database; empty for what is no relation.
  std::string database, schema, relation;
  std::string path;    // in the project
  std::string url;     // of exposures
  std::string kind;    // of exposures and metrics: "dashboard", "simple"; of tests: "not_null"
  std::string column;  // of tests
  std::vector<std::string> tags;
  json::object meta;
  json::object owner;  // {"name", "email"}
  json::object facts;  // further: maturity, access, group, language, loader, version, ...
  std::vector<DbtColumn> columns;
  std::vector<std::string> depends_on;  // unique_ids
  json::object last_run;   // of run_results: status, seconds, completed_at, message, failures
  json::object freshness;  // of sources.json: status, max_loaded_at
};

struct DbtProject {
  std::string name;
  std::string adapter;         // "postgres", "bigquery"
  int manifest_version = 0;    // 1 to 12
  std::string dbt_version;     // "1.10.0"
  std::string generated_at;    // of the manifest
  std::vector<DbtNode> nodes;  // in the order of the manifest: sources first, then what needs them
};

// kInvalidField for what is no manifest and for versions that are not known; both name what was
// found. Parts of a manifest that are of a wrong type are left out, as are macros, operations,
// disabled nodes and docs.
Result<DbtProject> ReadDbtManifest(const json::value& document);

// Add what catalog.json, run_results.json and sources.json say of the project's nodes; rows of
// other nodes are not looked at. kInvalidField when the document is another one.
Result<> AddDbtCatalog(const json::value& document, DbtProject& project);
Result<> AddDbtRunResults(const json::value& document, DbtProject& project);
Result<> AddDbtFreshness(const json::value& document, DbtProject& project);

}  // namespace tenon::ingest
