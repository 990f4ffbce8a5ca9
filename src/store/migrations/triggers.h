// The triggers that keep a table right when a DBA changes its rows by hand. The engine's own writes
// never need them: it checks enums, stamps updated_at, and performs cascades itself first.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/model.h"
#include "store/migrations/schema.h"

namespace tenon {

//   tg_TABLE_enums_insert, _update   named enums hold only their values
//   tg_TABLE_updated                 updated_at moves when the statement did not move it
//   tg_TABLE_COLUMN_deleted          on the target of a reference that cascades or sets null
std::vector<PhysicalTrigger> DeriveTriggers(const model::Entity& entity, const PhysicalTable& table,
                                            Dialect dialect);

// PostgreSQL's for the named enums of the table, from table.enums alone.
PhysicalTrigger PostgresEnumTrigger(const PhysicalTable& table);
std::string PostgresEnumTriggerName(const PhysicalTable& table);

// PostgreSQL's for columns that stand under two names for a while: what is written to one is in the
// other. nullopt when there is none.
std::optional<PhysicalTrigger> PostgresSyncTrigger(const PhysicalTable& table);

}  // namespace tenon
