// Documents of apply, diff and -f: YAML or JSON, many in one file.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace tenon::cli {

// One document that names its entity: {entity: Asset, fields: {...}} or with the fields inline.
struct Document {
  std::string entity;  // as written
  json::object fields;
  std::string place;  // "assets.yaml, document 2", for messages
};

// YAML (1.2's core schema: true, 12, 1.5, null, text) or JSON, by what the text starts with; the
// documents between `---`, a JSON array's items, or the lines of NDJSON. kInvalidArgument with
// name, line and column. Anchors are refused when they would blow a document up.
Result<std::vector<json::value>> ReadValues(std::string_view text, const std::string& name);

// ReadValues, each with its entity.
Result<std::vector<Document>> ReadDocuments(std::string_view text, const std::string& name);

// Exactly one object, for create -f.
Result<json::object> ReadObject(std::string_view text, const std::string& name);

}  // namespace tenon::cli
