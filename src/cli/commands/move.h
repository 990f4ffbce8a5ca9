// `tenon migrate --to URL`: moves a data directory to PostgreSQL.
#pragma once

#include "base/result.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/session.h"

namespace tenon::cli {

Result<int> RunMove(Session& session, Settings settings, const std::string& url);

}  // namespace tenon::cli
