// How a failed command says what went wrong, and what to do about it.
#pragma once

#include <string>

#include "base/error.h"
#include "cli/style.h"

namespace tenon::cli {

struct ReportContext {
  std::string where;        // "http://127.0.0.1:7400"; empty: no server was asked
  bool is_default = false;  // the server was not chosen by the user
  bool has_key = false;
};

// "error: ..." with a line for each wrong field, the server's own hints, and advice for the errors
// that have one. Ends with a newline.
std::string RenderError(const Error& error, const ReportContext& context, const Style& style);

}  // namespace tenon::cli
