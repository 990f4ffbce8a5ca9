// The five shipped model files, embedded at build time from models/.
#pragma once

#include <vector>

#include "model/source.h"

namespace tenon {

std::vector<model::SourceFile> ShippedModels();

}  // namespace tenon
