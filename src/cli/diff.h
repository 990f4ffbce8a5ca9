// Unified difference of two texts, line by line.
#pragma once

#include <string>
#include <string_view>

#include "cli/style.h"

namespace tenon::cli {

// "@@" hunks with three lines around each change, - red and + green; empty when they are equal.
// Texts whose lines multiply to more than four million are shown as one change.
std::string UnifiedDiff(std::string_view before, std::string_view after, const Style& style);

}  // namespace tenon::cli
