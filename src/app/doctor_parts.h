// Parts of `tenon doctor`.
#pragma once

#include <vector>

#include "app/config.h"
#include "cli/environment.h"
#include "log/log.h"
#include "model/model.h"

namespace tenon {

// The audit chain of an open log.
void CheckChainOf(Log& log, std::vector<cli::Finding>& findings);

// The database server: version, roles, grants, row-level security, indexes, what a DBA may have
// set, and the audit chain. Beside running servers. `model` may be null: then the tables are not
// compared with it.
void CheckPostgres(const Config& config, const model::Model* model,
                   std::vector<cli::Finding>& findings);

}  // namespace tenon
