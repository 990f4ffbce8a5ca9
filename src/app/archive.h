// Files of rows that purges with `export` take: DIR/archive/TABLE.ndjson.
#pragma once

#include <string>

#include "base/result.h"

namespace tenon {

// Appends lines and makes them durable before it returns, so that the rows may be deleted then.
// What could only be written in part is taken away again. The folder and the file are made when
// they are not there, for their owner alone. kUnavailable with the file's name. One thread at a
// time for a directory.
Result<void> AppendArchive(const std::string& directory, const std::string& table,
                           const std::string& lines);

}  // namespace tenon
