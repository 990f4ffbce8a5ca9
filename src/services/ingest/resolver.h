// Turns the dependencies of Debian packages, with their alternatives and virtual packages, into
// names of packages (Debian Policy 7.1 and 7.5).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "services/ingest/dpkg.h"

namespace tenon::ingest {

struct ResolvedDependency {
  std::string name;       // a package that was added
  std::string asked;      // the name in the relation, another when a provider was chosen
  bool satisfied = true;  // false: the package is there, but not in a version that was asked for
  bool pre = false;       // from Pre-Depends
};

// Filled with all packages first, then asked. Keeps names, versions and Provides only, about 10 MB
// for all of Debian. Reading is thread-safe once nothing is added any more.
class DependencyResolver {
 public:
  // Adds what can be had; a package that is not installed in a status file is left out. The same
  // name may come again in another version or architecture.
  void Add(const Package& package);

  // One name for the group: the first alternative that exists in a right version; else a provider
  // of an alternative, by priority and then by name; else the first alternative that exists at
  // all, not satisfied. nullopt when there is none.
  [[nodiscard]] std::optional<ResolvedDependency> Resolve(const RelationGroup& group) const;

  struct Dependencies {
    std::vector<ResolvedDependency> found;  // every name once, in order; never the package itself
    std::vector<std::string> missing;       // groups as text
  };
  // Pre-Depends and Depends of a package.
  [[nodiscard]] Dependencies ResolveAll(const Package& package) const;

  // The latest version of that name that was added; null when there is none. Apt's lists hold
  // several (main, updates, security).
  [[nodiscard]] const std::string* LatestVersion(std::string_view name) const;

  [[nodiscard]] std::size_t size() const { return versions_.size(); }  // names

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  template <typename T>
  using ByName = std::unordered_map<std::string, T, Hash, std::equal_to<>>;

  struct Provider {
    std::string name;
    std::string version;  // that it provides; empty: none, which satisfies no versioned relation
    int rank = 0;         // of its priority, 0 the highest
  };

  [[nodiscard]] bool Exists(const PackageRelation& relation, bool any_version) const;
  [[nodiscard]] const Provider* BestProvider(const PackageRelation& relation) const;

  ByName<std::vector<std::string>> versions_;  // latest first
  ByName<std::vector<Provider>> providers_;    // of a virtual name
};

}  // namespace tenon::ingest
