// NAME=VALUE words into a JSON object, typed by the model (`tenon help fields`).
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "cli/catalog.h"

namespace tenon::cli {

// The content of a file, or of standard input for "-". At most kInputBytesMax.
using ReadFileFn = std::function<Result<std::string>(const std::string& path)>;

// What one file given to create, update, apply or @FILE may hold: a document, not a data set.
inline constexpr std::size_t kInputBytesMax = 64u << 20;

// Puts each word into `into`, over what is there. `entity` may be null: then numbers, true, false,
// null and JSON are told by their look. All wrong words are reported, as Error::fields.
Result<void> ReadAssignments(const std::vector<std::string>& words, const EntityInfo* entity,
                             const ReadFileFn& read_file, json::object& into);

// The value that `text` stands for in a field; nullptr: told by its look. The error is the message.
std::expected<json::value, std::string> TypedValue(const FieldInfo* field, const std::string& text);

}  // namespace tenon::cli
