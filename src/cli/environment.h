// Everything that the command line takes from outside: streams, terminal, environment variables,
// clock, and the work that only app/ can do (serve, open a data directory). app/main.cc fills it
// in; tests fill it with strings and fakes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "cli/transport.h"
#include "model/source.h"

namespace tenon::cli {

// What the command line says about configuration. app/ merges it over tenon.toml and TENON_*.
struct Settings {
  std::string config_file;                                     // --config; empty: looked for
  std::vector<std::pair<std::string, std::string>> overrides;  // key as in tenon.toml -> text
};

// One row of `tenon config`.
struct SettingRow {
  std::string key;
  std::string value;   // secrets already masked
  std::string source;  // "default", "tenon.toml:3", "TENON_LISTEN", "--listen"
};

struct MigrationStep {
  std::string version;      // "catalog.0002"; empty when it is a part of the one before
  std::string description;  // "add column assets.cost_center"
  std::string sql;          // the statements, for --sql
  bool loses_data = false;
  std::string drop_name;  // how to ask for it: --drop NAME; empty unless loses_data
  bool kept = false;      // nobody asked for it, so it is not done
};

// What `plan` found, and what `migrate` and `rollback` did.
struct MigrationReport {
  std::vector<MigrationStep> steps;
  std::string at;  // the newest applied version, or empty
  // PostgreSQL: models of which something waits until no node of the version before runs, and what
  // such nodes cannot live with already.
  std::vector<std::string> contracts;
  std::vector<std::string> not_rolling;
};

struct MigrateRequest {
  Settings settings;
  std::vector<std::string> drops;  // names of what may be lost
  bool dry_run = false;
  bool contract = false;  // to the end, though nodes of the version before could no longer work
  std::optional<std::string> down_to;  // rollback: the version to end at; absent: one step back
};

// One check of `tenon doctor`.
struct Finding {
  enum class Level { kOk, kNote, kWarning, kError };
  Level level = Level::kOk;
  std::string check;    // "data directory"
  std::string message;  // "./data, 0700, owned by you"
  std::string advice;   // what to do; empty when nothing is
};

// Told how far a long piece of work is; total is 0 while it is not known.
using ProgressFn = std::function<void(std::int64_t done, std::int64_t total)>;

struct BackupRequest {
  Settings settings;
  std::filesystem::path file;
  bool force = false;  // replace what is there
};

struct BackupReport {
  std::int64_t bytes = 0;
  std::int64_t position = 0;  // of the log
};

// `tenon migrate --to URL`.
struct MoveRequest {
  Settings settings;
  std::string url;  // of the owner of the tables to be
};
struct MoveReport {
  std::vector<std::pair<std::string, std::int64_t>> tables;  // those with rows
  std::int64_t rows = 0;
  std::int64_t position = 0;  // of the log
  bool resumed = false;
  std::vector<std::string> left_out;  // kept in the data directory, no longer in the models
  std::string target;                 // "database tenon on db.example.com"
};
using MoveProgressFn =
    std::function<void(const std::string& what, std::int64_t done, std::int64_t total)>;

// Functions that are not set mean "not in this build"; the command says so.
struct Environment {
  std::istream* in = nullptr;
  std::ostream* out = nullptr;
  std::ostream* err = nullptr;
  bool in_terminal = false;
  bool out_terminal = false;
  bool err_terminal = false;
  int columns = 0;  // width of the terminal; 0: not known

  std::function<std::optional<std::string>(const std::string& name)> getenv;
  Clock* clock = nullptr;
  IdSource* ids = nullptr;
  // Set by a signal handler on Ctrl-C: long loops look at it and end in good order.
  std::function<bool()> interrupted;

  // A server's API over a data directory, without a server. Fails with kUnavailable when another
  // process has it open.
  std::function<Result<std::unique_ptr<Transport>>(const Settings&)> open_in_process;
  // Runs until SIGTERM or SIGINT. The value is the exit code.
  std::function<Result<int>(const Settings&)> serve;
  std::function<Result<std::vector<SettingRow>>(const Settings&)> show_config;
  // The model files that a server with these settings would load: the shipped ones first.
  std::function<Result<std::vector<model::SourceFile>>(const Settings&)> model_sources;
  std::function<Result<MigrationReport>(const MigrateRequest&)> plan;
  std::function<Result<MigrationReport>(const MigrateRequest&)> migrate;
  std::function<Result<MigrationReport>(const MigrateRequest&)> rollback;
  std::function<Result<MoveReport>(const MoveRequest&, const MoveProgressFn&)> move;
  std::function<Result<BackupReport>(const BackupRequest&, const ProgressFn&)> backup;
  std::function<Result<BackupReport>(const BackupRequest&, const ProgressFn&)> restore;
  // `reconcile` also looks for rows that were changed outside and logs them.
  std::function<Result<std::vector<Finding>>(const Settings&, bool reconcile)> doctor;
};

// Runs `tenon ARGV...` and returns the exit code (docs/operations.md, "Exit codes"). Never throws.
int Main(int argc, const char* const* argv, const Environment& environment);

}  // namespace tenon::cli
