#include "app/offline.h"

#include <fmt/format.h>

#include <filesystem>

#include "app/node.h"
#include "app/serve.h"
#include "store/migrations/migrate.h"
#include "store/sqlite/backup.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/file.h"

namespace tenon {
namespace {

namespace fs = std::filesystem;

std::string DataFile(const Config& config) { return (fs::path(config.data) / "tenon.db").string(); }

Result<std::unique_ptr<Store>> OpenStore(const Config& config, bool create) {
  StorePlace place = PlaceOf(config);
  place.create = create;
  return OpenForSchema(place);
}

// A database server has tools of its own, which know more of it than we.
Result<void> RefuseServer(const Config& config, std::string_view advice) {
  if (config.store != "postgres") return {};
  return Fail(Code::kInvalidArgument,
              "the rows are in PostgreSQL, not in a file of the data directory: " +
                  std::string(advice) + "; see docs/operations.md, \"PostgreSQL\"");
}

// "drop table old" and "drop column a.b" are asked for by what they drop.
std::string DropName(const MigrationStep& step) {
  if (!step.loses_data) return "";
  const std::size_t space = step.description.rfind(' ');
  return space == std::string::npos ? step.description : step.description.substr(space + 1);
}

cli::MigrationReport ReportOf(const MigrationPlan& plan) {
  cli::MigrationReport report;
  for (const Migration& migration : plan.migrations) {
    bool first = true;
    for (const MigrationStep& step : migration.steps) {
      std::string sql = step.up;
      for (const std::string& statement : step.after) sql += statement + ";\n";
      report.steps.push_back({first ? migration.version : "", step.description, std::move(sql),
                              step.loses_data, DropName(step)});
      first = false;
    }
    // Without steps only what is remembered changes: nothing that anybody would look at.
    report.at = migration.version;
  }
  for (const std::string& kept : plan.kept) {
    report.steps.push_back({"", kept + " left the models; it is kept", "", true, kept, true});
  }
  report.contracts = plan.contracts;
  report.not_rolling = plan.not_rolling;
  return report;
}

MigrationPhase PhaseOf(const cli::MigrateRequest& request) {
  return request.contract ? MigrationPhase::kWhole : MigrationPhase::kExpand;
}

Result<void> RefuseObstacles(const MigrationPlan& plan) {
  if (plan.obstacles.empty()) return {};
  Error error(Code::kConflict, "the migration cannot be made:");
  for (const std::string& obstacle : plan.obstacles) error.message += "\n  " + obstacle;
  return Fail(std::move(error));
}

}  // namespace

Result<cli::MigrationReport> PlanOffline(const Config& config, const cli::MigrateRequest& request) {
  const auto model = TRY(CheckModels(TRY(ModelSources(config))));
  const auto store = TRY(OpenStore(config, true));
  const MigrationPlan plan = TRY(PlanMigrations(*store, *model, request.drops, PhaseOf(request)));
  TRY(RefuseObstacles(plan));
  return ReportOf(plan);
}

Result<cli::MigrationReport> MigrateOffline(const Config& config,
                                            const cli::MigrateRequest& request) {
  const auto model = TRY(CheckModels(TRY(ModelSources(config))));
  const auto store = TRY(OpenStore(config, true));
  SystemClock clock;
  MigrateOptions options;
  options.drops = request.drops;
  options.dry_run = request.dry_run;
  options.phase = PhaseOf(request);
  const StorePlace place = PlaceOf(config);
  if (place.postgres) options.roles = place.postgres->roles();
  const MigrationPlan plan = TRY(Migrate(*store, *model, clock, options));
  if (!request.dry_run) TRY(PrepareSearch(*store, place, config.search.index, {}));
  return ReportOf(plan);
}

Result<cli::MigrationReport> RollbackOffline(const Config& config,
                                             const cli::MigrateRequest& request) {
  const auto store = TRY(OpenStore(config, false));
  RollbackOptions options;
  options.dry_run = request.dry_run;
  if (request.down_to) options.to_version = *request.down_to;
  cli::MigrationReport report;
  for (const AppliedMigration& applied : TRY(Rollback(*store, options))) {
    report.steps.push_back(
        {applied.version, "undo: " + applied.description, applied.down_sql, false, ""});
  }
  const auto left = TRY(AppliedMigrations(*store));
  if (!left.empty()) report.at = left.back().version;
  return report;
}

Result<cli::BackupReport> BackupOffline(const Config& config, const cli::BackupRequest& request,
                                        const cli::ProgressFn& progress) {
  TRY(RefuseServer(
      config,
      "back it up with pg_dump --format=custom --file=FILE DATABASE_URL, as a login with "
      "BYPASSRLS, or with base backups and WAL archiving"));
  const std::string data_file = DataFile(config);
  if (TRY(InspectFile(data_file)) == FileState::kMissing) {
    return Fail(Code::kNotFound, "there is no data file " + data_file);
  }
  std::error_code ignored;
  const fs::path written = request.force ? fs::path(request.file.string() + ".new") : request.file;
  if (request.force) fs::remove(written, ignored);
  TRY(BackupFile(data_file, {.read_only = true, .vfs = {}}, written.string(),
                 [&](std::int64_t done, std::int64_t total) {
                   if (progress) progress(done, total);
                   return true;
                 }));
  // Somebody's earlier backup is replaced only by one that is whole.
  if (request.force) {
    std::error_code failed;
    fs::rename(written, request.file, failed);
    if (failed) {
      fs::remove(written, ignored);
      return Fail(Code::kUnavailable, request.file.string() + ": " + failed.message());
    }
  }
  const auto connection =
      TRY(Connection::Open(request.file.string(), {.read_only = true, .vfs = {}}));
  return cli::BackupReport{
      FileBytes(request.file.string()),
      TRY(connection->QueryInt("SELECT coalesce(max(seq), 0) FROM audit_seals"))};
}

Result<cli::BackupReport> RestoreOffline(const Config& config, const cli::BackupRequest& request,
                                         const cli::ProgressFn& progress) {
  TRY(RefuseServer(config, "restore it with pg_restore into an empty database"));
  const std::string backup = request.file.string();
  if (TRY(InspectFile(backup)) == FileState::kMissing) {
    return Fail(Code::kNotFound, "there is no backup " + backup);
  }
  const auto problems = TRY(CheckFile(backup, {.read_only = true, .vfs = {}}));
  if (!problems.empty()) {
    return Fail(Code::kConflict, fmt::format("{} is damaged: {}", backup, problems.front()));
  }
  const auto lock = TRY(DirectoryLock::Take(config.data, true));
  const std::string data_file = DataFile(config);
  std::error_code failed;
  if (fs::exists(data_file, failed)) {
    if (!request.force) {
      return Fail(Code::kConflict, data_file + " is there already; --force replaces it");
    }
  }
  const std::string part = data_file + ".restore";
  fs::remove(part, failed);
  TRY(BackupFile(backup, {.read_only = true, .vfs = {}}, part,
                 [&](std::int64_t done, std::int64_t total) {
                   if (progress) progress(done, total);
                   return true;
                 }));
  // The old log belongs to the old file and must not be replayed into the new one.
  for (const char* suffix : {"-wal", "-shm"}) fs::remove(data_file + suffix, failed);
  fs::rename(part, data_file, failed);
  if (failed) return Fail(Code::kUnavailable, data_file + ": " + failed.message());
  const auto connection = TRY(Connection::Open(data_file, {.read_only = true, .vfs = {}}));
  return cli::BackupReport{
      FileBytes(data_file),
      TRY(connection->QueryInt("SELECT coalesce(max(seq), 0) FROM audit_seals"))};
}

}  // namespace tenon
