// `tenon doctor` on a data directory: what a person would look at when something seems wrong.
#include <fmt/format.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>

#include "app/doctor_parts.h"
#include "app/node.h"
#include "app/offline.h"
#include "app/serve.h"
#include "engine/reconcile.h"
#include "store/sqlite/backup.h"
#include "store/sqlite/sqlite_store.h"

namespace tenon {
namespace {

namespace fs = std::filesystem;
using Level = cli::Finding::Level;
using Findings = std::vector<cli::Finding>;

constexpr auto kAdminKeyAge = std::chrono::hours(24 * 30);
constexpr std::uintmax_t kFreeBytesMin = 1u << 30;

void CheckDirectory(const Config& config, Findings& findings) {
  struct stat info{};
  if (::stat(config.data.c_str(), &info) != 0) {
    findings.push_back({Level::kNote, "data directory", config.data + " is not there yet",
                        "tenon serve --data " + config.data + " makes it"});
    return;
  }
  if ((info.st_mode & 077) != 0) {
    findings.push_back(
        {Level::kWarning, "data directory",
         fmt::format("{} may be read by others (mode {:o})", config.data, info.st_mode & 0777),
         "chmod 700 " + config.data});
  } else {
    findings.push_back(
        {Level::kOk, "data directory", config.data + ", only its owner may read it", ""});
  }
  std::error_code failed;
  const fs::space_info space = fs::space(config.data, failed);
  if (!failed && space.available < kFreeBytesMin) {
    findings.push_back({Level::kWarning, "disk",
                        fmt::format("{} MB are free", space.available >> 20),
                        "make room: without any, writes are refused"});
  } else if (!failed) {
    findings.push_back(
        {Level::kOk, "disk",
         fmt::format("{:.1f} GB are free", static_cast<double>(space.available) / 1e9), ""});
  }
}

void CheckAdminKey(const Config& config, Findings& findings) {
  const fs::path path = fs::path(config.data) / "admin.key";
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return;
  if ((info.st_mode & 077) != 0) {
    findings.push_back({Level::kError, "admin key", path.string() + " may be read by others",
                        "chmod 600 " + path.string()});
    return;
  }
  const auto age = std::chrono::system_clock::now() -
                   std::chrono::system_clock::from_time_t(info.st_mtim.tv_sec);
  if (age > kAdminKeyAge) {
    findings.push_back({Level::kWarning, "admin key", "the first key was never rotated",
                        "make keys of your own (tenon keys create), then tenon keys rotate this "
                        "one and delete " +
                            path.string()});
  } else {
    findings.push_back({Level::kNote, "admin key", path.string() + " holds the first key",
                        "rotate it once you have keys of your own"});
  }
}

// The store itself; another process may be using it, so only reading connections are opened.
void CheckStore(const Config& config, Findings& findings) {
  const std::string file = (fs::path(config.data) / "tenon.db").string();
  const auto state = InspectFile(file);
  if (!state) {
    findings.push_back({Level::kError, "data file", state.error().message, ""});
    return;
  }
  if (*state == FileState::kMissing) return;
  const auto checked = CheckFile(file, {.read_only = true, .vfs = {}});
  if (!checked) {
    findings.push_back({Level::kError, "data file", checked.error().message, ""});
    return;
  }
  const std::vector<std::string>& problems = *checked;
  for (const std::string& problem : problems) {
    findings.push_back({Level::kError, "data file", problem, "restore a backup"});
  }
  if (problems.empty()) {
    findings.push_back(
        {Level::kOk, "data file",
         fmt::format("{}, {:.1f} MB, whole", file, static_cast<double>(FileBytes(file)) / 1e6),
         ""});
  }
}

// The audit chain needs the data file to itself; beside a running server, ask that one.
void CheckChain(const Config& config, Findings& findings) {
  SqliteOptions options;
  options.directory = config.data;
  options.create = false;
  auto store = SqliteStore::Open(std::move(options));
  if (!store) {
    findings.push_back({Level::kNote, "audit chain", "not looked at: " + store.error().message,
                        "tenon audit verify asks the running server"});
    return;
  }
  SystemClock clock;
  SecureRandom random;
  IdSource ids(clock, random);
  if (const auto log = OpenLog(**store, ids, random)) {
    CheckChainOf(**log, findings);
  } else {
    findings.push_back({Level::kError, "audit chain", log.error().message, ""});
  }
  (*store)->Close();
}

// Rows that somebody changed in the sqlite3 shell or psql get their log row now.
Result<void> ReconcileRows(const Config& config, Findings& findings) {
  SystemClock clock;
  SecureRandom random;
  NodeOptions options = TRY(NodeOptionsOf(config));
  options.run_clock = false;
  options.migrate = false;  // rows are looked at, tables are not changed
  options.store.create = false;
  const auto node = TRY(Node::Open(std::move(options), {clock, random}));
  const auto changes = TRY(Reconcile(node->engine(), true));
  constexpr std::size_t kShown = 20;
  for (std::size_t i = 0; i < changes.size() && i < kShown; ++i) {
    findings.push_back({Level::kWarning, "reconcile",
                        fmt::format("{} {} was changed outside ({}{}{}); it is logged now",
                                    changes[i].table, changes[i].key, changes[i].action,
                                    changes[i].fields.empty() ? "" : ": ", changes[i].fields),
                        ""});
  }
  findings.push_back({Level::kOk, "reconcile",
                      fmt::format("rows that had been changed outside: {}", changes.size()), ""});
  return {};
}

}  // namespace

void CheckChainOf(Log& log, Findings& findings) {
  const auto fault = log.Verify(std::nullopt, {}, {});
  if (!fault) {
    findings.push_back({Level::kError, "audit chain", fault.error().message, ""});
  } else if (*fault) {
    findings.push_back({Level::kError, "audit chain",
                        fmt::format("row {}: {}", (*fault)->seq, (*fault)->what),
                        "somebody or something changed the log; compare with a backup"});
  } else {
    findings.push_back({Level::kOk, "audit chain", fmt::format("whole, {} rows", log.Last()), ""});
  }
}

Result<std::vector<cli::Finding>> Doctor(const Config& config, bool reconcile) {
  Findings findings;
  findings.push_back({Level::kOk, "version", TENON_VERSION, ""});
  for (const std::string& warning : config.warnings) {
    findings.push_back({Level::kWarning, "configuration", warning, ""});
  }
  if (config.encryption_key.empty()) {
    findings.push_back({Level::kNote, "secrets", "ENCRYPTION_KEY is not set: secrets are refused",
                        "openssl rand -hex 32 makes a key"});
  }
  const auto sources = ModelSources(config);
  const auto model =
      sources ? CheckModels(*sources)
              : Result<std::shared_ptr<const model::Model>>(std::unexpected(sources.error()));
  if (model) {
    findings.push_back(
        {Level::kOk, "models",
         fmt::format("{} files, {} entities", sources->size(), (*model)->entities.size()), ""});
  } else {
    findings.push_back({Level::kError, "models", model.error().message, ""});
  }
  CheckDirectory(config, findings);
  CheckAdminKey(config, findings);
  if (config.store == "postgres") {
    CheckPostgres(config, model ? model->get() : nullptr, findings);
  } else {
    CheckStore(config, findings);
    std::error_code ignored;
    if (fs::exists(fs::path(config.data) / "tenon.db", ignored)) CheckChain(config, findings);
  }
  if (reconcile) {
    // What was found so far is told all the same.
    if (const auto done = ReconcileRows(config, findings); !done) {
      findings.push_back({Level::kError, "reconcile", "not done: " + done.error().message, ""});
    }
  }
  return findings;
}

}  // namespace tenon
