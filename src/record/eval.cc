#include "record/eval.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "record/accumulate.h"
#include "record/functions.h"
#include "record/kinds.h"
#include "record/operators.h"

namespace tenon {
namespace {

using model::Expression;
using model::Op;
using model::Path;

// A to-many chain for which one row is chosen at the moment.
struct Binding {
  const Path* path;
  const Record* row;
};

class Evaluator {
 public:
  explicit Evaluator(const EvalContext& context) : context_(context) {}

  // The value, read as `kind` when it comes out of JSON or from constant text.
  Result<Value> Eval(const Expression& expression, OperandKind kind);
  Result<Value> Eval(const Expression& expression) { return Eval(expression, KindOf(expression)); }

 private:
  Result<Value> EvalNode(const Expression& expression, OperandKind kind);
  Result<Value> Settle(const Result<Computed>& computed) const;
  Result<Value> EvalPath(const Path& path);
  Result<Value> ValueOf(const Path& path, const Record& record) const;
  Result<std::vector<Record>> RowsOf(const Path& path);
  const Record* StartRow(const Path& path) const;
  Result<Value> Named(const std::string& name) const;
  Result<Value> EvalLogic(const Expression& expression);
  Result<Value> EvalAny(const Expression& expression, std::span<const Chain> chains);
  Result<Value> EvalPredicate(const Expression& expression, OperandKind kind);
  Result<Value> Equal(const Expression& a, const Expression& b);
  Result<Value> Ordered(const Expression& expression);
  Result<Value> EvalIn(const Expression& expression);
  Result<Value> EvalMember(const Expression& expression);
  Result<Value> EvalLike(const Expression& expression);
  Result<Value> EvalArithmetic(const Expression& expression);
  Result<Value> EvalCall(const Expression& expression, OperandKind kind);
  Result<Value> EvalBecomes(const Expression& expression);
  Result<Value> EvalAggregate(const Expression& expression);
  Result<std::vector<Value>> Collect(const Expression& expression, const Path& chain);
  Result<Value> EvalList(const Expression& expression);

