// Relationship fields of Debian packages (Debian Policy 7.1): Depends, Pre-Depends, Provides, ...
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tenon::ingest {

// One name in a relationship: "libc6:any (>= 2.36)".
struct PackageRelation {
  std::string name;
  std::string architecture;  // the qualifier after the colon: "any", "amd64"; or empty
  std::string relation;      // "<<", "<=", "=", ">=", ">>"; empty: any version will do
  std::string version;       // empty when `relation` is

  bool operator==(const PackageRelation&) const = default;
};

// Alternatives, in order: one of them is enough.
using RelationGroup = std::vector<PackageRelation>;

// All groups of a field; a blank field has none. The obsolete "<" and ">" are read as "<=" and
// ">=", as dpkg does. kInvalidArgument names the character where the syntax breaks.
Result<std::vector<RelationGroup>> ParseRelations(std::string_view field);

// A Provides field: no alternatives, and no version relation but "=".
Result<std::vector<PackageRelation>> ParseProvides(std::string_view field);

// "default-mta | mail-transport-agent (>= 2)"
std::string ToString(const RelationGroup& group);

}  // namespace tenon::ingest
