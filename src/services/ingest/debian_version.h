// Order of Debian version numbers (Debian Policy 5.6.12).
#pragma once

#include <string_view>

namespace tenon::ingest {

// Under 0, 0 or over 0 as `a` is earlier than, the same as or later than `b`. Any text has a place
// in the order, as it has for dpkg.
int CompareDebianVersions(std::string_view a, std::string_view b);

// Whether `version` stands in the relation "<<", "<=", "=", ">=" or ">>" to `bound`.
bool SatisfiesDebianVersion(std::string_view version, std::string_view relation,
                            std::string_view bound);

}  // namespace tenon::ingest
