// Names and types of expressions: from the parser's tree to the checked one.
#pragma once

#include <climits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/ast.h"
#include "model/diagnostics.h"
#include "model/functions.h"
#include "model/model.h"

namespace tenon::model {

// Where an expression stands, which says what it may use (docs/language.md, "what is legal where").
enum class Place {
  kDefault,
  kCheck,
  kWhen,  // of an event
  kSet,
  kAuto,
  kPurge,
  kNotify,
  kIdempotent,
  kEdge,
  kIndex,
  kSearch,
  kView,
  kViewColumn,  // select and order of a view: may aggregate over its rows
  kFilter,
  kInMemory,  // a condition from outside that is never SQL
};

struct Scope {
  const Entity* row = nullptr;
  Place place = Place::kFilter;
  int fields_before = INT_MAX;  // kDefault: only fields above this one
  std::span<const Take> takes = {};
  std::span<const ViewParameter> parameters = {};
  std::span<const ViewJoin> joins = {};
};

// Not thread-safe; cheap to make, one for each expression. Every function returns null after it has
// reported what is wrong.
class ExpressionChecker {
 public:
  ExpressionChecker(const Scope& scope, DiagnosticSink& sink) : scope_(scope), sink_(sink) {}

  // Any type.
  ExpressionPtr Check(const ast::Expr& expr);
  // A condition.
  ExpressionPtr CheckCondition(const ast::Expr& expr);
  // A value for something of type `target`; `what` names it in messages ("'started_at'").
  ExpressionPtr CheckValue(const ast::Expr& expr, const Type& target, std::string_view what);
  // A path to a field, JSON included. `reads` false: the path is written to, not read.
  ExpressionPtr CheckPath(const ast::Expr& expr);
  // True when an aggregate over the rows of a view was met.
  [[nodiscard]] bool SawRowAggregate() const { return saw_row_aggregate_; }

 private:
  using Node = std::shared_ptr<Expression>;

  // What the node's parent allows.
  struct Allow {
    bool to_many = false;   // a path over a to-many relation: operands, arguments of aggregates
    bool secret = false;    // `is null`
    bool relation = false;  // a path that ends on a relation: count(steps)
  };

  // expression_checker.cc
  Node Visit(const ast::Expr& expr, const Type* expected, Allow allow);
  Node Visit(const ast::Expr& expr, const Type* expected = nullptr) {
    return Visit(expr, expected, Allow{});
  }
  Node VisitBool(const ast::Expr& expr);
  Node VisitChain(const ast::Expr& expr);
  Node VisitComparison(const ast::Expr& expr);
  Node VisitIn(const ast::Expr& expr);
  Node VisitInPath(const ast::Expr& expr);
  Node VisitIsNull(const ast::Expr& expr);
  Node VisitLike(const ast::Expr& expr);
  Node VisitBecomes(const ast::Expr& expr);
  Node VisitArithmetic(const ast::Expr& expr);
  Node VisitNegate(const ast::Expr& expr, const Type* expected);
  bool TypeOfArithmetic(const ast::Expr& expr, Expression& out);
  std::optional<std::pair<Node, Node>> VisitSides(const ast::Expr& left, const ast::Expr& right);

  // check_call.cc
  Node VisitCall(const ast::Expr& expr, const Type* expected);
  Node VisitNow(const ast::Expr& expr);
  Node VisitFunction(const ast::Expr& expr, const Function& function, const Type* expected);
  bool CheckArgument(Expression& arg, Domain domain, const Type& first, std::string_view function);
  Type ResultOf(const Function& function, const std::vector<ExpressionPtr>& args) const;
  Node VisitAggregate(const ast::Expr& expr);
  bool TypeOfAggregate(const ast::Expr& expr, Expression& out);
  Node UnknownFunction(const ast::Expr& expr);

  // check_literal.cc
  Node VisitLiteral(const ast::Expr& expr, const Type* expected);
  Node VisitList(const ast::Expr& expr, const Type* expected);
  Node EnumLiteral(const ast::Name& name, const Type& type);
  // Makes `node` of the type `target` where that needs no work at run time: text to times and ids,
  // null, JSON paths, numbers. Reports and returns false when the two cannot meet.
  bool Coerce(Expression& node, const Type& target, std::string_view verb);
  bool CoerceText(Expression& node, const Type& target);
  static bool Comparable(const Type& a, const Type& b);

  // resolve_path.cc
  struct Walk;
  Node VisitPath(const ast::Expr& expr, const Type* expected, Allow allow);
  Node VisitParameter(const ast::Name& name);
  [[nodiscard]] bool Resolves(const ast::Expr& expr) const;
  bool WalkStart(Walk& walk);
  bool WalkFields(Walk& walk);
  bool TakeField(Walk& walk, const Field& field);
  bool WalkJson(Walk& walk, const Field& field);
  bool StepIntoJson(Walk& walk, Type& type);
  bool StepIntoShapes(Walk& walk, Type& type);
  bool CheckUse(const Walk& walk, Allow allow);
  void ReportUnknown(const Walk& walk);

  Node Make(Op op, const ast::Expr& expr, TypeKind kind = TypeKind::kBool) const;
  void Report(Span span, std::string message, std::string hint = "") {
    sink_.Report(span, std::move(message), std::move(hint));
  }

  Scope scope_;
  DiagnosticSink& sink_;
  bool inside_aggregate_ = false;
  bool saw_row_aggregate_ = false;
};

// The value of a literal as JSON, for defaults of JSON fields; nullopt when it is none.
std::optional<boost::json::value> ToJson(const ast::Expr& expr);

// How a place is called in messages: "a filter", "a check".
std::string_view NameOf(Place place);

// What a place allows.
bool AllowsNow(Place place);
bool AllowsEngineOnly(Place place);
bool AllowsRelations(Place place);
bool AllowsOld(Place place);

// A path into JSON whose type nothing has settled yet: it takes that of what it meets.
bool IsLooseJson(const Expression& expression);

// Whether any path inside goes over a to-many relation.
bool HasToMany(const Expression& expression);

}  // namespace tenon::model
