#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <iostream>

#include "cli/commands.h"
#include "cli/commands/move.h"
#include "cli/rows.h"

namespace tenon::cli {
namespace {

void PrintSteps(Session& session, const MigrationReport& report, bool with_sql,
                std::string_view nothing, std::string_view at) {
  if (session.format() != Format::kTable) {
    json::array rows;
    for (const MigrationStep& step : report.steps) {
      rows.push_back(json::object{{"version", step.version},
                                  {"description", step.description},
                                  {"sql", step.sql},
                                  {"loses_data", step.loses_data},
                                  {"drop", step.drop_name}});
    }
    RowPrinter printer(session, nullptr, {});
    printer.Page(rows);
    printer.End();
    return;
  }
  const Style style = session.out_style();
  for (const MigrationStep& step : report.steps) {
    if (!step.version.empty()) session.out() << style.Bold(step.version) << "\n";
    session.out() << "  "
                  << (step.loses_data && !step.kept ? style.Red(step.description)
                                                    : step.description);
    if (step.kept) {
      session.out() << "  (dropped only by: tenon migrate --drop " << step.drop_name << ")";
    } else if (step.loses_data) {
      session.out() << "  (loses data)";
    }
    session.out() << "\n";
    if (with_sql && !step.sql.empty()) {
      std::string_view sql = step.sql;
      while (!sql.empty()) {
        const std::size_t end = std::min(sql.find('\n'), sql.size());
        session.out() << style.Dim("      " + std::string(sql.substr(0, end))) << "\n";
        sql.remove_prefix(std::min(end + 1, sql.size()));
      }
    }
  }
  if (report.steps.empty()) session.Note(nothing);
  if (!report.steps.empty() && !report.at.empty()) {
    session.Note(std::string(at) + report.at);
  }
  for (const std::string& change : report.not_rolling) {
    session.Note("nodes of the version before cannot work with this, stop them first: " + change);
  }
  for (const std::string& model : report.contracts) {
    session.Note(model +
                 ": a part waits until no node of the version before runs; then: tenon migrate "
                 "--contract");
  }
}

// Migrations are of the models that serve would be started with.
Settings SettingsOf(Session& session, const Arguments& arguments) {
  Settings settings = session.settings();
  for (std::string& path : arguments.All("models")) {
    settings.overrides.emplace_back("models", std::move(path));
  }
  return settings;
}

Result<int> RunPlan(Session& session, const Arguments& arguments) {
  if (!session.environment().plan) return Fail(Code::kUnavailable, "this build cannot migrate");
  MigrateRequest request;
  request.settings = SettingsOf(session, arguments);
  request.dry_run = true;
  request.contract = arguments.Has("contract");
  const MigrationReport report = TRY(session.environment().plan(request));
  PrintSteps(session, report, arguments.Has("sql"),
             "the data directory matches the models: nothing to do",
             "migrate would bring the data to ");
  return 0;
}

Result<int> RunMigrate(Session& session, const Arguments& arguments) {
  if (arguments.Has("to")) {
    if (arguments.Has("dry-run") || arguments.Has("drop") || arguments.Has("contract")) {
      return Fail(Code::kInvalidArgument, "--to moves all rows and goes with --models only");
    }
    return RunMove(session, SettingsOf(session, arguments), arguments.Get("to"));
  }
  if (!session.environment().migrate) return Fail(Code::kUnavailable, "this build cannot migrate");
  MigrateRequest request;
  request.settings = SettingsOf(session, arguments);
  request.drops = arguments.All("drop");
  request.dry_run = arguments.Has("dry-run");
  request.contract = arguments.Has("contract");
  const MigrationReport report = TRY(session.environment().migrate(request));
  PrintSteps(session, report, arguments.Has("sql") || request.dry_run,
             "the data directory matches the models: nothing to do",
             request.dry_run ? "this would bring the data to " : "the data is at ");
  return 0;
}

Result<int> RunRollback(Session& session, const Arguments& arguments) {
  if (!session.environment().rollback) return Fail(Code::kUnavailable, "this build cannot migrate");
  MigrateRequest request;
  request.settings = SettingsOf(session, arguments);
  request.dry_run = arguments.Has("dry-run");
  if (arguments.Has("to")) request.down_to = arguments.Get("to");
  request.drops = arguments.All("drop");
  const MigrationReport report = TRY(session.environment().rollback(request));
  PrintSteps(session, report, arguments.Has("sql"), "there is no migration to undo",
             request.dry_run ? "the data stays at " : "the data is at ");
  return 0;
}

Option ModelsOption() {
  return {"models", "PATH", "a model file or folder, as for serve", "", true, {}, Completes::kFile};
}
Option SqlOption() { return {"sql", "", "print the statements as well"}; }
Option ContractOption() {
  return {"contract", "", "PostgreSQL: also what nodes of the version before could not work with"};
}
Option DropOption() {
  return {"drop", "NAME", "allow this step that loses data (table, table.column)", "", true};
}

}  // namespace

Command PlanCommand() {
  return {.name = "plan",
          .group = "Models",
          .summary = "Show what migrate would do, and touch nothing",
          .details =
              "Compares the models with a data directory. A step that loses data is marked;\n"
              "migrate leaves it out unless it is asked for by name.",
          .examples = {"tenon plan --data ./data", "tenon plan --data ./data --sql"},
          .positionals = {},
          .options = {ModelsOption(), SqlOption(), ContractOption()},
          .run = RunPlan};
}

Command MigrateCommand() {
  return {.name = "migrate",
          .group = "Models",
          .summary = "Bring a data directory to the models",
          .details =
              "Works on a data directory that no server has open, or on a PostgreSQL database\n"
              "beside its servers. Each step is recorded in schema_migrations with its way\n"
              "back. serve migrates on start as well, but never loses data.\n"
              "\n"
              "On PostgreSQL a change goes first so far that nodes of the version before work\n"
              "on; --contract does the rest, once none of them runs.\n"
              "\n"
              "--to moves a data directory to an empty PostgreSQL database: every row, checked\n"
              "by count, and the audit chain, which goes on there. Cut off, the same command\n"
              "goes on where it was. The data directory keeps its rows.",
          .examples = {"tenon migrate --data ./data",
                       "tenon migrate --data ./data --drop assets.cost_center",
                       "tenon migrate --data ./data --to postgresql://tenon_owner@db/tenon"},
          .positionals = {},
          .options = {ModelsOption(),
                      DropOption(),
                      SqlOption(),
                      ContractOption(),
                      {"to", "URL", "move the rows to this PostgreSQL database, as its owner"},
                      {"dry-run", "", "print the steps and their statements, do nothing"}},
          .run = RunMigrate};
}

Command RollbackCommand() {
  return {.name = "rollback",
          .group = "Models",
          .summary = "Undo the newest migrations of a data directory",
          .details =
              "One migration, or with --to all that are newer than VERSION. The models that\n"
              "belong to the older version must be in force before the next start.",
          .examples = {"tenon rollback --data ./data",
                       "tenon rollback --data ./data --to catalog.0001"},
          .positionals = {},
          .options = {{"to", "VERSION", "the migration to end at"},
                      ModelsOption(),
                      DropOption(),
                      SqlOption(),
                      {"dry-run", "", "print the steps, do nothing"}},
          .run = RunRollback};
}

}  // namespace tenon::cli
