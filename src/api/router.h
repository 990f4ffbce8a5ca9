// From a method and a path to a route, and to what the path names in the model.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "api/exchange.h"
#include "base/result.h"
#include "model/model.h"

namespace tenon {

struct ApiContext;

// A handler sends the answer, now or later. Runs on an I/O thread, or on the pool when the route
// says so.
using Handle = std::function<void(const ApiContext& api, const ExchangePtr& exchange)>;

enum class Access {
  kPublic,  // without a caller
  kCaller,  // any caller; the engine looks at roles
  kSystem,  // role system
};

enum class Where {
  kInline,  // on the I/O thread; must not block
  kPool,
};

// One row of the route table (routes.cc).
struct Route {
  std::string_view method;
  std::string_view pattern;  // "/v1/{table}/{id}:{event}"
  Access access = Access::kCaller;
  Where where = Where::kInline;
  Handle handle = nullptr;
  std::vector<std::string_view> parameters = {};  // of the query, besides `tenant`
  bool free_parameters = false;                   // the handler knows them itself (views)
  std::string_view summary = {};
};

struct Matched {
  std::size_t route = 0;  // index into the table
  const model::Entity* entity = nullptr;
  std::string id;
  std::string name;  // of {event}, {view}, {model}
};

// Built once; immutable. Patterns:
//   fixed paths                             "/v1/whoami"
//   a prefix and one name                   "/v1/views/{name}"
//   a prefix and a table                    "/v1/exports/{table}"
//   all that has no route of its own under  "/api/v1/{rest}"
//   paths of a table                        "/v1/{table}", "/v1/{table}:batch", "/v1/{table}/{id}",
//                                           "/v1/{table}/{id}/history", "/v1/{table}/{id}:{event}"
//                                           (and any other word in place of history)
//   the same with the table written out, which comes first: "/v1/api_keys/{id}:revoke"
// An id may hold any character, also '/' and ':': what follows the last ':' is an event only with
// POST.
class Router {
 public:
  Router(const model::Model& model, std::vector<Route> routes);

  // kNotFound with the nearest table; kMethodNotAllowed with the methods in details.allow.
  Result<Matched> Match(std::string_view method, std::string_view path) const;

  [[nodiscard]] std::span<const Route> routes() const { return routes_; }

 private:
  struct Shape {
    std::string pattern;
    Matched matched;
  };
  std::vector<Shape> ShapesOf(std::string_view path) const;
  // The table that the path names, and what follows it; null when it names none.
  std::pair<const model::Entity*, std::string_view> TableOf(std::string_view path) const;
  std::vector<Shape> ShapesOfTable(const model::Entity& entity, std::string_view rest) const;
  Error Unknown(std::string_view path) const;

  // Reading and changing one row of a table that has no routes of its own: the commonest request,
  // without building patterns.
  std::optional<Matched> MatchRow(std::string_view method, std::string_view path) const;

  std::vector<Route> routes_;
  std::unordered_map<std::string_view, std::vector<std::size_t>> by_pattern_;
  std::unordered_map<std::string_view, const model::Entity*> tables_;
  std::unordered_set<const model::Entity*> with_own_routes_;
  std::vector<std::size_t> row_routes_;
};

}  // namespace tenon
