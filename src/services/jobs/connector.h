// A row of connector_configs as the server works with it: its settings with their secrets opened,
// and what they mean to a source.
#pragma once

#include <string>

#include "auth/caller.h"
#include "net/kafka.h"
#include "services/ingest/http_pages.h"
#include "services/ingest/item_mapping.h"
#include "services/jobs/ingest_job.h"

namespace tenon::jobs {

// Never shown.
struct Connector {
  Uuid tenant;
  std::string id, name, type, status;
  Uuid created_by;
  Duration heartbeat_sla{0};
  json::object config;
};

// kNotFound; kUnavailable when its secrets cannot be opened because ENCRYPTION_KEY is not set.
Result<Connector> LoadConnector(const IngestDeps& deps, const Uuid& tenant, const std::string& id);

// How an http connector is read. kInvalidField for what cannot be polled.
Result<ingest::PageRules> RulesOf(const Connector& connector);
// How a kafka connector is read. kInvalidField for what is none.
Result<net::KafkaOptions> KafkaOptionsOf(const Connector& connector);
// What its items become: graph nodes, unless config.entity names another table.
ingest::ItemMapping MappingOf(const Connector& connector);

// The server, as it works for connectors of this tenant.
Caller ConnectorsCaller(const Uuid& tenant);
// As whom a connector's rows are written: who made it, with the role writer at most. kForbidden
// when that user is gone.
Result<Caller> WriterOf(const IngestDeps& deps, const Connector& connector);
// Sends the connector an event.
Result<void> FireEvent(Engine& engine, const Connector& connector, const std::string& event,
                       json::object body);
Command EventOf(const model::Entity& entity, std::string id, std::string event, json::object body);

}  // namespace tenon::jobs
