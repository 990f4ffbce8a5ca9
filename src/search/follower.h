// Keeps the search index up to date by the log. A row of the log only says which rows to look at
// again: what is indexed is read from the tables, so pages may come twice or late and the index
// still comes out the same.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "engine/plan.h"
#include "events/follower.h"
#include "search/document.h"
#include "search/index.h"
#include "search/plan.h"
#include "store/store.h"

namespace tenon::search {

class SearchFollower final : public Follower {
 public:
  // All must outlive it.
  SearchFollower(Store& store, const model::Model& model, const SearchPlans& plans,
                 SearchIndex& index);

  [[nodiscard]] const FollowerTraits& traits() const override { return traits_; }
  Result<std::optional<std::int64_t>> Elsewhere() override { return index_.Elsewhere(); }
  Result<std::optional<std::int64_t>> Saved() override;
  Result<void> Rebuild(RebuildRun& run) override;
  Result<void> Apply(const FollowerPage& page) override;

 private:
  // Rows to be indexed anew, by entity and tenant.
  using Keys = std::map<std::pair<const SearchPlan*, Uuid>, std::set<std::string>>;
  struct Pending {
    Keys keys;
    std::size_t count = 0;
    LogPlace place;  // the index's own until the page is done
  };

  Result<void> AddRow(const LogEntry& entry, Pending& pending);
  Result<void> AddDependents(const LogEntry& entry, const Dependent& dependent, Pending& pending);
  Result<void> AddOrigins(const Uuid& tenant, const Dependent& dependent, std::size_t hop,
                          const Value& key, Pending& pending);
  Result<void> AddKey(const SearchPlan& plan, const Uuid& tenant, const Value& key,
                      Pending& pending);
  Result<void> Flush(Pending& pending, const LogPlace& place);
  Result<LogPlace> PlaceAt(std::int64_t position);
  Result<bool> IsThere(const Uuid& tenant);
  Result<void> Scan(const SearchPlan& plan,
                    const std::function<Result<void>(Reader&, std::vector<Record>)>& take);

  Store& store_;
  const SearchPlans& plans_;
  SearchIndex& index_;
  const Plans entities_;
  const model::Entity* const tenants_;  // the model's Tenant; null: none
  FollowerTraits traits_;
};

}  // namespace tenon::search
