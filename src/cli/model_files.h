// The model files that check and fmt work on.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/source.h"

namespace tenon::cli {

// Every .tenon file among `paths`; folders are searched, in order of name. kNotFound for a path
// that is not there, kTooLarge for a file over limits::kModelFileBytesMax.
Result<std::vector<model::SourceFile>> ReadModelFiles(const std::vector<std::string>& paths);

}  // namespace tenon::cli
