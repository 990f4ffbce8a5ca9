#include "api/router.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace tenon {
namespace {

constexpr std::string_view kRoot = "/v1/";
constexpr std::array<std::string_view, 2> kNamed = {"/v1/views/", "/v1/models/"};
constexpr std::string_view kExports = "/v1/exports/";
// The API of Marquez, whose handler reads the path itself: names in it hold any character.
constexpr std::string_view kMarquez = "/api/v1/";

bool IsWord(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// HEAD is GET whose body the listener keeps back (RFC 9110, 9.3.2).
std::string_view Effective(std::string_view method) { return method == "HEAD" ? "GET" : method; }

}  // namespace

Router::Router(const model::Model& model, std::vector<Route> routes) : routes_(std::move(routes)) {
  for (std::size_t i = 0; i < routes_.size(); ++i) by_pattern_[routes_[i].pattern].push_back(i);
  for (const auto& entity : model.entities) {
    tables_[entity->table] = entity.get();
    const std::string own = std::string(kRoot) + entity->table;
    for (const Route& route : routes_) {
      if (route.pattern.starts_with(own)) with_own_routes_.insert(entity.get());
    }
  }
  if (const auto rows = by_pattern_.find("/v1/{table}/{id}"); rows != by_pattern_.end()) {
    row_routes_ = rows->second;
  }
}

std::optional<Matched> Router::MatchRow(std::string_view method, std::string_view path) const {
  const auto [entity, rest] = TableOf(path);
  if (entity == nullptr || rest.size() < 2 || rest.front() != '/' ||
      rest.find_first_of("/:", 1) != std::string_view::npos || with_own_routes_.contains(entity)) {
    return std::nullopt;
  }
  for (const std::size_t index : row_routes_) {
    if (routes_[index].method == Effective(method)) {
      return Matched{index, entity, std::string(rest.substr(1)), {}};
    }
  }
  return std::nullopt;
}

std::vector<Router::Shape> Router::ShapesOfTable(const model::Entity& entity,
                                                 std::string_view rest) const {
  std::vector<Shape> shapes;
  const auto add = [&](std::string_view tail, std::string_view literal_tail, std::string id,
                       std::string name) {
    const Matched matched{0, &entity, std::move(id), std::move(name)};
    shapes.push_back({std::string(kRoot) + entity.table + std::string(literal_tail), matched});
    shapes.push_back({"/v1/{table}" + std::string(tail), matched});
  };
  if (rest.empty()) {
    add("", "", "", "");
  } else if (rest.front() == ':') {
    add(rest, rest, "", "");
  } else if (rest.size() > 1) {  // "/ID..."
    const std::string_view id = rest.substr(1);
    // "/ID/history", "/ID/log": what belongs to a row. An id that ends so is found without a route.
    const std::size_t slash = id.rfind('/');
    if (slash != std::string_view::npos && slash > 0 && IsWord(id.substr(slash + 1))) {
      const std::string tail = "/{id}" + std::string(id.substr(slash));
      add(tail, tail, std::string(id.substr(0, slash)), "");
    }
    const std::size_t colon = id.rfind(':');
    if (colon != std::string_view::npos && colon > 0 && IsWord(id.substr(colon + 1))) {
      const std::string_view event = id.substr(colon + 1);
      const std::string literal = "/{id}:" + std::string(event);
      add(literal, literal, std::string(id.substr(0, colon)), std::string(event));
      add("/{id}:{event}", "/{id}:{event}", std::string(id.substr(0, colon)), std::string(event));
    }
    add("/{id}", "/{id}", std::string(id), "");
  }
  return shapes;
}

std::vector<Router::Shape> Router::ShapesOf(std::string_view path) const {
  std::vector<Shape> shapes;
  if (const auto [entity, rest] = TableOf(path); entity != nullptr) {
    // A fixed path that is also a table's is among these, with the table.
    return ShapesOfTable(*entity, rest);
  }
  shapes.push_back({std::string(path), {}});
  for (const std::string_view prefix : kNamed) {
    if (!path.starts_with(prefix) || path.size() == prefix.size()) continue;
    const std::string_view name = path.substr(prefix.size());
    if (name.find('/') != std::string_view::npos) continue;
    shapes.push_back({std::string(prefix) + "{name}", {0, nullptr, "", std::string(name)}});
  }
  if (path.starts_with(kMarquez) && path.size() > kMarquez.size()) {
    shapes.push_back({std::string(kMarquez) + "{rest}", {}});
  }
  if (path.starts_with(kExports)) {
    const auto found = tables_.find(path.substr(kExports.size()));
    if (found != tables_.end()) {
      shapes.push_back({std::string(kExports) + "{table}", {0, found->second, "", ""}});
    }
  }
  return shapes;
}

std::pair<const model::Entity*, std::string_view> Router::TableOf(std::string_view path) const {
  if (!path.starts_with(kRoot)) return {nullptr, {}};
  const std::string_view tail = path.substr(kRoot.size());
  const std::size_t end = std::min(tail.find_first_of("/:"), tail.size());
  const auto found = tables_.find(tail.substr(0, end));
  if (found == tables_.end()) return {nullptr, {}};
  return {found->second, tail.substr(end)};
}

Result<Matched> Router::Match(std::string_view method, std::string_view path) const {
  if (auto row = MatchRow(method, path)) return std::move(*row);
  std::vector<std::string_view> allowed;
  for (Shape& shape : ShapesOf(path)) {
    const auto found = by_pattern_.find(shape.pattern);
    if (found == by_pattern_.end()) continue;
    for (const std::size_t index : found->second) {
      if (routes_[index].method == Effective(method)) {
        shape.matched.route = index;
        return std::move(shape.matched);
      }
      const std::string_view other = routes_[index].method;
      if (std::ranges::find(allowed, other) == allowed.end()) allowed.push_back(other);
    }
  }
  if (allowed.empty()) return Fail(Unknown(path));
  std::string list;
  for (const std::string_view other : allowed) {
    if (!list.empty()) list += ", ";
    list += other;
    if (other == "GET") list += ", HEAD";
  }
  Error error(Code::kMethodNotAllowed,
              std::string(method) + " is not allowed here; allowed: " + list);
  error.details["allow"] = list;
  return Fail(std::move(error));
}

Error Router::Unknown(std::string_view path) const {
  Error error(Code::kNotFound, "there is nothing at " + Ellipsis(path, 200));
  std::vector<std::string_view> candidates;
  std::string_view name;
  if (path.starts_with(kRoot)) {
    const std::string_view tail = path.substr(kRoot.size());
    name = tail.substr(0, std::min(tail.find_first_of("/:"), tail.size()));
    for (const auto& [table, entity] : tables_) candidates.push_back(table);
    for (const Route& route : routes_) {
      if (route.pattern.starts_with(kRoot) && IsWord(route.pattern.substr(kRoot.size()))) {
        candidates.push_back(route.pattern.substr(kRoot.size()));
      }
    }
  } else {
    name = path;
    for (const Route& route : routes_) candidates.push_back(route.pattern);
  }
  // Tables sort first, so that the answer does not depend on a hash.
  std::ranges::sort(candidates);
  const std::string_view nearest = Nearest(name, candidates);
  if (!nearest.empty() && nearest != name) {
    error.message += path.starts_with(kRoot) ? "; did you mean /v1/" : "; did you mean ";
    error.message += std::string(nearest) + "?";
  }
  return error;
}

}  // namespace tenon
