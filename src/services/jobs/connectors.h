// Connectors that the server reads by itself: whose turn it is, what a turn does, and whom to ask
// when one is in error.
#pragma once

#include <functional>
#include <string>

#include "engine/engine.h"
#include "services/ingest/http_pages.h"
#include "services/ingest/item_mapping.h"
#include "services/jobs/ingest_job.h"

namespace tenon::jobs {

// A row of connector_configs, with its secrets opened. Never shown.
struct Connector {
  Uuid tenant;
  std::string id, name, type, status;
  Uuid created_by;
  json::object config;
};

// How an http connector is read. kInvalidField for what cannot be polled.
Result<ingest::PageRules> RulesOf(const Connector& connector);
// What its items become: graph nodes.
ingest::ItemMapping MappingOf(const Connector& connector);

// One turn, or one attempt to see whether the settings work.
struct ConnectorRequest {
  Uuid tenant;
  std::string connector;
  bool validate = false;  // reads one page and writes nothing
  std::function<bool()> cancelled;
};

// Thread-safe.
class Connectors {
 public:
  Connectors(const IngestDeps& deps, IdSource& ids) : deps_(deps), ids_(ids) {}

  // Makes a task for each http connector whose turn it is, and one for a person for each connector
  // that came to be in error. Called once a second by one thread; of several nodes each connector
  // is served by one. How many tasks were made.
  Result<int> Tick();

  // What a METADATA_SYNC task with a connector_id does. A turn ends with a heartbeat; a failure
  // that will not pass takes the connector to error.
  Result<json::value> Run(const ConnectorRequest& request);

 private:
  struct Row {
    Uuid tenant;
    json::object row;
  };
  Result<std::vector<Row>> Find(const std::string& filter);
  Result<bool> MakePoll(const Row& row);
  Result<bool> MakeRemediation(const Row& row);
  Result<Connector> Load(const ConnectorRequest& request);
  Result<json::value> Poll(const Connector& connector, const ConnectorRequest& request);
  Result<json::value> Validate(const Connector& connector, const ConnectorRequest& request);
  Result<ingest::PagerDeps> Network(const ConnectorRequest& request);
  Result<void> Fire(const Connector& connector, const std::string& event, json::object body);

  const IngestDeps& deps_;
  IdSource& ids_;
};

}  // namespace tenon::jobs
