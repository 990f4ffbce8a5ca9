// Members of JSON objects as sources read them: what is absent or of another type is empty.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace tenon::ingest {

std::string TextIn(const json::object& object, std::string_view name);
// Never null: an empty object, list.
const json::object& ObjectIn(const json::object& object, std::string_view name);
const json::array& ListIn(const json::object& object, std::string_view name);
bool FlagIn(const json::object& object, std::string_view name, bool otherwise);
// Texts of a list; one text alone is a list of one.
std::vector<std::string> TextsIn(const json::object& object, std::string_view name);

// Adds the member unless the value is null, an empty text, an empty object or an empty list.
void PutUnlessEmpty(json::object& object, std::string_view name, json::value value);
void PutUnlessEmpty(json::object& object, std::string_view name, std::string_view text);

// The value at a path with dots ("data.items", "rows.0.id"; "." or empty: the value itself); null
// when there is none.
const json::value* AtPath(const json::value& value, std::string_view path);

}  // namespace tenon::ingest
