// The keys that tokens are verified with, from where the configuration says.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "app/config.h"
#include "auth/authenticator.h"
#include "base/result.h"

namespace tenon {

using LogLine = std::function<void(std::string_view level, const std::string& message)>;

// A key set that cannot be fetched at the start is warned of and asked for again by the first
// token; a file that cannot be read or holds no key set is kInvalidArgument. `log` is called from
// any thread.
Result<JwtOptions> JwtOptionsOf(const JwtConfig& config, const LogLine& log);

}  // namespace tenon
