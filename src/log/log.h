// The log: one audits row for each write, sealed into a chain per tenant, read from a position.
// Tables: audits (seeds/metastore.md, 8), audit_seals and audit_heads (models/catalog.tenon).
//
// A row is known by its audit id from the moment it is written. Its position comes with its seal:
// on SQLite at once, from the one writer (chain_log.h); on PostgreSQL a little after the commit,
// from the one sealer (outbox_log.h). Whoever reads by position reads the same SQL on both.
//
// The seal of a row: sha256(previous seal of the tenant, seq, head of the row, payload digest),
// where the payload digest is sha256(salt, before_state, after_state, metadata, address, agent).
// The salt is kept beside the payload and erased with it, so the chain verifies without the payload
// and the digest then tells nothing. audit_heads holds each tenant's last seal, so a truncated log
// is found. The digest is over the canonical text (RFC 8785) of the JSON columns, in which they are
// written, so it also holds where a store keeps JSON in a form of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "store/store.h"

namespace tenon {

struct LogEntry {
  std::int64_t seq = 0;  // the position; 0 until the row has one
  Uuid id;
  Uuid tenant;
  std::string entity_type;  // the entity's name: "Asset"
  Uuid entity_id;
  std::string action;  // CREATE, UPDATE, DELETE, RESTORE, or the event's name; READ
  Uuid user;
  std::string before_state;  // canonical JSON or empty
  std::string after_state;   // canonical JSON or empty
  // Canonical JSON: {"key", "event", "from", "to", "cause": id of the log row that led to this one,
  // "job", "on_behalf_of"}.
  std::string metadata;
  std::string ip_address;
  std::string user_agent;
  Time timestamp{};
};

// For queries of one row's log over audits a LEFT JOIN audit_seals s: the position, or the largest
// number for a row that has none yet.
inline constexpr std::string_view kSeqLast = "9223372036854775807";
inline constexpr std::string_view kSeqOrLast = "coalesce(s.seq, 9223372036854775807)";

struct Position {
  std::int64_t seq = 0;  // of the last row seen; 0: the beginning
};

struct ReadLog {
  std::optional<Uuid> tenant;  // absent: all tenants
  std::int64_t after = 0;
  std::int64_t limit = 1000;
  std::optional<std::int64_t> until;  // last position to read
  std::string entity_type;            // empty: all
  std::optional<Uuid> entity_id;
  // Enough once the entries' states hold so many bytes (at least one entry is read): a row may
  // carry megabytes. 0: no bound.
  std::size_t bytes_max = 0;
};

// What `tenon audit verify` found wrong first.
struct AuditFault {
  std::int64_t seq = 0;
  std::string audit_id;
  std::string what;  // "altered", "missing", "reordered", "truncated", in words
};

struct AuditHead {
  Uuid tenant;
  std::int64_t seq = 0;
  std::string seal;
};

// Thread-safe.
class Log {
 public:
  virtual ~Log();

  // Writes the audit row, and what it takes to seal it, in the transaction; fills in the id of
  // `entry`. Called by the work of write jobs.
  virtual Result<void> Append(Transaction& transaction, LogEntry& entry) = 0;

  // A position that covers every write that was answered before the call and that `scope` may see:
  // the last one on SQLite; elsewhere what is committed now and not numbered yet is waited for.
  // kDeadline when that takes longer than `patience`.
  virtual Result<Position> Settle(const Scope& scope, std::chrono::milliseconds patience) = 0;

  // A hint that rows were committed just now, so that nobody waits for the next look.
  virtual void Wrote() {}

  // Ends the log's own threads. Before the store is closed.
  virtual void Stop() {}

  // How long positions have not followed the commits: zero while they do. A cache that is told of
  // changes by the log must not be believed when this grows.
  [[nodiscard]] virtual std::chrono::milliseconds Lag() const { return {}; }

  // Rows after a position, oldest first.
  static Result<std::vector<LogEntry>> Read(Reader& reader, const ReadLog& query);

  // The last durable position that this node knows of.
  [[nodiscard]] std::int64_t Last() const { return last_.load(std::memory_order_acquire); }

  // Calls `wake` after the last position has moved, on the log's thread (SQLite: the writer's),
  // until the returned token is dropped. It must be short and may not throw.
  using Subscription = std::shared_ptr<void>;
  [[nodiscard]] Subscription Subscribe(std::function<void(std::int64_t last)> wake);

  // Walks the whole chain of a tenant (or of all). nullopt: whole. `progress` gets rows done.
  Result<std::optional<AuditFault>> Verify(std::optional<Uuid> tenant,
                                           const std::vector<AuditHead>& checkpoint,
                                           const std::function<void(std::int64_t)>& progress);
  Result<std::vector<AuditHead>> Heads();

 protected:
  explicit Log(Store& store) : store_(store) {}
  [[nodiscard]] Store& store() { return store_; }
  // The last position is now at least `last`; whoever subscribed is told when that is news.
  void Publish(std::int64_t last);

 private:
  Store& store_;
  std::atomic<std::int64_t> last_{0};
  std::mutex subscribers_mutex_;
  // Guarded by subscribers_mutex_.
  std::vector<std::weak_ptr<std::function<void(std::int64_t)>>> subscribers_;
};

// The log of a store, ready for the first write: sealed by the store's one writer where it has one,
// else by a sealer, which one node at a time runs.
Result<std::unique_ptr<Log>> OpenLog(Store& store, IdSource& ids, Random& random);

}  // namespace tenon
