// Which fields of an entity an answer has, and rows as JSON straight from the driver's columns.
#pragma once

#include <string>
#include <vector>

#include "engine/load.h"
#include "model/model.h"
#include "store/store.h"

namespace tenon {

// The fields a caller sees: all but the hidden ones, or those named. Unknown names are
// kInvalidArgument with the nearest right one.
Result<std::vector<const model::Field*>> Project(const model::Entity& entity,
                                                 const std::vector<std::string>& names);

// The relations named by `expand`.
Result<std::vector<const model::Relation*>> Expansions(const model::Entity& entity,
                                                       const std::vector<std::string>& names);

// Appends {"a":..., "b":...} of the first columns of the row, without the closing brace.
void AppendOpenObject(const Row& row, const std::vector<const model::Field*>& fields,
                      std::string& out);

// For each row of a page, by its key text: what `expand` adds to it, as `,"steps":[...]`.
// `rows` are the page's records with at least key, tenant and reference fields.
Result<std::vector<std::string>> Expand(Reader& reader, const Plans& plans,
                                        const std::vector<Record>& rows,
                                        const std::vector<const model::Relation*>& relations);

}  // namespace tenon
