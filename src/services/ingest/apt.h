// The package lists that apt keeps.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "services/ingest/input.h"

namespace tenon::ingest {

inline constexpr char kAptLists[] = "/var/lib/apt/lists";
inline constexpr char kDpkgStatus[] = "/var/lib/dpkg/status";

// Paths of all lists of binary packages in `folder`, sorted, each list once though it may be there
// compressed and not. kNotFound when there is none, with what to do.
Result<std::vector<std::string>> FindAptLists(const std::string& folder = kAptLists);

// Opens one of them; a compressed one through apt's own helper, which knows every form apt writes.
Result<std::unique_ptr<InputSource>> OpenAptList(
    const std::string& path, const std::string& helper = "/usr/lib/apt/apt-helper");

}  // namespace tenon::ingest
