// What of each entity is searched, worked out once from the model: fields with `search`, paths of
// `search tags.name` lines, and facets. Secrets, hidden and redacted fields never are, also at the
// end of a path.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "model/model.h"

namespace tenon::search {

struct SearchField {
  std::string name;           // "name", "tags.name", "properties.title"
  model::ExpressionPtr path;  // of one value, or of many over a to-many relation
  double weight = 1;          // of a word found here
  bool label = false;         // what people call the row: exact and prefix matches count here
  bool name_like = false;     // label, or unique: looked up as a whole too
};

struct SearchFacet {
  std::string name;  // "type", "tags.name"
  model::ExpressionPtr path;
};

struct SearchPlan {
  const model::Entity* entity = nullptr;
  std::string type_name;            // LogEntry::entity_type
  std::vector<SearchField> fields;  // at most kFieldsMax; the label first
  std::vector<SearchFacet> facets;  // at most kFacetsMax

  [[nodiscard]] const SearchFacet* FindFacet(std::string_view name) const;
};

// A row of `target` stands on a path of a searched entity: when it changes, the rows that the path
// starts from are indexed anew.
struct Dependent {
  const SearchPlan* plan = nullptr;
  std::vector<model::Hop> hops;  // from plan's entity to the row
  bool through_row = false;      // the row is the through entity of the last hop, not its target
  // Of the target: what the paths read of it. A change of other fields is nothing to the index.
  std::vector<const model::Field*> fields;
};

// Immutable. Pointers live as long as the plans and the model.
class SearchPlans {
 public:
  static constexpr std::size_t kFieldsMax = 15;
  static constexpr std::size_t kFacetsMax = 31;

  static Result<SearchPlans> Of(const model::Model& model);
  SearchPlans(SearchPlans&&) = default;
  SearchPlans(const SearchPlans&) = delete;

  [[nodiscard]] const std::vector<std::unique_ptr<SearchPlan>>& all() const { return plans_; }
  [[nodiscard]] const SearchPlan* Find(const model::Entity& entity) const;
  [[nodiscard]] const SearchPlan* FindTable(std::string_view table) const;
  [[nodiscard]] const SearchPlan* FindType(std::string_view type_name) const;
  // By LogEntry::entity_type.
  [[nodiscard]] const std::vector<Dependent>& DependentsOf(std::string_view type_name) const;
  // Every entity_type that the index must hear of.
  [[nodiscard]] std::vector<std::string> Types() const;

  // Changes whenever another model would index other things.
  [[nodiscard]] const std::string& digest() const { return digest_; }

 private:
  SearchPlans() = default;
  Result<void> Add(const model::Model& model, const model::Entity& entity);
  void AddDependents(const SearchPlan& plan);
  void AddDependent(const SearchPlan& plan, const model::Path& path);

  std::vector<std::unique_ptr<SearchPlan>> plans_;
  std::unordered_map<std::string, std::vector<Dependent>> dependents_;
  std::string digest_;
};

}  // namespace tenon::search
