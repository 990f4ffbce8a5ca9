// Aggregates: over related rows they are correlated sub-selects, over the rows of a grouped view
// they are SQL's own.
#include <fmt/format.h>

#include "record/sql_compiler.h"

namespace tenon {

using model::Expression;
using model::Op;
using model::Path;

Result<void> SqlCompiler::AppendAggregate(const Expression& expression) {
  std::vector<Chain> chains;
  if (!expression.args.empty()) CollectChains(*expression.args[0], chains);
  std::erase_if(chains, [&](const Chain& chain) { return BoundAlias(*chain.path) != nullptr; });
  if (chains.size() == 1) return AppendOverRelation(expression, *chains.front().path);
  if (!chains.empty()) return Refuse("an aggregate ranges over one relation");
  if (!context_.grouped) return Refuse("an aggregate over the rows themselves needs a view");
  return AppendAggregateCall(expression, expression.args.empty());
}

Result<void> SqlCompiler::AppendOverRelation(const Expression& expression, const Path& chain) {
  if (expression.name == "any" || expression.name == "all") return AppendAnyAll(expression, chain);
  const Joined joined = JoinHops(chain.hops, StartAlias(chain));
  const Expression& arg = *expression.args[0];
  out_ << "(SELECT ";
  Enter(nullptr, &chain, joined.alias);
  auto done = AppendAggregateCall(expression, arg.op == Op::kPath && arg.path.field == nullptr);
  Leave();
  out_ << " FROM " << joined.from << " WHERE " << joined.condition << ")";
  return done;
}

// any(x): a row for which x is true; all(x): no row for which it is not.
Result<void> SqlCompiler::AppendAnyAll(const Expression& expression, const Path& chain) {
  const bool any = expression.name == "any";
  const Expression& arg = *expression.args[0];
  const bool rows_only = arg.op == Op::kPath && arg.path.field == nullptr;
  const Joined joined = JoinHops(chain.hops, StartAlias(chain));
  out_ << (any ? "EXISTS" : "NOT EXISTS") << " (SELECT 1 FROM " << joined.from << " WHERE "
       << joined.condition;
  Enter(nullptr, &chain, joined.alias);
  const auto test = [&](const Expression& condition, bool holds) -> Result<void> {
    out_ << " AND (";
    TRY(AppendCondition(condition));
    out_ << (holds ? ") IS TRUE" : ") IS NOT TRUE");
    return {};
  };
  const auto both = [&]() -> Result<void> {
    if (rows_only) {
      if (!expression.where) {
        if (!any) out_ << " AND FALSE";
        return {};
      }
      return test(*expression.where, any);
    }
    if (expression.where) TRY(test(*expression.where, true));
    return test(arg, any);
  };
  auto done = both();
  Leave();
  out_ << ")";
  return done;
}

Result<void> SqlCompiler::AppendAsJson(const Expression& expression) {
  const OperandKind own = KindOf(expression);
  const bool text = own.kind == Kind::kTime || own.kind == Kind::kDuration;
  const bool digits = own.kind == Kind::kDecimal;
  out_ << (text ? "to_jsonb(tenon_text(" : digits ? "to_jsonb((" : "to_jsonb(");
  TRY(Append(expression, own));
  if (own.kind == Kind::kDuration) out_ << ", 'duration'";
  out_ << (text ? "))" : digits ? ")::text)" : ")");
  return {};
}

// list(x): a JSON array in ascending order, without nulls.
Result<void> SqlCompiler::AppendListCall(const Expression& expression, OperandKind kind) {
  const Expression& arg = *expression.args[0];
  if (sqlite_) {
    out_ << "tenon_list(";
    TRY(Append(arg, kind));
    out_ << ", '" << KindLetter(kind) << (expression.distinct ? "', TRUE)" : "', FALSE)");
    if (!expression.where) return {};
    out_ << " FILTER (WHERE ";
    TRY(AppendCondition(*expression.where));
    out_ << ")";
    return {};
  }
  out_ << "coalesce(jsonb_agg(" << (expression.distinct ? "DISTINCT " : "");
  TRY(AppendAsJson(arg));
  out_ << " ORDER BY ";
  TRY(AppendAsJson(arg));
  out_ << ") FILTER (WHERE (";
  TRY(Append(arg, kind));
  out_ << ") IS NOT NULL";
  if (expression.where) {
    out_ << " AND ";
    TRY(AppendCondition(*expression.where));
  }
  out_ << "), '[]'::jsonb)";
  return {};
}

// FUNCTION(argument) FILTER (WHERE ...), in the scope of the rows.
Result<void> SqlCompiler::AppendAggregateCall(const Expression& expression, bool rows_only) {
  const std::string& name = expression.name;
  const std::string_view distinct = expression.distinct ? "DISTINCT " : "";
  const auto filter = [&]() -> Result<void> {
    if (!expression.where) return {};
    out_ << " FILTER (WHERE ";
    TRY(AppendCondition(*expression.where));
    out_ << ")";
    return {};
  };
  if (rows_only) {
    if (name != "count") return Refuse(name + "() needs a value");
    out_ << "count(*)";
    return filter();
  }
  const Expression& arg = *expression.args[0];
  OperandKind kind = KindOf(arg);
  if (kind.kind == Kind::kJson && name != "count" && name != "list") {
    kind = {expression.type.kind == model::TypeKind::kBool ? Kind::kBool : Kind::kNumber};
  }
  if (name == "list") return AppendListCall(expression, kind);
  // before ARGUMENT after FILTER close
  const auto call = [&](std::string_view before, std::string_view after,
                        std::string_view close) -> Result<void> {
    out_ << before << distinct;
    TRY(Append(arg, kind));
    out_ << after;
    TRY(filter());
    out_ << close;
    return {};
  };
  if (name == "count") return call("count(", ")", "");
  if (name == "any" || name == "all") {
    const bool any = name == "any";
    if (!sqlite_) {
      return call(any ? "coalesce(bool_or(" : "coalesce(bool_and(coalesce(",
                  any ? ")" : ", FALSE))", any ? ", FALSE)" : ", TRUE)");
    }
    return call(any ? "coalesce(max((" : "coalesce(min((", ") IS TRUE)", any ? ", 0)" : ", 1)");
  }
  if (name == "min" || name == "max") {
    if (!sqlite_ && kind.kind == Kind::kBool) {
      return call(name == "min" ? "bool_and(" : "bool_or(", ")", "");
    }
    if (!sqlite_ && kind.kind == Kind::kUuid) {
      return call(name == "min" ? "(min((" : "(max((", ")::text)", ")::uuid");
    }
    return call(name == "min" ? "min(" : "max(", ")", "");
  }
  if (name == "sum") {
    if (sqlite_) return call("tenon_sum(", ")", "");
    const bool whole =
        expression.type.kind == model::TypeKind::kInt || kind.kind == Kind::kDuration;
    return call(whole ? "tenon_int(sum(" : "sum(", ")", whole ? ")" : "");
  }
  if (name == "avg") {
    if (!sqlite_) {
      if (kind.kind == Kind::kDuration) return call("trunc(avg(", ")", ")::bigint");
      return call("(avg(", ")", ")::double precision");
    }
    if (kind.kind == Kind::kDuration) return call("tenon_avg_us(", ")", "");
    if (kind.kind == Kind::kDecimal) {
      return call("(tenon_avg(", ")", fmt::format(" / 1e{})", kind.scale));
    }
    return call("tenon_avg(", ")", "");
  }
  return Refuse("there is no aggregate " + name);
}

}  // namespace tenon
