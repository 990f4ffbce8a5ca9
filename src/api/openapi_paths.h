// The paths of the OpenAPI document.
#pragma once

#include "base/json.h"
#include "model/model.h"

namespace tenon {

// Of one entity: list, create, batch, get, patch, delete, restore, events, history, export.
void AddEntityPaths(const model::Entity& entity, json::object& paths);
// GET /v1/views/NAME.
void AddViewPath(const model::View& view, json::object& paths);
// Of import jobs, where the model has them: run, log, rejects.
void AddJobPaths(const model::Model& model, json::object& paths);
// Of /v1/graph and /v1/followers.
void AddGraphPaths(json::object& paths);
// Of /v1/search.
void AddSearchPath(json::object& paths);
// Of the OpenLineage inlet and Marquez's API.
void AddLineagePaths(const model::Model& model, json::object& paths);
// What does not depend on the model.
void AddFixedPaths(json::object& paths);

}  // namespace tenon
