// One walk over an expression that writes SQL. Internal to record/: sql.h and view_sql.h are its
// surface. Each kind of operand has one form in SQL, so that parts fit together:
//
//   kind       SQLite                          PostgreSQL
//   bool       1, 0                            boolean
//   number     INTEGER or REAL as it comes     bigint, double precision or numeric
//   decimal    units at the operand's scale    numeric
//   text       TEXT                            text
//   uuid       TEXT                            uuid
//   time       TEXT, 27 characters             timestamptz
//   duration   microseconds                    microseconds
//   json       its text                        jsonb
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/kinds.h"
#include "record/sql.h"

namespace tenon {

// Not thread-safe; one for a statement or a part of it.
class SqlCompiler {
 public:
  SqlCompiler(const SqlContext& context, SqlBuilder& out)
      : context_(context), out_(out), sqlite_(out.dialect() == Dialect::kSqlite) {}

  // The expression read as `kind`, in the form of that kind.
  Result<void> Append(const model::Expression& expression, OperandKind kind);
  // A condition.
  Result<void> AppendCondition(const model::Expression& expression) {
    return Append(expression, {Kind::kBool});
  }
  // A number in the form of another numeric kind, as ConvertNumber does in memory.
  Result<void> AppendNumberAs(const model::Expression& expression, OperandKind kind);
  // As a result column: as Append in the expression's own kind, but a bare column as it is stored.
  Result<void> AppendResult(const model::Expression& expression);

  // As jsonb, PostgreSQL only: what a list or a nested row holds.
  Result<void> AppendAsJson(const model::Expression& expression);

  // FROM items and conditions of the rows along `hops` from `alias`; the alias of the last.
  struct Joined {
    std::string from;       // `"steps" AS t1, ...`
    std::string condition;  // joins, tenants, liveness
    std::string alias;
  };
  Joined JoinHops(const std::vector<model::Hop>& hops, const std::string& alias);

  // Makes paths that start on `entity` start on `alias`, and those along `chain` end there.
  void Enter(const model::Entity* entity, const model::Path* chain, std::string alias);
  void Leave();

 private:
  struct Binding {
    const model::Path* path;
    const model::Entity* entity;
    std::string alias;
  };
  // Where a path's last row stands in the statement; `joined` when it needs a sub-select.
  struct Place {
    std::string alias;
    std::optional<Joined> joined;
    bool outer = false;  // the row may be missing: left joins
  };

  // sql_expression.cc
  Result<void> AppendNode(const model::Expression& expression, OperandKind kind);
  Result<void> AppendConstant(const model::Expression& expression, OperandKind kind);
  Result<Value> ConstantValue(const model::Expression& expression, OperandKind kind) const;
  void BindAs(const Value& value, OperandKind kind, bool cast);
  Result<void> AppendLogic(const model::Expression& expression);
  Result<std::optional<bool>> ConstantCondition(const model::Expression& expression) const;
  Result<void> AppendAny(const model::Expression& expression, std::span<const Chain> chains);
  Result<void> AppendPredicate(const model::Expression& expression, OperandKind kind);

  // sql_compare.cc
  Result<void> AppendComparison(const model::Expression& expression);
  Result<void> AppendEquality(const model::Expression& a, const model::Expression& b, bool equal);
  Result<void> AppendNullTest(const model::Expression& operand, bool is_null);
  Result<void> AppendSides(const model::Expression& a, const model::Expression& b,
                           std::string_view sign);
  Result<bool> AppendContainment(const model::Expression& path, const model::Expression& constant,
                                 OperandKind meet);
  Result<bool> AppendDecimalSides(const model::Expression& a, const model::Expression& b,
                                  std::string_view sign);
  Result<bool> AppendDurationSides(const model::Expression& a, const model::Expression& b,
                                   std::string_view sign);
  Result<void> AppendIn(const model::Expression& expression);
  Result<bool> AppendInList(const model::Expression& expression,
                            std::span<const model::Expression* const> elements);
  Result<void> AppendMember(const model::Expression& expression);
  Result<void> AppendLike(const model::Expression& expression);
  [[nodiscard]] bool NeverNull(const model::Expression& expression) const;
  [[nodiscard]] bool IsPlainColumn(const model::Expression& expression) const;
  void AppendPlainColumn(const model::Expression& expression);

  // sql_path.cc
  Place PlaceOf(const model::Path& path);
  [[nodiscard]] const std::string* BoundAlias(const model::Path& path) const;
  [[nodiscard]] std::string StartAlias(const model::Path& path) const;
  Result<void> AppendPath(const model::Expression& expression, OperandKind kind);
  void AppendColumnAs(const model::Path& path, std::string_view alias, OperandKind own,
                      OperandKind kind);
  void AppendJsonAs(const model::Path& path, std::string_view alias, OperandKind kind);
  void AppendJsonAsPostgres(const model::Path& path, std::string_view alias, OperandKind kind);
  void AppendJsonDocument(const model::Path& path, std::string_view alias, std::string& document,
                          std::string& steps);
  Result<void> AppendJsonLength(const model::Expression& operand);

  // sql_compute.cc
  Result<void> AppendArithmetic(const model::Expression& expression);
  Result<void> AppendNegation(const model::Expression& expression);
  Result<void> AppendNumber(const model::Expression& expression);
  Result<void> AppendCall(const model::Expression& expression, OperandKind kind);
  Result<void> AppendTextOf(const model::Expression& expression);
  Result<void> AppendConcat(const model::Expression& expression);
  Result<void> AppendCoalesce(const model::Expression& expression, OperandKind kind);
  Result<void> AppendRounding(const model::Expression& expression);

  // sql_aggregate.cc
  Result<void> AppendAggregate(const model::Expression& expression);
  Result<void> AppendOverRelation(const model::Expression& expression, const model::Path& chain);
  Result<void> AppendAnyAll(const model::Expression& expression, const model::Path& chain);
  Result<void> AppendListCall(const model::Expression& expression, OperandKind kind);
  Result<void> AppendAggregateCall(const model::Expression& expression, bool rows_only);

  std::unexpected<Error> Refuse(std::string message) const;

  const SqlContext& context_;
  SqlBuilder& out_;
  bool sqlite_;
  std::vector<Binding> bindings_;
};

// "b", "n", "t", "p", "j", "d2": how tenon_text, tenon_list and tenon_rows write a value.
std::string KindLetter(OperandKind kind);

// The key by which references name a row of the entity: its key without the tenant's column.
const model::Field& ReferenceKey(const model::Entity& entity);

// '$."a"."b"' for SQLite's JSON functions; nullopt when a key cannot be spelled there (or may be an
// index of an array).
std::optional<std::string> JsonPathText(std::span<const std::string> path);

}  // namespace tenon
