// Expressions compiled to SQL with bound parameters only.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/expression.h"
#include "model/model.h"

namespace tenon {

enum class Dialect { kSqlite, kPostgres };

// "name" with quotes doubled: every table and column of ours is quoted in SQL.
std::string QuoteName(std::string_view name);
// 'text', for DDL only, where nothing can be bound.
std::string QuoteText(std::string_view text);

// Builds one statement: text and the values of its placeholders ($1..., or ?1... on SQLite).
class SqlBuilder {
 public:
  explicit SqlBuilder(Dialect dialect) : dialect_(dialect) {}
  SqlBuilder& operator<<(std::string_view text) {
    text_ += text;
    return *this;
  }
  SqlBuilder& Name(std::string_view name) {
    text_ += QuoteName(name);
    return *this;
  }
  SqlBuilder& Bind(Value value);  // appends a placeholder
  [[nodiscard]] Dialect dialect() const { return dialect_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::vector<Value>& parameters() const { return parameters_; }
  std::string NextAlias() { return "t" + std::to_string(++aliases_); }

 private:
  Dialect dialect_;
  std::string text_;
  std::vector<Value> parameters_;
  int aliases_ = 0;
};

struct SqlContext {
  std::string alias;  // of the row's table in the statement
  Time now{};
  // View parameters by name.
  std::vector<std::pair<std::string, Value>> parameters = {};
  // In views, rows are grouped and aggregates over the row itself are plain SQL aggregates.
  bool grouped = false;
  std::map<std::string, std::string> join_aliases = {};  // view join alias -> SQL alias
  // Tenant of related rows: sub-selects always carry `tenant_id = alias.tenant_id` themselves.
  // Related rows that are softly deleted are left out.
};

// Appends the SQL of the expression. Conditions come out as SQL booleans (never null where the
// in-memory evaluator has true or false). kInvalidArgument when a part cannot be SQL (the checker
// refuses those earlier). A computed duration comes out in microseconds, JSON as its text.
//
// Plain comparisons keep indexes usable: `field = literal`, `<`, `in` on a column that is never
// null come out as t."field" = ?1 and so on, without a function around the column. Text that calls
// no function named tenon_ is plain SQL, fit for a CHECK.
Result<void> AppendExpression(const model::Expression& expression, const SqlContext& context,
                              SqlBuilder& out);

// One term of ORDER BY: the expression and its direction, null smallest on both stores.
Result<void> AppendOrderTerm(const model::Expression& expression, bool descending,
                             const SqlContext& context, SqlBuilder& out);

// What an index on a column, or on a path inside its JSON, is built on. Filters on the same path
// compile to the same text, with `alias`. `type` is what is at the path (text when it has none).
void AppendIndexColumn(const model::IndexColumn& column, std::string_view alias, SqlBuilder& out);

// "not softly deleted" for an entity, or nothing. Returns whether something was appended.
bool AppendLive(const model::Entity& entity, std::string_view alias, SqlBuilder& out);

}  // namespace tenon
