// The search index beside the store on PostgreSQL: one for all nodes, in that database's schema
// `tenon_search` (schema.h). The node that holds the lease keeps it; the others only ask it.
//
// Position and effect stand in one transaction, which moves the position from where this node
// believes it to be: two nodes that both believe to keep the index cannot both write. Nodes of
// other models have an index of their own each, so a rolling upgrade does not make them take turns
// in building it; one that nobody has touched for a day is removed.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "search/index.h"
#include "search/plan.h"
#include "store/lease.h"
#include "store/store.h"

namespace tenon::search {

class PostgresIndex final : public SearchIndex {
 public:
  // `node` is another in each process. kNotFound when the schema is not there, of another version,
  // or not for this login: PrepareSearchSchema makes it. All must outlive it.
  static Result<std::unique_ptr<PostgresIndex>> Open(Store& store, const SearchPlans& plans,
                                                     const std::string& node);

  Result<std::optional<std::int64_t>> Elsewhere() override;
  void Leave() override;
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
  Result<std::string> Dump() override;

 private:
  PostgresIndex(Store& store, const SearchPlans& plans, std::string schema,
                const std::string& node);
  // Where this node believes the index to stand.
  struct Standing {
    std::int64_t generation = 0;
    LogPlace place;
  };
  Result<void> Look();
  Result<std::int64_t> Begin();
  Result<void> WriteBatch(std::int64_t generation, std::span<const Change> changes);
  Result<void> TakeOver(std::int64_t generation, const LogPlace& place);
  Result<bool> Sweep();
  Result<bool> SweepPart(std::int64_t part);
  [[nodiscard]] std::string Sql(std::string_view text) const;
  Result<std::int64_t> Number(const Scope& scope, std::string_view sql,
                              std::span<const Value> parameters);

  // Constant after construction.
  Store& store_;
  const SearchPlans& plans_;
  const std::string schema_, digest_;

  // The follower's thread only.
  Lease lease_;
  std::optional<Standing> standing_;
  bool swept_ = false;  // nothing is left of what is no index any more

  std::atomic<bool> building_{false};
};

}  // namespace tenon::search
