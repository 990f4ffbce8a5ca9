// Writing CSV (RFC 4180).
#pragma once

#include <string>
#include <vector>

namespace tenon::cli {

// Cells joined by commas, quoted where they must be, ended by CR LF. A cell that a spreadsheet
// would run as a formula is left as it is: the file is data first, and import must read it back.
std::string CsvLine(const std::vector<std::string>& cells);

}  // namespace tenon::cli
