// The OpenLineage inlet of a node.
#pragma once

#include <memory>

#include "api/options.h"
#include "base/result.h"
#include "engine/engine.h"
#include "services/openlineage/inlet.h"
#include "services/openlineage/marquez.h"

namespace tenon {

// Both halves: what takes events, and what answers as Marquez does.
struct OpenLineage {
  OpenLineage(Engine& engine, const openlineage::Bindings& bindings)
      : inlet(engine, bindings), marquez(engine, bindings) {}
  openlineage::Inlet inlet;
  openlineage::Marquez marquez;
};

// Adds its routes and metrics to `options`; before the API is made. Must outlive the API and go
// before the engine. kInvalidArgument when the models lack what it binds to.
Result<std::unique_ptr<OpenLineage>> WireOpenLineage(Engine& engine, ApiOptions& options);

}  // namespace tenon
