// Copies and checks of a data file that may be in use, by this process or another one on the
// machine: both only read, on a connection and a snapshot of their own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/sqlite/connection.h"

namespace tenon {

// Gets pages done and pages in all; false stops with kUnavailable.
using BackupProgress = std::function<bool(std::int64_t done, std::int64_t total)>;

// Copies the database as it is now into the file `path`, which appears under its name only when it
// is whole and on the disk. kConflict when `path` exists.
Result<void> BackupFile(const std::string& data_file, const ConnectionOptions& options,
                        const std::string& path, const BackupProgress& progress);

// What SQLite's own check and the check of references find wrong; empty: nothing. Reads the whole
// file.
Result<std::vector<std::string>> CheckFile(const std::string& data_file,
                                           const ConnectionOptions& options);

}  // namespace tenon
