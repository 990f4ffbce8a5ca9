// The embedded search index: DIR/search.db beside the store, off its writer.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "search/index.h"
#include "search/plan.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/read_pool.h"

namespace tenon::search {

class SqliteIndex final : public SearchIndex {
 public:
  // Opens DIR/search.db when it can be used; otherwise there is no index until the first Rebuild.
  // The plans must outlive it.
  SqliteIndex(const std::string& directory, const SearchPlans& plans);
  ~SqliteIndex() override;

  Result<std::optional<LogPlace>> Place() override;
  Result<void> Apply(std::span<const Change> changes, const LogPlace& place) override;
  Result<void> Rebuild(const LogPlace& place,
                       const std::function<Result<void>(const Add&)>& fill) override;
  Result<void> EraseTenant(const Uuid& tenant) override;
  Result<IndexAnswer> Query(const IndexQuery& query) override;
  Result<std::vector<std::vector<std::string>>> Texts(
      const Uuid& tenant, std::span<const Candidate> candidates) override;
  Result<FacetLists> Facets(const Uuid& tenant, std::span<const Candidate> candidates,
                            std::span<const std::string> facets) override;
  [[nodiscard]] IndexStats Stats() override;

  [[nodiscard]] const std::string& path() const { return path_; }
  Result<std::string> Dump() override;

 private:
  Result<void> Open();
  void Close();
  Result<void> Write(const std::function<Result<void>(Connection&)>& work);
  // A connection on loan and the pool it goes back to, which a rebuild may have given up.
  struct Lease {
    std::shared_ptr<ReadPool> pool;
    ReadPool::Loan loan;
  };
  Result<Lease> Borrow(std::chrono::milliseconds deadline);
  Error Damaged(Error error);

  // Constant after construction.
  const std::string path_;
  const SearchPlans& plans_;

  std::unique_ptr<Connection> writer_;  // null: no index. The follower's thread only
  std::mutex mutex_;
  std::shared_ptr<ReadPool> readers_;  // under mutex_; shared: a query may outlive a rebuild
  std::atomic<bool> building_{false};
  std::atomic<bool> damaged_{false};  // a query met damage: to be built anew
};

}  // namespace tenon::search
