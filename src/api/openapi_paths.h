// The paths of the OpenAPI document.
#pragma once

#include "base/json.h"
#include "model/model.h"

namespace tenon {

// Of one entity: list, create, batch, get, patch, delete, restore, events, history, export.
void AddEntityPaths(const model::Entity& entity, json::object& paths);
// GET /v1/views/NAME.
void AddViewPath(const model::View& view, json::object& paths);
// What does not depend on the model.
void AddFixedPaths(json::object& paths);

}  // namespace tenon
