// The checked model as JSON, for GET /v1/models and for programs that read models.
#pragma once

#include <boost/json/value.hpp>
#include <string_view>

#include "model/model.h"

namespace tenon::model {

// {"models": [{name, description, path}], "entities": [...], "enums": [...], "shapes": [...],
// "unions": [...], "views": [...]}. Types and expressions are text as a model would write them,
// with the parts that a form or a client needs beside them (kind, values, shape, required, ...).
// Hidden fields are left out: their names are nobody's business outside the server.
boost::json::value ToJson(const Model& model);
// The same of one model file alone: its entities and views, with the shapes and enums of all.
boost::json::value ToJson(const Model& model, std::string_view name);
boost::json::value ToJson(const Entity& entity);
boost::json::value ToJson(const View& view);
boost::json::value ToJson(const Type& type);

// The word for a kind: "text", "int", "enum", ...
std::string_view NameOf(TypeKind kind);

}  // namespace tenon::model
