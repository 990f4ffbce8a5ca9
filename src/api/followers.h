// GET /v1/followers, POST /v1/followers/NAME:reindex: how far those who read the log have come.
#pragma once

#include <vector>

#include "api/router.h"
#include "events/followers.h"

namespace tenon {

// Must outlive the API.
std::vector<Route> FollowerRoutes(Followers& followers);

}  // namespace tenon
