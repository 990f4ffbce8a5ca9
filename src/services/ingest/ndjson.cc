#include "services/ingest/ndjson.h"

namespace tenon::ingest {

Result<bool> NdjsonReader::Next(NdjsonRow& row) {
  Line line;
  while (TRY(lines_.Next(line))) {
    if (line.text.find_first_not_of(" \t\r") == std::string_view::npos && !line.too_long) continue;
    row.at = line.at;
    row.text = line.text;
    row.problem.clear();
    if (line.too_long) {
      row.problem = "the line is longer than " + std::to_string(line_bytes_max_) + " bytes";
    }
    return true;
  }
  return false;
}

}  // namespace tenon::ingest
