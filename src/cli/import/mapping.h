// From the columns or members of a source to the fields of an entity.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/catalog.h"

namespace tenon::cli {

// --map SOURCE=FIELD: FIELD may be a path into JSON (metadata.owner); empty leaves SOURCE out.
// Given twice, SOURCE goes to both fields. What is not mapped goes to the field of its own name,
// and is left out where there is none.
class Mapping {
 public:
  // kInvalidArgument for words that are not SOURCE=FIELD or name no field of the entity.
  static Result<Mapping> Create(const EntityInfo& entity, const std::vector<std::string>& words);

  using Path = std::vector<std::string>;

  // The fields that a column goes to, as paths; none: left out.
  [[nodiscard]] std::vector<Path> Of(std::string_view source) const;

  // Columns into an object, typed by the model. An empty cell is left out. All wrong cells are
  // reported, as Error::fields.
  [[nodiscard]] Result<json::object> FromCells(const std::vector<std::string>& titles,
                                               const std::vector<std::string_view>& cells) const;

  // Members renamed; the others stay when they are fields, so that unknown ones are the server's
  // to refuse.
  [[nodiscard]] json::object FromObject(json::object row) const;

 private:
  explicit Mapping(const EntityInfo& entity) : entity_(&entity) {}
  const EntityInfo* entity_;
  std::map<std::string, std::vector<Path>, std::less<>> paths_;
};

// Gives the row a key made from its content (UUIDv5 of the canonical JSON) when it has neither its
// key nor a whole unique set: so that the same input again means the same rows.
void KeyFromContent(const EntityInfo& entity, json::object& row);

}  // namespace tenon::cli
