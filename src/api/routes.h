// The one table of routes. A new endpoint is one file and one line here.
#pragma once

#include <string_view>
#include <vector>

#include "api/router.h"

namespace tenon {

// The one route that a connector's own key opens.
inline constexpr std::string_view kPushPattern = "/v1/connector_configs/{id}:push";

std::vector<Route> Routes();

}  // namespace tenon
