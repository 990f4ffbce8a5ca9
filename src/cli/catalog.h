// What the server's models say, as far as commands need it. The names come from GET /v1/models,
// the fields of an entity from GET /v1/models/NAME when a command first asks for it.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace tenon::cli {

struct FieldInfo {
  std::string name;
  std::string type;  // as written in the model: "int(0..)?"
  std::string kind;  // without bounds and question mark: "int", "text", "list", "enum"
  bool nullable = false;
  bool key = false;
  bool unique = false;
  bool secret = false;
  bool lock = false;    // the optimistic version
  bool once = false;    // set at creation only
  bool engine = false;  // the engine's own: created_at, computed fields
  bool tenant = false;  // the partition column
  bool facet = false;
  std::vector<std::string> values;  // of enums
  std::string reference;            // entity that it points to
  std::string description;

  [[nodiscard]] bool IsJson() const;
};

struct EventInfo {
  std::string name;
  std::string description;
  std::vector<std::string> from;
  std::string to;
  std::vector<std::string> takes;  // optional ones end in '?'
};

struct EntityInfo {
  std::string name;
  std::string table;
  std::string model;
  std::string description;
  bool loaded = false;  // what follows is known
  std::vector<FieldInfo> fields;
  std::vector<std::string> key;                   // fields of the URL's key: not the tenant
  std::vector<std::vector<std::string>> uniques;  // names of fields, without the tenant
  std::vector<EventInfo> events;
  std::string lifecycle;               // field that the lifecycle moves; or empty
  std::vector<std::string> relations;  // names to expand
  std::string soft_delete;             // field that deleting sets; or empty
  bool engine_only = false;            // global: the system's own tables
  bool written_by_engine = false;      // nobody else writes it: the log
  std::string log_name;                // how audit rows name it

  [[nodiscard]] const FieldInfo* Find(std::string_view field) const;
  // The key of a row as it stands in a URL; empty when the row lacks a part of it.
  [[nodiscard]] std::string KeyOf(const json::object& row) const;
};

struct ViewInfo {
  std::string name;
  std::string description;
  std::vector<std::pair<std::string, std::string>> parameters;  // name, type
};

struct Catalog {
  std::vector<EntityInfo> entities;
  std::vector<ViewInfo> views;

  // By entity name, table, or singular of the table, in any case, with '-' for '_'. kNotFound
  // names the nearest.
  [[nodiscard]] Result<EntityInfo*> Entity(std::string_view word);
  [[nodiscard]] Result<const ViewInfo*> View(std::string_view word) const;

  // Takes the fields and events of the entities in a document of GET /v1/models/NAME.
  void Load(const json::value& document);
};

// From the documents of GET /v1/models and GET /v1/views.
Result<Catalog> ReadCatalog(const json::value& models, const json::value& views);

}  // namespace tenon::cli
