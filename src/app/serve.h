// `tenon serve`: a node behind a listener, until SIGTERM or SIGINT.
#pragma once

#include "app/config.h"
#include "app/node.h"

namespace tenon {

// The options of a node from the configuration: models read, JWK Set read.
Result<NodeOptions> NodeOptionsOf(const Config& config);

// The model files of a configuration, the shipped ones first. Folders give their *.tenon files.
Result<std::vector<model::SourceFile>> ModelSources(const Config& config);

// Runs until a signal; the value is the exit code.
Result<int> Serve(const Config& config);

}  // namespace tenon
