#include "services/ingest/resolver.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <unordered_set>

#include "services/ingest/debian_version.h"

namespace tenon::ingest {
namespace {

int PriorityRank(std::string_view priority) {
  constexpr std::array<std::string_view, 5> kPriorities = {"required", "important", "standard",
                                                           "optional", "extra"};
  const auto* const at = std::find(kPriorities.begin(), kPriorities.end(), priority);
  return static_cast<int>(at - kPriorities.begin());
}

bool Satisfies(std::string_view version, const PackageRelation& relation) {
  return relation.relation.empty() ||
         SatisfiesDebianVersion(version, relation.relation, relation.version);
}

}  // namespace

void DependencyResolver::Add(const Package& package) {
  if (!package.available()) return;
  std::vector<std::string>& versions = versions_[package.name];
  const auto at = std::find_if(versions.begin(), versions.end(), [&](const std::string& version) {
    return CompareDebianVersions(version, package.version) <= 0;
  });
  if (at != versions.end() && *at == package.version) return;  // for another architecture
  versions.insert(at, package.version);
  for (const PackageRelation& provided : package.provides) {
    providers_[provided.name].push_back(
        {package.name, provided.version, PriorityRank(package.priority)});
  }
}

std::optional<ResolvedDependency> DependencyResolver::Resolve(const RelationGroup& group) const {
  for (const PackageRelation& relation : group) {
    if (Exists(relation, false)) return ResolvedDependency{relation.name, relation.name};
  }
  for (const PackageRelation& relation : group) {
    if (const Provider* provider = BestProvider(relation)) {
      return ResolvedDependency{provider->name, relation.name};
    }
  }
  for (const PackageRelation& relation : group) {
    if (Exists(relation, true)) return ResolvedDependency{relation.name, relation.name, false};
  }
  return std::nullopt;
}

DependencyResolver::Dependencies DependencyResolver::ResolveAll(const Package& package) const {
  Dependencies all;
  std::unordered_set<std::string> seen = {package.name};
  for (const bool pre : {true, false}) {
    for (const RelationGroup& group : pre ? package.pre_depends : package.depends) {
      std::optional<ResolvedDependency> found = Resolve(group);
      if (!found) {
        all.missing.push_back(ToString(group));
      } else if (seen.insert(found->name).second) {
        found->pre = pre;
        all.found.push_back(*std::move(found));
      }
    }
  }
  return all;
}

const std::string* DependencyResolver::LatestVersion(std::string_view name) const {
  const auto it = versions_.find(name);
  return it == versions_.end() ? nullptr : &it->second.front();
}

bool DependencyResolver::Exists(const PackageRelation& relation, bool any_version) const {
  const auto it = versions_.find(relation.name);
  if (it == versions_.end()) return false;
  return any_version ||
         std::any_of(it->second.begin(), it->second.end(),
                     [&](const std::string& version) { return Satisfies(version, relation); });
}

const DependencyResolver::Provider* DependencyResolver::BestProvider(
    const PackageRelation& relation) const {
  const auto it = providers_.find(relation.name);
  if (it == providers_.end()) return nullptr;
  const Provider* best = nullptr;
  for (const Provider& provider : it->second) {
    if (!relation.relation.empty() &&
        (provider.version.empty() || !Satisfies(provider.version, relation))) {
      continue;
    }
    if (best == nullptr ||
        std::tie(provider.rank, provider.name) < std::tie(best->rank, best->name)) {
      best = &provider;
    }
  }
  return best;
}

}  // namespace tenon::ingest
