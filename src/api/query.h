// Query parameters: every one is known to its route, and each is read as its type.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace tenon {

// kInvalidArgument that names the parameter: "page_size must be ...".
std::unexpected<Error> BadParameter(std::string_view name, std::string message);

// kInvalidArgument for the first parameter that is not in `known`, with the nearest one that is,
// and for one that is given twice.
Result<void> CheckParameters(const http::Request& request, std::span<const std::string_view> known);

// Absent: the default. "true", "1" and the bare name are true; "false" and "0" are not.
Result<bool> BoolParameter(const http::Request& request, std::string_view name, bool otherwise);
Result<std::int64_t> IntParameter(const http::Request& request, std::string_view name,
                                  std::int64_t min, std::int64_t max, std::int64_t otherwise);
// A list with commas; blanks around names are dropped, empty ones refused.
Result<std::vector<std::string>> ListParameter(const http::Request& request, std::string_view name);
std::string TextParameter(const http::Request& request, std::string_view name);

}  // namespace tenon
