#include "app/node.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "api/accounts.h"
#include "app/archive.h"
#include "auth/identity.h"
#include "store/migrations/derive.h"
#include "store/migrations/postgres_migrate.h"

namespace tenon {
namespace {

constexpr std::string_view kVaultCheck = "tenon vault check";
const Scope kEverywhere{.tenant = {}, .across_tenants = true};

Result<std::string> ReadMeta(Store& store, std::string_view key) {
  std::string value;
  const Value parameter(key);
  TRY(store.Read(kEverywhere, [&](Reader& reader) {
    return reader.Query("SELECT value FROM engine_meta WHERE key = $1", std::span(&parameter, 1),
                        [&](const Row& row) -> Result<bool> {
                          value = row.Text(0);
                          return false;
                        });
  }));
  return value;
}

// Only if it still is what it was (empty: not there); false when another node has written it.
Result<bool> WriteMeta(Store& store, std::string_view key, const std::string& was,
                       const std::string& value) {
  const std::vector<Value> parameters = {Value(key), Value(value), Value(was)};
  bool written = false;
  TRY(store.Write(kEverywhere, [&](Transaction& transaction) -> Result<void> {
    written = TRY(transaction.Execute(
                  "INSERT INTO engine_meta (key, value) VALUES ($1, $2) ON CONFLICT (key) "
                  "DO UPDATE SET value = excluded.value WHERE engine_meta.value = $3",
                  parameters)) == 1;
    return {};
  }));
  return written;
}

}  // namespace

Result<std::shared_ptr<const model::Model>> CheckModels(
    const std::vector<model::SourceFile>& files) {
  model::Sources sources;
  for (const model::SourceFile& file : files) sources.Add(file.path, file.text);
  auto checked = model::Check(sources);
  if (checked) return *std::move(checked);
  std::string message = "the models have errors:";
  for (const model::Diagnostic& diagnostic : checked.error()) {
    message += "\n" + model::Render(sources, diagnostic);
  }
  return Fail(Code::kInvalidArgument, std::move(message));
}

Node::Node(NodeOptions options, NodeDeps deps)
    : options_(std::move(options)), deps_(deps), ids_(deps.clock, deps.random) {}

Node::~Node() {
  for (auto& ticker : tickers_) ticker->Stop();
  tickers_.clear();
  if (webhooks_) webhooks_->Stop();
  if (work_) work_->Stop();
  if (indexes_) indexes_->Stop();
  if (api_) api_->Stop();
  openlineage_.reset();
  if (engine_) engine_->Stop();
  if (log_) log_->Stop();
  if (store_) store_->Close();
}

void Node::Say(std::string_view level, const std::string& message) const {
  if (options_.log) options_.log(level, message);
}

http::Handler Node::handler() { return api_->handler(); }
void Node::StopStreams() { api_->CloseStreams(); }

Result<std::unique_ptr<Node>> Node::Open(NodeOptions options, NodeDeps deps) {
  std::unique_ptr<Node> node(new Node(std::move(options), deps));
  node->model_ = TRY(CheckModels(node->options_.models));
  TRY(node->OpenStore());
  TRY(node->OpenLog());
  TRY(node->OpenVault());
  TRY(node->OpenEngine());
  if (node->options_.run_clock) node->StartClock();
  return node;
}

Result<void> Node::OpenStore() {
  // The archives have one writer; with a data file the store takes the lock.
  if (options_.store.postgres && options_.store.create) {
    lock_ = TRY(DirectoryLock::Take(options_.store.directory, true));
  }
  store_ = TRY(OpenForServing(
      options_.store, *model_, deps_.clock,
      {.migrate = options_.migrate, .search = options_.indexes.search, .log = options_.log}));
  if (options_.store.postgres && options_.store.create) TRY(RefuseToLeaveRows());
  return {};
}

// Whoever serves from an empty database beside a data file forgot to move its rows, or does not
// know that they stay behind; once the database has rows of its own, it is too late.
Result<void> Node::RefuseToLeaveRows() {
  const std::string& directory = options_.store.directory;
  std::error_code ignored;
  if (!std::filesystem::exists(std::filesystem::path(directory) / "tenon.db", ignored)) return {};
  bool any = false;
  TRY(store_->Read(kEverywhere, [&](Reader& reader) {
    return reader.Query("SELECT 1 FROM tenants LIMIT 1", {}, [&](const Row&) -> Result<bool> {
      any = true;
      return false;
    });
  }));
  if (any) return {};
  return Fail(
      Code::kConflict,
      fmt::format("the database is empty, and the rows of {}/tenon.db are not in it: 'tenon "
                  "migrate --data {} --to URL' moves them; to begin anew, serve with "
                  "another data directory",
                  directory, directory));
}

Result<void> Node::OpenLog() {
  log_ = TRY(tenon::OpenLog(*store_, ids_, deps_.random));
  return {};
}

Result<void> Node::OpenVault() {
  const std::string check = TRY(ReadMeta(*store_, "vault_check"));
  if (options_.encryption_key.empty()) {
    if (!check.empty()) {
      Say("warn", "ENCRYPTION_KEY is not set: secrets in this store cannot be used or changed");
    }
    return {};
  }
  auto vault =
      Vault::Create(options_.encryption_key, options_.encryption_key_previous, deps_.random);
  if (!vault) return Fail(std::move(vault).error().In("ENCRYPTION_KEY"));
  if (!check.empty()) {
    const auto opened = vault->Open(check);
    if (!opened || *opened != kVaultCheck) {
      return Fail(Code::kUnavailable,
                  "ENCRYPTION_KEY is not the key that this store's secrets are sealed with. Start "
                  "with the right one, or give it as ENCRYPTION_KEY_PREVIOUS beside the new one");
    }
  }
  vault_ = std::make_unique<Vault>(*std::move(vault));
  if (!check.empty() && !vault_->NeedsReseal(check)) return {};
  if (TRY(WriteMeta(*store_, "vault_check", check, vault_->Seal(kVaultCheck)))) return {};
  return OpenVault();
}

Result<void> Node::OpenEngine() {
  options_.engine.system_tenant = SystemTenantId();
  options_.engine.archive = [directory = options_.store.directory](const std::string& table,
                                                                   const std::string& rows) {
    return AppendArchive(directory, table, rows);
  };
  engine_ = std::make_unique<Engine>(
      EngineDeps{model_, *store_, *log_, deps_.clock, ids_, vault_.get()}, options_.engine);
  authenticator_ = TRY(Authenticator::Create(
      {*model_, *store_, deps_.clock, ids_, CreateRowsWith(*engine_), NoteKeyUseWith(*engine_)},
      options_.auth));
  engine_->OnIdentityChange([this] { authenticator_->Invalidate(); });
  bootstrapped_ = TRY(Bootstrap({authenticator_->directory(), CreateRowsWith(*engine_),
                                 deps_.random, options_.store.directory}));
  options_.indexes.directory = options_.store.directory;
  indexes_ = TRY(Indexes::Open({*engine_, deps_.random, options_.log}, options_.indexes));
  for (Route& route : indexes_->Routes()) options_.api.routes.push_back(std::move(route));
  work_ = TRY(Work::Open(
      {.engine = *engine_,
       .directory = authenticator_->directory(),
       .vault = vault_.get(),
       .random = deps_.random,
       .ids = ids_,
       .log = options_.log,
       .rebuild =
           [this](const std::string& index) { return indexes_->followers().Rebuild(index); }},
      options_.work));
  options_.api.more_metrics = [this, more = options_.api.more_metrics](std::string& out) {
    if (more) more(out);
    work_->AppendMetrics(out);
    indexes_->AppendMetrics(out);
  };
  openlineage_ = TRY(WireOpenLineage(*engine_, options_.api));
  webhooks_ = TRY(Webhooks::Open({.engine = *engine_,
                                  .vault = vault_.get(),
                                  .random = deps_.random,
                                  .ids = ids_,
                                  .net = [this] { return work_->Network(); },
                                  .log = options_.log},
                                 indexes_->followers(), options_.api));
  options_.api.position_key = TRY(LoadPositionKey(*store_, deps_.random));
  options_.api.not_ready = [this]() -> std::string { return store_->Stats().fault; };
  api_ =
      std::make_unique<Api>(ApiDeps{*engine_, *authenticator_, deps_.random, ids_}, options_.api);
  return {};
}

void Node::StartClock() {
  tickers_.push_back(std::make_unique<Ticker>(
      TickerOptions{.name = "timed events",
                    .period = std::chrono::seconds(1),
                    .failure_period = std::chrono::seconds(5)},
      [this]() -> Result<void> {
        TRY(engine_->TakeDueEvents());
        TRY(engine_->Purge(false));
        TRY(engine_->EraseOldPayloads(false));
        return {};
      },
      options_.log));
  if (store_->dialect() == Dialect::kPostgres) {
    tickers_.push_back(std::make_unique<Ticker>(
        TickerOptions{.name = "partitions",
                      .period = std::chrono::hours(6),
                      .failure_period = std::chrono::minutes(5)},
        [this, schema = DeriveSchema(*model_, Dialect::kPostgres)]() -> Result<void> {
          const std::int64_t made = TRY(MakePartitions(*store_, schema));
          if (made > 0) Say("info", std::to_string(made) + " partitions made for months to come");
          return {};
        },
        options_.log));
  }
  for (auto& ticker : tickers_) ticker->Start();
  indexes_->Start();
  work_->Start();
  webhooks_->Start();
}

}  // namespace tenon
