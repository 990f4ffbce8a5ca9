// Letter case by Unicode's simple (one to one) mappings, for lower() and upper() on both back ends.
#pragma once

#include <string>
#include <string_view>

namespace tenon {

// Text that is not valid UTF-8 comes back as it was.
std::string ToLower(std::string_view text);
std::string ToUpper(std::string_view text);

}  // namespace tenon
