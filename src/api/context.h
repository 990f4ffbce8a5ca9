// What every endpoint may use. Built once by Api; everything in it is thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/change_hub.h"
#include "api/exchange.h"
#include "api/metrics.h"
#include "api/options.h"
#include "api/pool.h"
#include "api/positions.h"
#include "api/router.h"
#include "api/tenant_slots.h"
#include "auth/authenticator.h"
#include "base/random.h"
#include "engine/engine.h"

namespace tenon {

class OpenApiDocument;

struct ApiContext {
  Engine& engine;
  Authenticator& authenticator;
  Random& random;
  IdSource& ids;
  const ApiOptions& options;
  Pool& pool;
  Positions& positions;
  ChangeHub& changes;
  TenantSlots& streams;  // event streams that are open, by tenant
  TenantSlots& exports;  // exports that run, by tenant
  RequestMetrics& metrics;
  OpenApiDocument& openapi;
  const Router& router;
};

}  // namespace tenon
