// Reading the log for a client: which changes it asked for and may see, and how they look as JSON
// and as CloudEvents 1.0.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth/caller.h"
#include "base/ids.h"
#include "base/result.h"
#include "engine/engine.h"
#include "http/message.h"
#include "log/log.h"
#include "model/expression.h"

namespace tenon {

struct ApiContext;

// What one client follows. Immutable; thread-safe.
struct ChangeQuery {
  Uuid tenant;              // nil: across all tenants
  std::string entity_type;  // when just one is asked for: the log is read by it
  // Types the caller may see and asked for, as the log names them.
  std::unordered_map<std::string, const model::Entity*> entities;
  const model::Entity* filtered = nullptr;
  model::ExpressionPtr filter;  // over `filtered`; null: all
};

// From ?entity= (tables or entity names, with commas) and ?filter= (needs exactly one entity).
Result<ChangeQuery> MakeChangeQuery(const ApiContext& api, const Caller& caller,
                                    const http::Request& request);

struct ChangePage {
  std::vector<LogEntry> entries;
  std::int64_t scanned = 0;  // everything up to here was looked at
};

// At most `limit` changes after `after`, oldest first; reads at most a few thousand log rows, so a
// page may be empty while `scanned` is still behind the log.
Result<ChangePage> ReadChanges(const ApiContext& api, const ChangeQuery& query, std::int64_t after,
                               std::int64_t limit);

// {"position","id","type","entity","table","key","action","user_id","time","before","after",
//  "metadata"}
void AppendChange(const ApiContext& api, const ChangeQuery& query, const LogEntry& entry,
                  std::string& out);

// One server-sent event (HTML, 9.2.6) with `id:` the position and `data:` the CloudEvent.
void AppendServerEvent(const ApiContext& api, const ChangeQuery& query, const LogEntry& entry,
                       std::string& out);

}  // namespace tenon
