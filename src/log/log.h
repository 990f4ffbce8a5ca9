// The log: one audits row for each write, sealed into a chain per tenant, read from a position.
// Tables: audits (seeds/metastore.md, 8), audit_seals and audit_heads (models/catalog.tenon).
//
// The seal of a row: sha256(previous seal of the tenant, seq, head of the row, payload digest),
// where the payload digest is sha256(salt, before_state, after_state, metadata, address, agent).
// The salt is kept beside the payload and erased with it, so the chain verifies without the payload
// and the digest then tells nothing. audit_heads holds each tenant's last seal, so a truncated log
// is found.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/ids.h"
#include "base/result.h"
#include "store/store.h"

namespace tenon {

struct LogEntry {
  std::int64_t seq = 0;
  Uuid id;
  Uuid tenant;
  std::string entity_type;  // the entity's name: "Asset"
  Uuid entity_id;
  std::string action;  // CREATE, UPDATE, DELETE, RESTORE, or the event's name; READ
  Uuid user;
  std::string before_state;  // JSON or empty
  std::string after_state;   // JSON or empty
  std::string metadata;      // JSON: {"key", "event", "origin", "cause", "job"}
  std::string ip_address;
  std::string user_agent;
  Time timestamp{};
};

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

// Thread-safe but for Append and the WriteObserver calls, which come from the writer.
class Log final : public WriteObserver {
 public:
  Log(Store& store, IdSource& ids, Random& random);

  // Reads the heads from the store. Call once, before the first write.
  Result<void> Open();

  // Writes the audit row and its seal in the transaction; fills in id and seq of `entry`.
  Result<void> Append(Transaction& transaction, LogEntry& entry);

  // Rows after a position, oldest first.
  static Result<std::vector<LogEntry>> Read(Reader& reader, const ReadLog& query);

  // The last durable position.
  [[nodiscard]] std::int64_t Last() const { return last_.load(std::memory_order_acquire); }

  // Calls `wake` after each commit, on the writer's thread, until the returned token is dropped.
  using Subscription = std::shared_ptr<void>;
  [[nodiscard]] Subscription Subscribe(std::function<void(std::int64_t last)> wake);

  // Walks the whole chain of a tenant (or of all). nullopt: whole. `progress` gets rows done.
  Result<std::optional<AuditFault>> Verify(std::optional<Uuid> tenant,
                                           const std::vector<AuditHead>& checkpoint,
                                           const std::function<void(std::int64_t)>& progress);
  Result<std::vector<AuditHead>> Heads();

  std::size_t Mark() override;
  void RollbackTo(std::size_t mark) override;
  Result<void> BeforeCommit(Transaction& transaction) override;
  void AfterCommit() override;

 private:
  struct Head {
    std::int64_t seq = 0;
    Digest seal{};
  };

  Store& store_;
  IdSource& ids_;
  Random& random_;
  // Writer's thread only.
  std::unordered_map<Uuid, Head> heads_;
  std::int64_t next_seq_ = 1;
  struct Undo {
    Uuid tenant;
    Head head;  // as it was before the row
  };
  std::vector<Undo> undo_;  // one for each row of the open group
  // Any thread.
  std::atomic<std::int64_t> last_{0};
  std::mutex subscribers_mutex_;
  std::vector<std::weak_ptr<std::function<void(std::int64_t)>>> subscribers_;
};

}  // namespace tenon
