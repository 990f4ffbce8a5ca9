// What the command line does on a data directory without a server: plan, migrate, rollback, backup,
// restore, doctor, and the API in process.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/config.h"
#include "cli/environment.h"

namespace tenon {

Result<cli::MigrationReport> PlanOffline(const Config& config, const cli::MigrateRequest& request);
Result<cli::MigrationReport> MigrateOffline(const Config& config,
                                            const cli::MigrateRequest& request);
Result<cli::MigrationReport> RollbackOffline(const Config& config,
                                             const cli::MigrateRequest& request);

// Moves the data directory's rows into the PostgreSQL database that `url` names, as its owner
// (services/move/move.h).
Result<cli::MoveReport> MoveOffline(const Config& config, const std::string& url,
                                    const cli::MoveProgressFn& progress,
                                    const std::function<bool()>& interrupted);

// Works beside a running server on the same machine.
Result<cli::BackupReport> BackupOffline(const Config& config, const cli::BackupRequest& request,
                                        const cli::ProgressFn& progress);
// Checks the file before it puts it in place; kConflict when there is a data file and no `force`.
Result<cli::BackupReport> RestoreOffline(const Config& config, const cli::BackupRequest& request,
                                         const cli::ProgressFn& progress);

Result<std::vector<cli::Finding>> Doctor(const Config& config, bool reconcile);

// A node over the data directory, called without a socket, as the holder of DIR/admin.key may.
Result<std::unique_ptr<cli::Transport>> OpenInProcess(const Config& config);

}  // namespace tenon
