// Documents against stored rows: which row a document means, and what differs.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "cli/api.h"
#include "cli/catalog.h"
#include "cli/documents.h"

namespace tenon::cli {

struct StoredRow {
  std::string key;   // as it stands in a URL
  std::string etag;  // with quotes, for If-Match; may be empty
  json::object row;
};

// Drops what a document cannot set: the engine's own fields and the version, so that the output of
// `tenon get -o yaml` can be applied.
void DropEngineFields(const EntityInfo& entity, json::object& fields);

// The row that the document means: by its key, else by the first of the entity's unique sets that
// the document has whole. nullopt: there is none yet. kInvalidField when the document names
// neither.
Result<std::optional<StoredRow>> FindStored(Api& api, const EntityInfo& entity,
                                            const json::object& fields);

// The members of `fields` that are not stored so. Inside JSON objects only the members that the
// document names count, as a merge patch has it. Times, decimals and ids compare by what they
// mean. Secrets cannot be compared: they count as changed when `secrets` is set or none is stored.
json::object Changes(const EntityInfo& entity, const json::object& stored,
                     const json::object& fields, bool secrets);

// A text literal of the expression language.
std::string Quoted(std::string_view text);

// What a person calls the row: its unique fields, or its key.
std::string Title(const EntityInfo& entity, const json::object& fields);

}  // namespace tenon::cli
