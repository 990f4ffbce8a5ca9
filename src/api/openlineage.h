// POST /api/v1/lineage and its kin: the inlet of OpenLineage clients.
#pragma once

#include <vector>

#include "api/router.h"
#include "services/openlineage/inlet.h"

namespace tenon {

// The routes; `inlet` must outlive the API.
std::vector<Route> OpenLineageRoutes(openlineage::Inlet& inlet);

}  // namespace tenon
