// The handlers of the route table (routes.cc), each in a file of its own family.
#pragma once

#include "api/context.h"

namespace tenon {

// reads.cc
void HandleGet(const ApiContext& api, const ExchangePtr& exchange);
void HandleList(const ApiContext& api, const ExchangePtr& exchange);
void HandleHistory(const ApiContext& api, const ExchangePtr& exchange);
// writes.cc
void HandleCreate(const ApiContext& api, const ExchangePtr& exchange);
void HandleUpdate(const ApiContext& api, const ExchangePtr& exchange);
void HandleDelete(const ApiContext& api, const ExchangePtr& exchange);
void HandleRestore(const ApiContext& api, const ExchangePtr& exchange);
void HandleEvent(const ApiContext& api, const ExchangePtr& exchange);
// batch.cc
void HandleTableBatch(const ApiContext& api, const ExchangePtr& exchange);
void HandleBatch(const ApiContext& api, const ExchangePtr& exchange);
// views.cc
void HandleListViews(const ApiContext& api, const ExchangePtr& exchange);
void HandleView(const ApiContext& api, const ExchangePtr& exchange);
// exports.cc
void HandleExport(const ApiContext& api, const ExchangePtr& exchange);
// changes.cc
void HandleChanges(const ApiContext& api, const ExchangePtr& exchange);
// api_keys.cc
void HandleCreateKey(const ApiContext& api, const ExchangePtr& exchange);
void HandleRotateKey(const ApiContext& api, const ExchangePtr& exchange);
void HandleConnectorKey(const ApiContext& api, const ExchangePtr& exchange);
// audit.cc
void HandleVerifyAudit(const ApiContext& api, const ExchangePtr& exchange);
void HandleAuditCheckpoint(const ApiContext& api, const ExchangePtr& exchange);
void HandleEraseAudit(const ApiContext& api, const ExchangePtr& exchange);
// tenants.cc
void HandleEraseTenant(const ApiContext& api, const ExchangePtr& exchange);
// audit_entries.cc
void HandleAuditEntries(const ApiContext& api, const ExchangePtr& exchange);
// connectors.cc
void HandleValidateConnector(const ApiContext& api, const ExchangePtr& exchange);
void HandlePushConnector(const ApiContext& api, const ExchangePtr& exchange);
// connector_status.cc
void HandleConnectorStatus(const ApiContext& api, const ExchangePtr& exchange);
void HandleConnectorLag(const ApiContext& api, const ExchangePtr& exchange);
void HandleConnectorErrors(const ApiContext& api, const ExchangePtr& exchange);
void HandleConnectorRejects(const ApiContext& api, const ExchangePtr& exchange);
// jobs.cc
void HandleRunJob(const ApiContext& api, const ExchangePtr& exchange);
void HandleJobLog(const ApiContext& api, const ExchangePtr& exchange);
void HandleJobRejects(const ApiContext& api, const ExchangePtr& exchange);
// models.cc
void HandleListModels(const ApiContext& api, const ExchangePtr& exchange);
void HandleModel(const ApiContext& api, const ExchangePtr& exchange);
void HandleOpenApi(const ApiContext& api, const ExchangePtr& exchange);
// server.cc
void HandleRoot(const ApiContext& api, const ExchangePtr& exchange);
void HandleWhoAmI(const ApiContext& api, const ExchangePtr& exchange);
void HandleLive(const ApiContext& api, const ExchangePtr& exchange);
void HandleReady(const ApiContext& api, const ExchangePtr& exchange);
void HandleMetrics(const ApiContext& api, const ExchangePtr& exchange);

}  // namespace tenon
