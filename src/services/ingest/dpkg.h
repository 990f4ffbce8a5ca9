// Debian packages as dpkg's status file and apt's package lists describe them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "services/ingest/deb822.h"
#include "services/ingest/relations.h"

namespace tenon::ingest {

struct Package {
  Position at;
  std::string name;
  std::string version;       // empty only for packages that are not installed
  std::string architecture;  // "amd64", "all"
  std::string section;       // "libs", "non-free/net"
  std::string priority;      // "required", "important", "standard", "optional", "extra"
  std::string source;        // name of the source package; the package's own when it is not said
  std::string maintainer;
  std::string homepage;
  std::string synopsis;     // first line of the description
  std::string description;  // the rest, its " ." lines blank
  std::optional<std::int64_t> installed_size_kib;
  std::string status;      // "install ok installed"; empty in apt's lists
  bool installed = false;  // by `status`; also while dpkg still owes it a trigger
  std::vector<RelationGroup> pre_depends;
  std::vector<RelationGroup> depends;
  std::vector<PackageRelation> provides;

  // In apt's lists everything can be had; in a status file what is installed.
  [[nodiscard]] bool available() const { return installed || status.empty(); }
};

// The package that a paragraph describes. kInvalidArgument, with its line, when the paragraph has
// a problem, lacks Package, Version or Architecture, or a field cannot be read.
Result<Package> ReadPackage(const Paragraph& paragraph);

}  // namespace tenon::ingest
