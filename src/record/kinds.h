// The kinds in which operands meet. Both back ends ask these functions, so that what is compared
// with what, and as what, is decided once.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "model/expression.h"

namespace tenon {

// What operands are compared as. int and float are one kind: they compare by exact value.
enum class Kind {
  kNull,  // the literal null
  kBool,
  kNumber,
  kDecimal,
  kText,
  kUuid,
  kTime,
  kDuration,
  kJson,  // of no fixed kind: takes that of what it meets
};

// A kind, with the scale when it is kDecimal.
struct OperandKind {
  Kind kind = Kind::kNull;
  int scale = 0;
  // kNumber out of JSON: digits written as text count too, as a shape's decimals are.
  bool from_text = false;
  bool operator==(const OperandKind&) const = default;
};

OperandKind KindOf(const model::Type& type);

// Of an expression: of its value when it is a literal, of its type otherwise.
OperandKind KindOf(const model::Expression& expression);

// True when the operand is read from inside a JSON document, so that its value may turn out to be
// of another kind than it is compared with.
bool IsInsideJson(const model::Expression& expression);

// The kind in which two operands meet; nullopt when they have none (a time and a number). Decimals
// and numbers meet as kDecimal and are compared by exact value whatever their scales.
std::optional<OperandKind> Meet(OperandKind a, OperandKind b);

// As above; a constant text takes the kind of what it meets, as "2026-01-01T00:00:00Z" does of a
// time.
std::optional<OperandKind> Meet(const model::Expression& a, const model::Expression& b);

// What an operand is read as when it meets others in `meet`: its own kind, unless it is JSON or
// constant text. A number inside JSON has no scale and stays a number where decimals meet.
OperandKind ReadAs(const model::Expression& operand, OperandKind meet);

// Whether the expression has one value for a whole statement: literals, parameters, now(), and
// operators of these. Such operands are evaluated once and bound.
bool IsConstant(const model::Expression& expression);

// A chain of hops with a to-many one in it, as predicates range over them: `steps.status = FAILED`
// holds when it does for any row. Paths of one predicate with equal chains mean the same row.
struct Chain {
  const model::Path* path = nullptr;  // one that goes along it
};

bool SameChain(const model::Path& a, const model::Path& b);

// The distinct to-many chains of an operand, not looking into aggregates.
void CollectChains(const model::Expression& expression, std::vector<Chain>& chains);

// Whether a condition with this operator ranges over to-many chains in its operands.
bool IsPredicate(const model::Expression& expression);

// The entity on which a path starts; null when it has neither hops nor an entity.
const model::Entity* StartOf(const model::Path& path);

// Elements of `in`: args[1..], with list literals opened up.
std::vector<const model::Expression*> Elements(const model::Expression& in);

}  // namespace tenon
