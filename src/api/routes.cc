#include "api/routes.h"

#include "api/endpoints.h"

namespace tenon {

std::vector<Route> Routes() {
  using enum Access;
  using enum Where;
  return {
      {"GET", "/", kPublic, kInline, HandleRoot},
      {"GET", "/livez", kPublic, kInline, HandleLive},
      {"GET", "/readyz", kPublic, kInline, HandleReady},
      {"GET", "/metrics", kPublic, kPool, HandleMetrics},
      {"GET", "/openapi.json", kPublic, kPool, HandleOpenApi},

      {"GET", "/v1/whoami", kCaller, kInline, HandleWhoAmI},
      {"GET", "/v1/models", kCaller, kPool, HandleListModels},
      {"GET", "/v1/models/{name}", kCaller, kPool, HandleModel},
      {"GET", "/v1/views", kCaller, kPool, HandleListViews},
      {"GET", "/v1/views/{name}", kCaller, kPool, HandleView, {}, true},
      {"GET",
       "/v1/changes",
       kCaller,
       kPool,
       HandleChanges,
       {"after", "wait", "consistent", "entity", "filter", "page_size"}},
      {"GET", "/v1/exports/{table}", kCaller, kPool, HandleExport, {"filter"}},
      {"POST", "/v1/audit:verify", kCaller, kPool, HandleVerifyAudit},
      {"POST", "/v1/audit:erase", kCaller, kPool, HandleEraseAudit},
      {"GET",
       "/v1/audit/entries",
       kCaller,
       kPool,
       HandleAuditEntries,
       {"table", "id", "user", "address", "action", "field", "from", "to", "page_size",
        "page_token"}},
      {"GET", "/v1/audit/checkpoint", kCaller, kPool, HandleAuditCheckpoint},

      {"POST", "/v1/batch", kCaller, kPool, HandleBatch},
      {"POST", "/v1/{table}:batch", kCaller, kPool, HandleTableBatch},
      {"GET",
       "/v1/{table}",
       kCaller,
       kPool,
       HandleList,
       {"filter", "order_by", "page_size", "page_token", "fields", "expand", "count", "deleted"}},
      {"POST", "/v1/{table}", kCaller, kInline, HandleCreate},
      {"GET",
       "/v1/{table}/{id}",
       kCaller,
       kInline,
       HandleGet,
       {"fields", "expand", "deleted", "as_of"}},
      {"PATCH", "/v1/{table}/{id}", kCaller, kInline, HandleUpdate},
      {"DELETE", "/v1/{table}/{id}", kCaller, kInline, HandleDelete},
      {"GET",
       "/v1/{table}/{id}/history",
       kCaller,
       kPool,
       HandleHistory,
       {"page_size", "page_token"}},
      {"POST", "/v1/{table}/{id}:restore", kCaller, kInline, HandleRestore},
      {"POST", "/v1/{table}/{id}:{event}", kCaller, kInline, HandleEvent},

      {"POST", "/v1/connector_configs/{id}:validate", kCaller, kPool, HandleValidateConnector},
      {"POST", "/v1/connector_configs/{id}:push", kCaller, kPool, HandlePushConnector},
      {"POST", "/v1/migration_jobs/{id}:run", kCaller, kPool, HandleRunJob},
      {"GET", "/v1/migration_jobs/{id}/log", kCaller, kPool, HandleJobLog, {"after", "page_size"}},
      {"GET",
       "/v1/migration_jobs/{id}/rejects",
       kCaller,
       kPool,
       HandleJobRejects,
       {"after", "page_size"}},

      {"POST", "/v1/tenants/{id}:erase", kSystem, kPool, HandleEraseTenant},
      {"POST", "/v1/api_keys", kCaller, kPool, HandleCreateKey},
      {"POST", "/v1/api_keys/{id}:rotate", kCaller, kPool, HandleRotateKey},
  };
}

}  // namespace tenon
