// Finding what was changed behind the engine's back: rows that a DBA wrote in the database's own
// shell differ from the last state that the log has of them.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"

namespace tenon {

struct OutsideChange {
  std::string table;
  std::string key;
  std::string action;  // CREATE, UPDATE, DELETE
  std::string fields;  // names of the fields that differ, for an update
};

// Compares every row of every tenant entity with the log. With `write`, each difference is logged
// with metadata {"actor": "outside"}, so that followers and history see it; the row stays as it is.
// Fields that quiet events write are left out: the log never has their newest value. Reads all
// tables; meant for an engine that nobody else uses.
Result<std::vector<OutsideChange>> Reconcile(Engine& engine, bool write);

}  // namespace tenon
