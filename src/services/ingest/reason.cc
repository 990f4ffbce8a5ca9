#include "services/ingest/reason.h"

#include <fmt/format.h>

namespace tenon::ingest {

std::string ReasonOf(const Error& error) {
  std::string reason = error.message;
  for (const FieldError& field : error.fields) {
    if (error.fields.size() == 1 && reason.find(field.message) != std::string::npos) continue;
    reason += fmt::format("; {}: {}", field.path, field.message);
  }
  return reason;
}

}  // namespace tenon::ingest
