// From the checked model to the physical schema.
#pragma once

#include "model/model.h"
#include "store/migrations/schema.h"

namespace tenon {

// The table that remembers migrations; made before all others and never part of one (history.h).
inline constexpr std::string_view kMigrationsTable = "schema_migrations";

// Every table of the model but schema_migrations. The same model gives the same text.
PhysicalSchema DeriveSchema(const model::Model& model, Dialect dialect);

// One table, schema_migrations too.
PhysicalTable DeriveTable(const model::Entity& entity, Dialect dialect);

}  // namespace tenon
