// What a follower is: somebody who reads the log from a position of its own and keeps something up
// to date by it - an index, a queue of deliveries, rows made from other rows. followers.h runs
// them.
//
// To write one:
//   1. Say where its effect is kept (Keeps), what it starts from (Start) and which entities it
//      reads (FollowerTraits).
//   2. Apply a page of rows, oldest first; with kInStore, Prepare it before. Each row comes once
//   when the effect stands with the
//      position (kInStore, kOwn), and at least once, with its id, when it does not (kOutside).
//   3. With Start::kRebuild, build everything anew from the tables.
//   4. Add it in app/node.cc; it then shows in /metrics, GET /v1/followers, `tenon doctor`, and
//      `tenon reindex NAME` rebuilds it.
//
// A follower may lag, fail, crash, be added to an old store or be rebuilt; it must not hold the
// log, the writer or memory. Pages are bounded in rows and bytes; an error is tried again with
// growing pauses, from a page of one row on, so that what came before a bad row is done. A follower
// that can live without a row (a webhook that is parked, a document that cannot be indexed) notes
// that itself and succeeds.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "engine/engine_writer.h"
#include "log/log.h"
#include "store/store.h"

namespace tenon {

// Where a follower's effect, and with it its position, is kept.
enum class Keeps {
  // In the store. Apply writes through FollowerPage::writer, in one transaction with the position:
  // each row has its effect exactly once. What it writes bears its origin and is skipped when read.
  kInStore,
  // In memory or in a file of its own that keeps its position itself, in one transaction with the
  // effect (Follower::Saved). Nothing in memory: it starts anew with each process.
  kOwn,
  // Outside: another server. The position is saved after the effect, at most a second later, so
  // the last rows come again after a crash; LogEntry::id tells them apart.
  kOutside,
};

// Where a follower without a position begins.
enum class Start {
  kRebuild,    // from the tables
  kBeginning,  // with the first row of the log: folds over history
  kEnd,        // with what comes now
};

struct FollowerTraits {
  std::string name;  // "search": key in follower_positions, label in metrics, `tenon reindex NAME`
  std::string description;  // one line, for people
  Keeps keeps = Keeps::kInStore;
  Start start = Start::kRebuild;
  std::vector<std::string> types;  // LogEntry::entity_type it wants ("ASSET"); empty: all
  std::int64_t page_rows = 500;    // at most so many log rows are read at once
};

// Rows of the log wherever they lie: followers share them (log_pages.h).
class LogRows {
 public:
  class Iterator {
   public:
    explicit Iterator(const LogEntry* const* at) : at_(at) {}
    const LogEntry& operator*() const { return **at_; }
    const LogEntry* operator->() const { return *at_; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const LogEntry* const* at_;
  };

  LogRows() = default;
  LogRows(std::span<const LogEntry* const> rows) : rows_(rows) {}
  [[nodiscard]] Iterator begin() const { return Iterator(rows_.data()); }
  [[nodiscard]] Iterator end() const { return Iterator(rows_.data() + rows_.size()); }
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }

 private:
  std::span<const LogEntry* const> rows_;
};

// Log rows to apply, in order. Those of other types and those that the follower wrote itself are
// left out, so it may be empty.
struct FollowerPage {
  LogRows rows;
  std::int64_t position = 0;       // everything up to here is done with this page
  EngineWriter* writer = nullptr;  // kInStore: the transaction; null otherwise
};

// The position of a read snapshot, exactly. On PostgreSQL a row becomes visible before the sealer
// numbers it; such rows are in the snapshot although they come later in the log.
struct SnapshotMark {
  std::int64_t seq = 0;
  std::unordered_set<Uuid> unsealed;  // audit ids visible without a number yet; mostly empty

  // True when the snapshot already holds the effect of the row.
  [[nodiscard]] bool Covers(const LogEntry& entry) const {
    return entry.seq <= seq || (!unsealed.empty() && unsealed.contains(entry.id));
  }
};

// Inside a Store::Read: where that snapshot stands.
Result<SnapshotMark> MarkOf(Reader& reader, Time now);

// What a rebuild may use.
struct RebuildRun {
  // The log's end before anything was read. Rows after it are applied when Rebuild has returned,
  // also those whose effect it saw already: so a rebuild over several snapshots comes out right
  // when Apply sets and removes by key, and does not count. A rebuild from one snapshot may return
  // that snapshot's MarkOf instead and skip what it covers.
  std::int64_t position = 0;
  // Call it now and then. False: the server stops, or somebody asked anew; return an error.
  std::function<bool(std::int64_t done, std::int64_t total)> progress;
};

// Called by one thread at a time, never by two.
class Follower {
 public:
  virtual ~Follower() = default;
  [[nodiscard]] virtual const FollowerTraits& traits() const = 0;

  // kOwn: the position that its own keeping has; nullopt: none, begin as traits().start says.
  // Asked at the start and after an error of Apply.
  virtual Result<std::optional<std::int64_t>> Saved() { return std::optional<std::int64_t>{}; }

  // For an effect that the nodes of a store share and one of them keeps. How far that one has come,
  // when it is another: this node then only notes that position. nullopt: this node applies. Asked
  // before each step.
  virtual Result<std::optional<std::int64_t>> Elsewhere() { return std::optional<std::int64_t>{}; }

  // Throws away what there is and builds it from the tables. kOwn keeps `run.position` with it. A
  // crash in the middle makes it run again. kInStore and kOutside: the position is saved after it.
  virtual Result<void> Rebuild(RebuildRun& run);

  // kInStore: on the follower's thread, before a transaction is opened for the page. Finds out with
  // Store::Read what Apply is to write, so that the one writer waits for that alone. False: nothing
  // of the page concerns it, and there is no transaction.
  virtual Result<bool> Prepare(const LogRows& /*rows*/) { return true; }

  // Applies a page. kInStore: inside the writer's transaction, and so repeatable and short. Others:
  // on the follower's thread, in their own time, with Store::Read as they need. An error: none of
  // the page counts as done.
  virtual Result<void> Apply(const FollowerPage& page) = 0;
};

// --- helpers for Apply ---------------------------------------------------------------------------

// The row's key as URLs have it (KeyText), which is not its UUID for some entities.
std::string KeyOf(const LogEntry& entry);

// A state of a row as the log keeps it (before_state or after_state) as a record: redacted fields
// and secrets are null, and so is what the present model cannot read.
Record RecordOfState(const model::Entity& entity, std::string_view state);

}  // namespace tenon
