// What SQLite's planner is told of the tables, from the model and not from the rows.
//
// Without statistics the planner takes a tenant for as selective as a reference, and reads a whole
// tenant to find the relationships of one asset. Measured ones (ANALYZE) change plans with the
// data, and with them what was tested. So sqlite_stat1 holds figures by the kind of a column: a
// tenant has many rows, a state or a type fewer, a reference some, a unique key one.
// Source: sqlite.org/fileformat2.html, 2.6.3 (The sqlite_stat1 table), and lang_analyze.html, which
// allows an application to write it.
#pragma once

#include "base/result.h"
#include "model/model.h"
#include "store/store.h"

namespace tenon {

// Writes the figures of every index of the model's tables. All connections see them from their
// next statement. Other stores than SQLite measure by themselves; nothing is done there.
Result<void> WritePlannerStatistics(Store& store, const model::Model& model);

// The same, only when they are not there or an ANALYZE by hand has replaced them.
Result<void> EnsurePlannerStatistics(Store& store, const model::Model& model);

}  // namespace tenon
