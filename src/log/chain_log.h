// The log of a store with a single writer: it numbers and seals each row as it is written, in the
// same transaction, so a position is known at the commit.
#pragma once

#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "log/log.h"

namespace tenon {

// Append and the WriteObserver's calls come from the writer's thread, the rest from any.
class ChainLog final : public Log, public WriteObserver {
 public:
  // `Open` before the first write; the store must be given this as its observer.
  ChainLog(Store& store, IdSource& ids, Random& random);

  // Reads the heads from the store.
  Result<void> Open();

  Result<void> Append(Transaction& transaction, LogEntry& entry) override;
  Result<Position> Settle(const Scope&, std::chrono::milliseconds) override {
    return Position{Last()};
  }

  std::size_t Mark() override;
  void RollbackTo(std::size_t mark) override;
  Result<void> BeforeCommit(Transaction& transaction) override;
  void AfterCommit() override;

 private:
  struct Head {
    std::int64_t seq = 0;
    Digest seal{};
  };
  struct Undo {
    Uuid tenant;
    Head head;  // as it was before the row
  };

  IdSource& ids_;
  Random& random_;
  // Writer's thread only.
  std::unordered_map<Uuid, Head> heads_;
  std::int64_t next_seq_ = 1;
  std::vector<Undo> undo_;  // one for each row of the open group
};

}  // namespace tenon
