// Expressions evaluated in memory. Agrees with record/sql.h (tests/property_test.cc holds it so).
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/expression.h"
#include "record/record.h"

namespace tenon {

struct EvalContext {
  const Record* row = nullptr;                                // the new state
  const Record* old = nullptr;                                // the state before; null on create
  std::span<const std::pair<std::string, Value>> named = {};  // parameters and free takes
  Time now{};
  // Rows at the other end of a relation from `from`; absent: paths with hops evaluate to null.
  std::function<Result<std::vector<Record>>(const model::Relation&, const Record& from)> follow =
      {};
  // What scoped() puts before a text: the slug of the row's tenant; empty for the default tenant.
  std::string_view tenant_slug = {};
  // Assignments treat division by zero and overflow as errors; filters as null.
  bool strict = false;
};

// The value of an expression. Three-valued logic as LANGUAGE.md, "Expressions" settles it.
Result<Value> Evaluate(const model::Expression& expression, const EvalContext& context);

// True when the condition holds; null counts as false.
Result<bool> Holds(const model::Expression& condition, const EvalContext& context);

// Order as ORDER BY has it on both stores: null smallest, false before true, numbers by value, text
// by code point, JSON by canonical text.
std::strong_ordering CompareValues(const Value& a, const Value& b);

}  // namespace tenon
