// The engine: one write pipeline and the reads over a checked model, the same for every entity and
// both stores. See docs/architecture notes in ARCHITECTURE.md, "The write pipeline".
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/ids.h"
#include "base/seal.h"
#include "engine/command.h"
#include "log/log.h"
#include "model/model.h"
#include "store/store.h"

namespace tenon {

struct EngineOptions {
  std::size_t cache_bytes = 32u << 20;  // single records, encoded; 0: no cache
  std::chrono::seconds cache_ttl{3600};
  Uuid system_tenant;
  // Keeps what a purge with `export` is about to take: table and NDJSON rows. Null: such purges
  // are not run.
  std::function<Result<void>(const std::string& table, const std::string& rows)> archive = {};
};

struct EngineDeps {
  std::shared_ptr<const model::Model> model;
  Store& store;
  Log& log;
  Clock& clock;
  IdSource& ids;
  const Vault* vault;  // null: secrets are refused
};

// How a write is carried out.
struct ApplyOptions {
  Lane lane = Lane::kInteractive;
  // Where `done` is called and what the command held is freed, once it is committed or has failed:
  // the thread that made it. Null: where the write ended, which then cannot write meanwhile.
  std::shared_ptr<Executor> finish_on = {};
};

class EngineWriter;  // engine/engine_writer.h

// Thread-safe.
class Engine {
 public:
  Engine(EngineDeps deps, EngineOptions options);
  ~Engine();

  using Done = std::function<void(Result<Outcome>)>;
  using BatchDone = std::function<void(Result<std::vector<Result<Outcome>>>)>;

  // One command. Decoding, permission and sealing happen on the caller's thread, the rest on the
  // writer's; `done` is called once, on either or on options.finish_on.
  void Apply(const Caller& caller, Command command, Idempotent replay, Done done,
             ApplyOptions options = {});
  Result<Outcome> ApplyAndWait(const Caller& caller, Command command,
                               Lane lane = Lane::kInteractive);

  // Many commands in one transaction when `atomic` (the first failure, with its index in
  // Error::details.index, rolls back all), else item by item with a result each. A body may name
  // the id of an earlier command's row as "$0.id" (its index).
  void ApplyBatch(const Caller& caller, std::vector<Command> commands, bool atomic,
                  Idempotent replay, BatchDone done, ApplyOptions options = {});

  // Commands and statements of one's own in one transaction, for followers, whose position moves
  // with what they write, and for tasks. `work` must be repeatable; waits for the commit.
  Result<void> Write(const std::function<Result<void>(EngineWriter&)>& work,
                     Lane lane = Lane::kBulk);

  // --- reads; on the caller's thread -------------------------------------------------------------

  // A whole row from the cache, for the I/O thread: never touches the store. Null when it is not
  // cached or the caller may not read it.
  std::shared_ptr<const GetResult> Cached(const Caller& caller, const model::Entity& entity,
                                          std::string_view id);
  Result<GetResult> Get(const Caller& caller, const model::Entity& entity, std::string_view id,
                        const GetOptions& options);
  // Get of a whole row without options, for threads that must not wait. `got` is called once: on
  // this thread where rows are at hand, else on one of the engine's, and then reads that come
  // together go out together (group_reads.h).
  using Got = std::function<void(Result<GetResult>)>;
  void GetSoon(const Caller& caller, const model::Entity& entity, std::string_view id, Got got);
  // {"items": [...], "next_page_token": "...", "total": n}
  Result<std::string> List(const Caller& caller, const model::Entity& entity,
                           const ListQuery& query);
  // {"items": [{"seq","timestamp","action","user_id","changes":[...],"transition":{...}}], ...}
  Result<std::string> History(const Caller& caller, const model::Entity& entity,
                              std::string_view id, int page_size, std::string_view page_token);
  // {"items": [...]}
  Result<std::string> View(const Caller& caller, const model::View& view,
                           const std::vector<std::pair<std::string, std::string>>& parameters);
  // Rows of an entity as NDJSON, in key order, handed over in pieces; for export.
  Result<void> Export(const Caller& caller, const model::Entity& entity, std::string_view filter,
                      const std::function<bool(std::string_view piece)>& piece);

  // Erases the payloads of the log about one row; how many log rows. Admins, and for global tables
  // system callers only. The log says who did it; the chain still verifies. kNotFound when the log
  // knows nothing of such a row.
  Result<std::int64_t> Erase(const Caller& caller, const EraseRequest& request);

  // --- the clock's work
  // ---------------------------------------------------------------------------

  // Takes every `auto` event that is due; how many rows changed. After a clock jump or a suspend
  // nothing fires for a minute, so that heartbeats can arrive first. Called once a second by one
  // thread; tests call it by hand. Of several nodes over one store one does it at a time, by its
  // own clock.
  Result<int> TakeDueEvents();
  // Purges what is due by the models' retention (all of it when `force`), in small jobs on the bulk
  // lane; how many rows went. The same thread.
  Result<int> Purge(bool force);

  // Erases payloads of the log that are older than their tenant's config.audit_retention, in small
  // bulk jobs, at most once an hour (always when `force`); how many. The same thread.
  Result<std::int64_t> EraseOldPayloads(bool force);

  // `changed` is called when another node has written users, keys or tenants, on a thread of the
  // engine's. Empty: nobody is told any more.
  void OnIdentityChange(std::function<void()> changed);
  // Ends the engine's own threads. Before the log and the store are closed.
  void Stop();

  [[nodiscard]] const model::Model& model() const;
  [[nodiscard]] Store& store();
  [[nodiscard]] Log& log();
  [[nodiscard]] Clock& clock();

  // Events allowed from the state the row is in, for 409 answers and the CLI.
  struct CacheStats {
    std::int64_t hits = 0, misses = 0, bytes = 0, entries = 0;
  };
  [[nodiscard]] CacheStats cache_stats() const;

  struct Impl;  // engine/impl.h

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace tenon
