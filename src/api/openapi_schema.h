// JSON Schemas (2020-12, as OpenAPI 3.1 has them) of the model's types, shapes and entities.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "model/model.h"

namespace tenon {

// {"$ref": "#/components/schemas/NAME"}
json::object SchemaRef(std::string_view name);

// The schema of a type; named enums, shapes and unions are references.
json::object SchemaOf(const model::Type& type);

// The same with what the field adds: description, example, default, read and write only.
json::object SchemaOf(const model::Field& field);

// Every named enum, shape and union, and of each entity NAME, NAMECreate and NAMEPatch.
void AddModelSchemas(const model::Model& model, json::object& schemas);

// Whether clients may send the field when they create, and when they change a row.
bool IsCreatable(const model::Entity& entity, const model::Field& field);
bool IsPatchable(const model::Entity& entity, const model::Field& field);

// What the entity takes at all.
bool TakesCreate(const model::Entity& entity);
bool TakesUpdate(const model::Entity& entity);

}  // namespace tenon
