// The read side of Marquez's API under /api/v1, so that its web page and its clients work.
#pragma once

#include <vector>

#include "api/router.h"
#include "services/openlineage/marquez.h"

namespace tenon {

// The routes; `marquez` must outlive the API.
std::vector<Route> MarquezRoutes(openlineage::Marquez& marquez);

}  // namespace tenon