  const EvalContext& context_;
  std::vector<Binding> bindings_;
  bool before_ = false;  // inside `becomes`: paths read the state before
};

Error Unsupported(std::string message) { return {Code::kInvalidArgument, std::move(message)}; }

Result<Value> Evaluator::Settle(const Result<Computed>& computed) const {
  if (!computed) return std::unexpected(computed.error());
  if (computed->has_value()) return **computed;
  if (!context_.strict) return Value();
  return Fail(Code::kInvalidField, computed->error() == Fault::kOverflow
                                       ? "the result of a computation is out of range"
                                       : "division by zero");
}

Result<Value> Evaluator::Named(const std::string& name) const {
  const auto at =
      std::ranges::find(context_.named, name, [](const auto& entry) { return entry.first; });
  return at == context_.named.end() ? Value() : at->second;
}

const Record* Evaluator::StartRow(const Path& path) const {
  return path.root == model::Root::kOld || before_ ? context_.old : context_.row;
}

// Every row at the end of the hops.
Result<std::vector<Record>> Evaluator::RowsOf(const Path& path) {
  std::vector<Record> rows;
  const Record* start = StartRow(path);
  if (start == nullptr) return rows;
  rows.push_back(*start);
  for (const model::Hop& hop : path.hops) {
    std::vector<Record> next;
    for (const Record& row : rows) {
      auto found = TRY(context_.follow(*hop.relation, row));
      std::ranges::move(found, std::back_inserter(next));
    }
    rows = std::move(next);
  }
  return rows;
}

Result<Value> Evaluator::ValueOf(const Path& path, const Record& record) const {
  if (path.field == nullptr) {
    return std::unexpected(Unsupported("a relation has no value of its own"));
  }
  const Value& value = record.at(*path.field);
  if (const auto* document = value.If<json::value>()) {
    const json::value* at = FindStep(*document, path.json_path);
    if (at == nullptr || at->is_null()) return Value();
    if (path.json_path.empty()) return value;
    return Value::Json(*at);
  }
  return path.json_path.empty() ? value : Value();
}

Result<Value> Evaluator::EvalPath(const Path& path) {
  if (!path.join_alias.empty()) {
    return std::unexpected(Unsupported("joined rows exist in views only"));
  }
  for (auto at = bindings_.rbegin(); at != bindings_.rend(); ++at) {
    if (SameChain(*at->path, path)) return ValueOf(path, *at->row);
  }
  if (path.hops.empty()) {
    const Record* row = StartRow(path);
    return row == nullptr ? Value() : ValueOf(path, *row);
  }
  if (path.IsToMany()) {
    return std::unexpected(Unsupported("a path to many rows needs a comparison or an aggregate"));
  }
  if (!context_.follow) return Value();
  const auto rows = TRY(RowsOf(path));
  return rows.empty() ? Value() : ValueOf(path, rows.front());
}

// Kleene's logic: what one side settles, a null on the other does not undo.
Result<Value> Evaluator::EvalLogic(const Expression& expression) {
  if (expression.op == Op::kNot) {
    const Value value = TRY(Eval(*expression.args[0], {Kind::kBool}));
    const auto* flag = value.If<bool>();
    return flag == nullptr ? Value() : Value(!*flag);
  }
  const bool settles = expression.op == Op::kOr;
  bool unknown = false;
  for (const auto& arg : expression.args) {
    const Value value = TRY(Eval(*arg, {Kind::kBool}));
    const auto* flag = value.If<bool>();
    if (flag == nullptr) {
      unknown = true;
    } else if (*flag == settles) {
      return Value(settles);
    }
  }
  return unknown ? Value() : Value(!settles);
}

// True when the condition is for any choice of rows along its chains.
Result<Value> Evaluator::EvalAny(const Expression& expression, std::span<const Chain> chains) {
  if (chains.empty())
    return ReadValueAs(TRY(EvalPredicate(expression, {Kind::kBool})), {Kind::kBool});
  if (!context_.follow) return Value();
  const auto rows = TRY(RowsOf(*chains.front().path));
  for (const Record& row : rows) {
    bindings_.push_back({chains.front().path, &row});
    auto value = EvalAny(expression, chains.subspan(1));
    bindings_.pop_back();
    if (!value) return value;
    const auto* flag = value->If<bool>();
    if (flag != nullptr && *flag) return Value(true);
  }
  return Value(false);
}

Result<Value> Evaluator::Equal(const Expression& a, const Expression& b) {
  const auto meet = Meet(a, b);
  if (!meet) return std::unexpected(Unsupported("values of different kinds are compared"));
  const Value left = TRY(Eval(a, ReadAs(a, *meet)));
  const Value right = TRY(Eval(b, ReadAs(b, *meet)));
  if (left.IsNull() || right.IsNull()) return Value(left.IsNull() && right.IsNull());
  const auto order = CompareMet(left, right);
  return Value(order && *order == std::strong_ordering::equal);
}

Result<Value> Evaluator::Ordered(const Expression& expression) {
  const Expression& a = *expression.args[0];
  const Expression& b = *expression.args[1];
  const auto meet = Meet(a, b);
  if (!meet) return std::unexpected(Unsupported("values of different kinds are compared"));
  const Value left = TRY(Eval(a, ReadAs(a, *meet)));
  const Value right = TRY(Eval(b, ReadAs(b, *meet)));
  const auto order = CompareMet(left, right);
  if (!order) return Value();
  switch (expression.op) {
    case Op::kLt:
      return Value(*order < 0);
    case Op::kLe:
      return Value(*order <= 0);
    case Op::kGt:
      return Value(*order > 0);
    default:
      return Value(*order >= 0);
  }
}

// `x in list_field`: membership in a JSON array, whose elements are read as what x is.
Result<Value> Evaluator::EvalMember(const Expression& expression) {
  const Expression& wanted = *expression.args[0];
  const Value list = TRY(Eval(*expression.args[1]));
  OperandKind kind = KindOf(wanted);
  if (kind.kind == Kind::kDecimal) kind = {Kind::kNumber};
  const Value value = TRY(Eval(wanted, kind));
  const auto* document = list.If<json::value>();
  if (value.IsNull() || document == nullptr || !document->is_array()) return Value(false);
  for (const json::value& element : document->get_array()) {
    const auto order = CompareMet(value, ReadValueAs(Value::Json(element), kind));
    if (order && *order == std::strong_ordering::equal) return Value(true);
  }
  return Value(false);
}

Result<Value> Evaluator::EvalIn(const Expression& expression) {
  if (expression.args.size() == 2 && expression.args[1]->op != Op::kListLiteral &&
      KindOf(*expression.args[1]).kind == Kind::kJson) {
    return EvalMember(expression);
  }
  for (const Expression* element : Elements(expression)) {
    const Value equal = TRY(Equal(*expression.args[0], *element));
    if (equal.As<bool>()) return equal;
  }
  return Value(false);
}

Result<Value> Evaluator::EvalLike(const Expression& expression) {
  const Value text = TRY(Eval(*expression.args[0], {Kind::kText}));
  const Value pattern = TRY(Eval(*expression.args[1], {Kind::kText}));
  const auto* subject = text.If<std::string>();
  const auto* wanted = pattern.If<std::string>();
  if (subject == nullptr || wanted == nullptr) return Value();
  if (expression.op == Op::kLike) return Value(Like(*subject, *wanted));
  return Value(Like(Fold(*subject), Fold(*wanted)));
}

Result<Value> Evaluator::EvalPredicate(const Expression& expression, OperandKind kind) {
  switch (expression.op) {
    case Op::kEq:
      return Equal(*expression.args[0], *expression.args[1]);
    case Op::kNe: {
      const Value equal = TRY(Equal(*expression.args[0], *expression.args[1]));
      return Value(!equal.As<bool>());
    }
    case Op::kLt:
    case Op::kLe:
    case Op::kGt:
    case Op::kGe:
      return Ordered(expression);
    case Op::kIn:
      return EvalIn(expression);
    case Op::kLike:
    case Op::kIlike:
      return EvalLike(expression);
    case Op::kCall:
      return EvalCall(expression, kind);
    default:
      return EvalPath(expression.path);
  }
}

Result<Value> Evaluator::EvalArithmetic(const Expression& expression) {
  if (expression.op == Op::kNegate) {
    const Expression& operand = *expression.args[0];
    const OperandKind own = KindOf(operand);
    return Settle(
        Negate(TRY(Eval(operand, own.kind == Kind::kJson ? OperandKind{Kind::kNumber} : own))));
  }
  const auto arithmetic = ArithmeticOf(expression);
  if (!arithmetic) return std::unexpected(Unsupported("these values cannot be computed with"));
  const Value a = TRY(Eval(*expression.args[0], ArithmeticOperand(expression, *arithmetic, 0)));
  const Value b = TRY(Eval(*expression.args[1], ArithmeticOperand(expression, *arithmetic, 1)));
  return Settle(Apply(expression, *arithmetic, a, b));
}

Result<Value> Evaluator::EvalCall(const Expression& expression, OperandKind kind) {
  if (expression.name == "coalesce") {
    for (const auto& arg : expression.args) {
      const OperandKind own = KindOf(*arg);
      Value value = ConvertNumber(TRY(Eval(*arg, own.kind == Kind::kJson ? kind : own)), kind);
      if (!value.IsNull()) return value;
    }
    return Value();
  }
  if (expression.name == "scoped") {
    Value text = TRY(Eval(*expression.args[0], {Kind::kText}));
    const std::string_view slug = context_.tenant_slug;
    if (text.IsNull() || slug.empty()) return text;
    return Value(std::string(slug) + "-" + text.As<std::string>());
  }
  if (expression.pattern != nullptr) {
    const Value text = TRY(Eval(*expression.args[0], {Kind::kText}));
    return text.Is<std::string>() ? Value(expression.pattern->IsFoundIn(text.As<std::string>()))
                                  : Value();
  }
  const FunctionBody* body = FindFunctionBody(expression.name);
  if (body == nullptr) {
    return std::unexpected(Unsupported("there is no function " + expression.name));
  }
  std::vector<Value> args;
  args.reserve(expression.args.size());
  for (const auto& arg : expression.args) {
    const Kind wanted = args.empty() ? body->first : body->rest;
    const OperandKind own = KindOf(*arg);
    Value value = TRY(Eval(*arg, wanted == Kind::kNull ? own : OperandKind{wanted}));
    if (value.IsNull() && body->null_on_null) return Value();
    if (wanted == Kind::kText && !value.Is<std::string>()) return Value();
    args.push_back(std::move(value));
  }
  return Settle(body->call(args));
}

Result<Value> Evaluator::EvalBecomes(const Expression& expression) {
  const Expression& path = *expression.args[0];
  const Value now = TRY(Equal(path, *expression.args[1]));
  if (!now.As<bool>() || context_.old == nullptr) return now;
  before_ = true;
  auto before = Equal(path, *expression.args[1]);
  before_ = false;
  if (!before) return before;
  return Value(!before->As<bool>());
}

// The values of the aggregate's argument along a chain; true for each row when it names rows only.
Result<std::vector<Value>> Evaluator::Collect(const Expression& expression, const Path& chain) {
  const Expression& arg = *expression.args[0];
  const bool rows_only = arg.op == Op::kPath && arg.path.field == nullptr;
  const auto rows = TRY(RowsOf(chain));
  std::vector<Value> values;
  for (const Record& row : rows) {
    bindings_.push_back({&chain, &row});
    const auto one = [&]() -> Result<void> {
      if (expression.where) {
        const Value value = TRY(Eval(*expression.where, {Kind::kBool}));
        const bool holds = value.Is<bool>() && value.As<bool>();
        // all(steps where C) asks whether every step is C.
        if (rows_only && expression.name == "all") {
          values.emplace_back(holds);
          return {};
        }
        if (!holds) return {};
      }
      if (rows_only) {
        values.emplace_back(true);
        return {};
      }
      OperandKind kind = KindOf(arg);
      if (kind.kind == Kind::kJson && expression.name != "count" && expression.name != "list") {
        kind = {expression.type.kind == model::TypeKind::kBool ? Kind::kBool : Kind::kNumber};
      }
      values.push_back(TRY(Eval(arg, kind)));
      return {};
    };
    const auto done = one();
    bindings_.pop_back();
    if (!done) return std::unexpected(done.error());
  }
  return values;
}

Result<Value> Evaluator::EvalAggregate(const Expression& expression) {
  std::vector<Chain> chains;
  if (!expression.args.empty()) CollectChains(*expression.args[0], chains);
  if (chains.size() != 1) {
    return std::unexpected(Unsupported("an aggregate over the rows themselves needs a view"));
  }
  if (!context_.follow) return Value();
  auto values = TRY(Collect(expression, *chains.front().path));
  const std::string& name = expression.name;
  if (name == "any" || name == "all") {
    const bool any = name == "any";
    const auto holds = [](const Value& value) { return value.Is<bool>() && value.As<bool>(); };
    return Value(any ? std::ranges::any_of(values, holds) : std::ranges::all_of(values, holds));
  }
  if (name == "list" || expression.distinct) {
    ArrangeList(values, expression.distinct);
  } else {
    std::erase_if(values, [](const Value& value) { return value.IsNull(); });
  }
  if (name == "count") return Value(static_cast<std::int64_t>(values.size()));
  if (name == "list") {
    json::array list;
    for (const Value& value : values) list.push_back(JsonOfValue(value));
    return Value::Json(std::move(list));
  }
  if (name == "min" || name == "max") {
    if (values.empty()) return Value();
    const auto less = [](const Value& a, const Value& b) { return CompareValues(a, b) < 0; };
    return name == "min" ? *std::ranges::min_element(values, less)
                         : *std::ranges::max_element(values, less);
  }
  Accumulator accumulator;
  for (const Value& value : values) accumulator.Add(value);
  if (name == "sum") return Settle(accumulator.Sum());
  if (name == "avg") return Settle(accumulator.Average());
  return std::unexpected(Unsupported("there is no aggregate " + name));
}

Result<Value> Evaluator::EvalList(const Expression& expression) {
  json::array list;
  for (const auto& arg : expression.args) list.push_back(JsonOfValue(TRY(Eval(*arg))));
  return Value::Json(std::move(list));
}

Result<Value> Evaluator::EvalNode(const Expression& expression, OperandKind kind) {
  if (IsPredicate(expression)) {
    std::vector<Chain> chains;
    CollectChains(expression, chains);
    std::erase_if(chains, [&](const Chain& chain) {
      return std::ranges::any_of(
          bindings_, [&](const Binding& bound) { return SameChain(*bound.path, *chain.path); });
    });
    if (chains.empty()) return EvalPredicate(expression, kind);
    return EvalAny(expression, chains);
  }
  switch (expression.op) {
    case Op::kLiteral:
      return expression.value;
    case Op::kPath:
      return EvalPath(expression.path);
    case Op::kParameter:
    case Op::kTakes:
      return Named(expression.name);
    case Op::kNow:
      return Value(context_.now);
    case Op::kAnd:
    case Op::kOr:
    case Op::kNot:
      return EvalLogic(expression);
    case Op::kAdd:
    case Op::kSub:
    case Op::kMul:
    case Op::kDiv:
    case Op::kNegate:
      return EvalArithmetic(expression);
    case Op::kCall:
      return EvalCall(expression, kind);
    case Op::kAggregate:
      return EvalAggregate(expression);
    case Op::kBecomes:
      return EvalBecomes(expression);
    case Op::kListLiteral:
      return EvalList(expression);
    default:
      return std::unexpected(Unsupported("this expression cannot be evaluated"));
  }
}

Result<Value> Evaluator::Eval(const Expression& expression, OperandKind kind) {
  return ReadValueAs(TRY(EvalNode(expression, kind)), kind);
}

}  // namespace

Result<Value> Evaluate(const Expression& expression, const EvalContext& context) {
  return Evaluator(context).Eval(expression);
}

Result<bool> Holds(const Expression& condition, const EvalContext& context) {
  const Value value = TRY(Evaluator(context).Eval(condition, {Kind::kBool}));
  const auto* flag = value.If<bool>();
  return flag != nullptr && *flag;
}

std::strong_ordering CompareValues(const Value& a, const Value& b) {
  if (a.IsNull() || b.IsNull()) return b.IsNull() <=> a.IsNull();
  if (const auto order = CompareMet(a, b)) return *order;
  return a.storage().index() <=> b.storage().index();
}

}  // namespace tenon
