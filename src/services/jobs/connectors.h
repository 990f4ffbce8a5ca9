// Connectors that the server reads by itself: whose turn it is, what a turn does, and whom to ask
// when one is in error.
#pragma once

#include <functional>
#include <string>

#include "engine/engine.h"
#include "services/ingest/http_pages.h"
#include "services/jobs/connector.h"
#include "services/jobs/connector_reports.h"

namespace tenon::jobs {

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
  struct Place {
    std::string worker;   // this node, in reports
    std::string ca_file;  // PEM, trusted by kafka consumers instead of the system's; may be empty
  };
  Connectors(const IngestDeps& deps, IdSource& ids, ConnectorReports& reports, Place place)
      : deps_(deps), ids_(ids), reports_(reports), place_(std::move(place)) {}

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
  Result<json::value> Poll(const Connector& connector, const ConnectorRequest& request);
  Result<json::value> Validate(const Connector& connector, const ConnectorRequest& request);
  Result<json::value> ValidateKafka(const Connector& connector);
  Result<ingest::PagerDeps> Network(const ConnectorRequest& request);
  // A failure, as a turn of the connector or an attempt to validate it had it.
  void Failed(const Connector& connector, const Error& error);

  const IngestDeps& deps_;
  IdSource& ids_;
  ConnectorReports& reports_;
  const Place place_;
};

}  // namespace tenon::jobs
