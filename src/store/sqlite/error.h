// SQLite's result codes as errors of ours.
#pragma once

#include <sqlite3.h>

#include <string_view>

#include "base/error.h"

namespace tenon {

// What a full disk is called in errors, statistics and answers.
inline constexpr std::string_view kDiskFull = "database or disk is full";
inline constexpr std::string_view kCannotWrite =
    "the data file cannot be written (a quota, a file size limit, or a failing disk)";

// The error of the call on `db` that just returned `rc`, in words for people. `sql` is the
// statement, or what was being done.
//   constraint           kConflict, with details {"constraint", "table", "columns"}
//   full, I/O, damaged   kUnavailable; see IsGroupFatal
//   interrupted          kDeadline (only our progress handler interrupts)
//   anything else        kInternal
Error SqliteError(sqlite3* db, int rc, std::string_view sql);

// True for failures of the file or of memory, after which the open transaction cannot be trusted
// and is rolled back as a whole.
bool IsGroupFatal(int rc);

}  // namespace tenon
