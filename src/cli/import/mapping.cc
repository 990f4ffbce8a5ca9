#include "cli/import/mapping.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/fields.h"

namespace tenon::cli {
namespace {

std::vector<std::string> Split(std::string_view path) {
  std::vector<std::string> steps;
  while (!path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    steps.emplace_back(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return steps;
}

void Put(json::object& into, const std::vector<std::string>& path, json::value value) {
  json::value* at = &into[path[0]];
  for (std::size_t i = 1; i < path.size(); ++i) {
    if (!at->is_object()) at->emplace_object();
    at = &at->get_object()[path[i]];
  }
  *at = std::move(value);
}

}  // namespace

Result<Mapping> Mapping::Create(const EntityInfo& entity, const std::vector<std::string>& words) {
  Mapping mapping(entity);
  for (const std::string& word : words) {
    const std::size_t equals = word.rfind('=');
    if (equals == std::string::npos || equals == 0) {
      return Fail(Code::kInvalidArgument, "--map takes SOURCE=FIELD, not '" + word + "'");
    }
    std::vector<std::string> path = Split(std::string_view(word).substr(equals + 1));
    if (!path.empty() && entity.Find(path[0]) == nullptr) {
      std::vector<std::string_view> names;
      for (const FieldInfo& field : entity.fields) names.emplace_back(field.name);
      const std::string_view nearest = Nearest(path[0], names);
      return Fail(Code::kInvalidArgument,
                  fmt::format("--map {}: {} has no field '{}'{}", word, entity.name, path[0],
                              nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest)));
    }
    std::vector<Path>& paths = mapping.paths_[word.substr(0, equals)];
    if (!path.empty()) paths.push_back(std::move(path));
  }
  return mapping;
}

std::vector<Mapping::Path> Mapping::Of(std::string_view source) const {
  auto found = paths_.find(source);
  if (found != paths_.end()) return found->second;
  const FieldInfo* field = entity_->Find(source);
  if (field == nullptr) return {};
  return {Path{field->name}};
}

Result<json::object> Mapping::FromCells(const std::vector<std::string>& titles,
                                        const std::vector<std::string_view>& cells) const {
  if (cells.size() != titles.size()) {
    return Fail(Code::kInvalidField,
                fmt::format("has {} cells where the titles are {}", cells.size(), titles.size()));
  }
  Error error(Code::kInvalidField, "cells cannot be read");
  json::object row;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::vector<Path> paths = Of(titles[i]);
    if (paths.empty() || cells[i].empty()) continue;
    if (auto at = InvalidUtf8At(cells[i])) {
      error.fields.push_back({titles[i], "format", fmt::format("is not UTF-8 at byte {}", *at)});
      continue;
    }
    for (const Path& path : paths) {
      const FieldInfo* field = path.size() > 1 ? nullptr : entity_->Find(path[0]);
      auto value = TypedValue(field, std::string(cells[i]));
      if (value)
        Put(row, path, *std::move(value));
      else
        error.fields.push_back({titles[i], "type", value.error()});
    }
  }
  if (!error.fields.empty()) return Fail(std::move(error));
  return row;
}

json::object Mapping::FromObject(json::object row) const {
  if (paths_.empty()) return row;
  json::object out;
  for (auto& member : row) {
    auto found = paths_.find(std::string_view(member.key()));
    if (found == paths_.end()) {
      out[member.key()] = std::move(member.value());
      continue;
    }
    for (const Path& path : found->second) Put(out, path, member.value());
  }
  return out;
}

void KeyFromContent(const EntityInfo& entity, json::object& row) {
  if (entity.key.size() != 1 || row.contains(entity.key[0])) return;
  const FieldInfo* key = entity.Find(entity.key[0]);
  if (key == nullptr || key->kind != "uuid") return;
  for (const std::vector<std::string>& names : entity.uniques) {
    if (std::ranges::all_of(names, [&](const std::string& name) { return row.contains(name); })) {
      return;
    }
  }
  // RFC 9562's name space for URLs: the name below is one.
  const Uuid name_space = *Uuid::Parse("6ba7b811-9dad-11d1-80b4-00c04fd430c8");
  const std::string name = "tenon:" + entity.table + "#" + CanonicalJson(json::value(row));
  row[key->name] = UuidV5(name_space, name).ToString();
}

}  // namespace tenon::cli
