// The checked form of an expression: every name resolved, every node typed. Made by the parser and
// the checker (ParseExpression, check_expression.h), evaluated in record/eval.h, compiled to SQL in
// record/sql.h. Immutable; shared between threads.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/pattern.h"
#include "base/value.h"
#include "model/type.h"

namespace tenon::model {

struct Entity;
struct Field;
struct Relation;

struct Expression;
using ExpressionPtr = std::shared_ptr<const Expression>;

enum class Op {
  kLiteral,    // value
  kPath,       // path
  kParameter,  // name, of a view
  kNow,        // the engine's clock, one value per statement
  kTakes,      // name: the value a caller gave with an event (`takes`), when it is not a field
  kAnd,
  kOr,
  kNot,  // three-valued as in SQL, but see kEq; and/or have two args
  kEq,
  kNe,  // `= null` is "is null"; != is true against null
  kLt,
  kLe,
  kGt,
  kGe,
  kIn,  // args[0] in args[1..]; or in the one list that args[1] is (a path of kind kList or
        // kJson): `"admin" in roles`
  kLike,
  kIlike,
  kAdd,
  kSub,
  kMul,
  kDiv,
  kNegate,
  kCall,         // function `name` of args
  kAggregate,    // function `name` over args[0] (may be absent: count()), `where`, `distinct`
  kBecomes,      // args[0] is a path; true when it changed and is now args[1]
  kListLiteral,  // [a, b]
};

// Where a path starts.
enum class Root {
  kRow,  // the row itself (its new state on a write)
  kOld,  // old.F: the state before the write; null on create
};

struct Hop {
  const Relation* relation;  // forward: at most one row; backward or through: any number
};

// A resolved path: hops over relations, then a field of the last entity, then keys into its JSON.
// `asset.name`, `steps.status`, `metadata.owner.team`. A path with a to-many hop means "any" in a
// comparison and the set of values in an aggregate. When it ends on a to-many relation (only as
// the argument of an aggregate: count(steps)), `field` is null.
struct Path {
  Root root = Root::kRow;
  std::vector<Hop> hops;
  const Entity* entity = nullptr;  // the entity that `field` belongs to
  const Field* field = nullptr;
  std::vector<std::string> json_path;  // empty: the field itself
  std::string join_alias;              // in a view: the `join ... as` it starts from, or empty
  [[nodiscard]] bool IsToMany() const;
};

struct Expression {
  Op op = Op::kLiteral;
  // Of the result; kBool for conditions. For a path into JSON it says what is taken out of the
  // document: a value of another kind there is null (kJson: whatever stands there).
  Type type;
  Span span;
  std::vector<ExpressionPtr> args;
  Value value;                             // kLiteral
  Path path;                               // kPath
  std::string name;                        // kParameter, kTakes, kCall, kAggregate
  bool distinct = false;                   // kAggregate
  ExpressionPtr where;                     // kAggregate
  std::shared_ptr<const Pattern> pattern;  // kCall of matches, where the pattern is a literal
};

// As it would be written, in the formatter's style.
std::string ToString(const Expression& expression);

}  // namespace tenon::model
