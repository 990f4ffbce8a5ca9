// `tenon migrate --to URL`.
#include <libpq-fe.h>
#include <unistd.h>

#include <memory>

#include "app/node.h"
#include "app/offline.h"
#include "app/serve.h"
#include "services/move/move.h"
#include "store/postgres/failure.h"
#include "store/sqlite/sqlite_store.h"

namespace tenon {
namespace {

struct OptionsEnd {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

// "database tenon on db.example.com", never the URL itself, which may hold a password.
Result<std::string> NameOfTarget(const std::string& url) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, OptionsEnd> options(
      PQconninfoParse(url.c_str(), &message));
  if (options == nullptr) {
    Error error = UrlError("the URL of --to", message == nullptr ? "out of memory" : message);
    PQfreemem(message);
    return Fail(std::move(error));
  }
  std::string database;
  std::string host;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    if (std::string_view(option->keyword) == "dbname") database = option->val;
    if (std::string_view(option->keyword) == "host") host = option->val;
  }
  if (database.empty()) {
    return Fail(Code::kInvalidArgument, "--to: the URL names no database: postgresql://HOST/NAME");
  }
  return "database " + database + (host.empty() ? "" : " on " + host);
}

}  // namespace

Result<cli::MoveReport> MoveOffline(const Config& config, const std::string& url,
                                    const cli::MoveProgressFn& progress,
                                    const std::function<bool()>& interrupted) {
  MoveOptions options;
  options.target.url = url;
  options.target_name = TRY(NameOfTarget(url));
  options.roles = {.application = config.database.role, .system = config.database.system_role};
  options.progress = progress;
  options.interrupted = interrupted;
  const auto model = TRY(CheckModels(TRY(ModelSources(config))));
  SqliteOptions source_options;
  source_options.directory = config.data;
  source_options.create = false;
  const auto source = TRY(SqliteStore::Open(std::move(source_options)));
  SystemClock clock;
  SecureRandom random;
  Result<MoveReport> moved = MoveToPostgres(*source, *model, clock, random, options);
  source->Close();
  const MoveReport& report = TRY(moved);
  cli::MoveReport out;
  for (const MovedTable& table : report.tables) out.tables.emplace_back(table.name, table.rows);
  out.rows = report.rows;
  out.position = report.position;
  out.resumed = report.resumed;
  out.left_out = report.left_out;
  out.target = options.target_name;
  return out;
}

}  // namespace tenon
