// The one table of routes. A new endpoint is one file and one line here.
#pragma once

#include <vector>

#include "api/router.h"

namespace tenon {

std::vector<Route> Routes();

}  // namespace tenon
