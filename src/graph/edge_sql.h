// The SQL that reads edges from their tables; the row's table is always `t`.
#pragma once

#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "graph/sources.h"
#include "model/model.h"
#include "record/sql.h"

namespace tenon {

// t."field"
void AppendRowColumn(const model::Field& field, SqlBuilder& sql);
// What stands at keys inside a JSON field, as text; the field itself without keys.
Result<void> AppendRowPath(const model::Entity& entity, const model::Field& field,
                           std::vector<std::string> json_path, SqlBuilder& sql);
// " FROM table t WHERE ...": the tenant's rows that are not softly deleted.
void AppendLiveRows(const model::Entity& entity, const Uuid& tenant, SqlBuilder& sql);

struct EdgeSelect {
  bool columns = false;  // a fifth column with `columns` of its JSON; only rows that have some
  // The edges at these nodes only, by their ids, on the side that `of` is.
  const model::Field* of = nullptr;
  std::vector<Value> ids = {};
};
// SELECT source, target, kind, state [, columns] of an edge source's live rows with both ends.
Result<void> AppendEdgeSelect(const EdgeSource& source, const Uuid& tenant,
                              const EdgeSelect& select, SqlBuilder& sql);

}  // namespace tenon
