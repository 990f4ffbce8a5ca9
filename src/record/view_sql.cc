#include "record/view_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/json.h"
#include "record/secrets.h"
#include "record/sql_compiler.h"

namespace tenon {
namespace {

using model::View;
using model::ViewBody;
using model::ViewColumn;

constexpr std::int64_t kLimitMax = 100'000;
// SQLite's functions take at most 127 arguments, the first of which names the columns.
constexpr std::size_t kNestedColumnsMax = 126;

Error Invalid(std::string message) { return {Code::kInvalidArgument, std::move(message)}; }

Result<std::vector<std::pair<std::string, Value>>> Complete(const View& view,
                                                            const ViewArguments& arguments) {
  std::vector<std::pair<std::string, Value>> out;
  for (const auto& [name, value] : arguments.parameters) {
    const bool known = std::ranges::any_of(
        view.parameters, [&](const model::ViewParameter& p) { return p.name == name; });
    if (!known) return std::unexpected(Invalid(fmt::format("there is no parameter '{}'", name)));
  }
  for (const model::ViewParameter& parameter : view.parameters) {
    const auto given = std::ranges::find(arguments.parameters, parameter.name,
                                         [](const auto& entry) { return entry.first; });
    if (given != arguments.parameters.end()) {
      out.push_back(*given);
    } else if (parameter.optional) {
      out.emplace_back(parameter.name, parameter.default_value);
    } else {
      return std::unexpected(
          Invalid(fmt::format("the parameter '{}' is required", parameter.name)));
    }
  }
  return out;
}

// The body of one view, written once.
class ViewWriter {
 public:
  ViewWriter(const View& view, const ViewArguments& arguments, SqlBuilder& out)
      : view_(view), arguments_(arguments), out_(out), sqlite_(out.dialect() == Dialect::kSqlite) {}

  Result<void> Write(const std::vector<std::pair<std::string, Value>>& parameters);

 private:
  Result<void> WriteBody(const ViewBody& body);
  Result<void> WriteColumn(const ViewColumn& column, const ViewColumn& first,
                           SqlCompiler& compiler);
  Result<void> WriteNested(const ViewColumn& column, SqlCompiler& compiler);
  Result<void> WriteNestedSqlite(const ViewColumn& column, SqlCompiler& compiler);
  Result<void> WriteNestedPostgres(const ViewColumn& column, SqlCompiler& compiler);
  Result<void> WriteNestedOrder(const ViewColumn& column, const std::string& alias,
                                SqlCompiler& compiler);
  Result<void> WriteSource(const ViewBody& body, SqlCompiler& compiler);
  Result<void> WriteOrder(const std::vector<std::pair<model::ExpressionPtr, bool>>& order,
                          SqlCompiler& compiler, std::span<const ViewColumn> shown = {});
  Result<void> WriteLimit(const ViewBody& body);

  const View& view_;
  const ViewArguments& arguments_;
  SqlBuilder& out_;
  bool sqlite_;
  SqlContext context_;
};

// A cell of nested rows, on SQLite by tenon_rows' letters.
std::string CellLetter(const ViewColumn& column) {
  if (HoldsSecret(column.value->type)) return "s";
  return KindLetter(KindOf(*column.value));
}

Result<void> ViewWriter::WriteNestedOrder(const ViewColumn& column, const std::string& alias,
                                          SqlCompiler& compiler) {
  out_ << " ORDER BY ";
  TRY(WriteOrder(column.order, compiler));
  if (!column.order.empty()) out_ << ", ";
  // The key makes the order complete.
  out_ << alias << ".";
  out_.Name(ReferenceKey(*column.nested->target).name);
  return {};
}

Result<void> ViewWriter::WriteNestedSqlite(const ViewColumn& column, SqlCompiler& compiler) {
  const auto joined = compiler.JoinHops({{column.nested}}, context_.alias);
  json::array columns;
  out_ << "(SELECT tenon_rows(";
  for (const ViewColumn& inner : column.columns) {
    columns.push_back(json::array{json::string(inner.name), json::string(CellLetter(inner))});
  }
  out_.Bind(Value(CanonicalJson(columns)));
  for (std::size_t i = 0; i < column.columns.size(); ++i) out_ << fmt::format(", c{}", i);
  out_ << ") FROM (SELECT ";
  compiler.Enter(column.nested->target, nullptr, joined.alias);
  const auto write = [&]() -> Result<void> {
    for (std::size_t i = 0; i < column.columns.size(); ++i) {
      if (i > 0) out_ << ", ";
      const model::Expression& value = *column.columns[i].value;
      TRY(compiler.Append(value, KindOf(value)));
      out_ << fmt::format(" AS c{}", i);
    }
    out_ << " FROM " << joined.from << " WHERE " << joined.condition;
    return WriteNestedOrder(column, joined.alias, compiler);
  };
  auto done = write();
  compiler.Leave();
  out_ << "))";
  return done;
}

Result<void> ViewWriter::WriteNestedPostgres(const ViewColumn& column, SqlCompiler& compiler) {
  const auto joined = compiler.JoinHops({{column.nested}}, context_.alias);
  out_ << "(SELECT coalesce(jsonb_agg(jsonb_build_object(";
  compiler.Enter(column.nested->target, nullptr, joined.alias);
  const auto write = [&]() -> Result<void> {
    for (std::size_t i = 0; i < column.columns.size(); ++i) {
      if (i > 0) out_ << ", ";
      const model::Expression& value = *column.columns[i].value;
      out_ << QuoteText(column.columns[i].name) << ", ";
      if (HoldsSecret(value.type)) {
        out_ << "'[sealed]'";
        continue;
      }
      TRY(compiler.AppendAsJson(value));
    }
    out_ << ")";
    return WriteNestedOrder(column, joined.alias, compiler);
  };
  auto done = write();
  compiler.Leave();
  out_ << "), '[]'::jsonb) FROM " << joined.from << " WHERE " << joined.condition << ")";
  return done;
}

Result<void> ViewWriter::WriteNested(const ViewColumn& column, SqlCompiler& compiler) {
  if (column.columns.size() > kNestedColumnsMax) {
    return std::unexpected(
        Invalid(fmt::format("'{}' shows more than {} columns", column.name, kNestedColumnsMax)));
  }
  return sqlite_ ? WriteNestedSqlite(column, compiler) : WriteNestedPostgres(column, compiler);
}

// In a union the columns of every body have the form of the first body's.
Result<void> ViewWriter::WriteColumn(const ViewColumn& column, const ViewColumn& first,
                                     SqlCompiler& compiler) {
  if (column.nested != nullptr) return WriteNested(column, compiler);
  const OperandKind own = KindOf(*column.value);
  const OperandKind wanted = first.value == nullptr ? own : KindOf(*first.value);
  const bool numeric = own.kind == Kind::kNumber || own.kind == Kind::kDecimal;
  if (numeric && own != wanted) return compiler.AppendNumberAs(*column.value, wanted);
  return compiler.AppendResult(*column.value);
}

Result<void> ViewWriter::WriteSource(const ViewBody& body, SqlCompiler& compiler) {
  const model::Entity& entity = *body.entity;
  out_ << " FROM ";
  out_.Name(entity.table) << " AS " << context_.alias;
  for (const model::ViewJoin& join : body.joins) {
    const std::string& alias = context_.join_aliases.at(join.alias);
    out_ << " LEFT JOIN ";
    out_.Name(join.entity->table) << " AS " << alias << " ON (";
    TRY(compiler.AppendCondition(*join.on));
    out_ << ")";
    if (entity.tenant != nullptr && join.entity->tenant != nullptr) {
      out_ << " AND " << alias << ".";
      out_.Name(join.entity->tenant->name) << " = " << context_.alias << ".";
      out_.Name(entity.tenant->name);
    }
    SqlBuilder live(out_.dialect());
    if (AppendLive(*join.entity, alias, live)) out_ << " AND " << live.text();
  }
  std::string_view word = " WHERE ";
  if (arguments_.tenant && entity.tenant != nullptr) {
    out_ << word << context_.alias << ".";
    out_.Name(entity.tenant->name) << " = ";
    out_.Bind(Value(*arguments_.tenant));
    word = " AND ";
  }
  SqlBuilder live(out_.dialect());
  if (AppendLive(entity, context_.alias, live)) {
    out_ << word << live.text();
    word = " AND ";
  }
  if (!body.where) return {};
  out_ << word;
  return compiler.AppendCondition(*body.where);
}

Result<void> ViewWriter::WriteOrder(const std::vector<std::pair<model::ExpressionPtr, bool>>& order,
                                    SqlCompiler& compiler, std::span<const ViewColumn> shown) {
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i > 0) out_ << ", ";
    // By its number, so that a count of related rows is not taken twice for each row.
    const auto column = std::ranges::find(shown, order[i].first, &ViewColumn::value);
    if (column != shown.end()) {
      out_ << std::to_string(column - shown.begin() + 1);
    } else {
      TRY(compiler.AppendResult(*order[i].first));
    }
    if (order[i].second) out_ << " DESC";
    if (!sqlite_) out_ << (order[i].second ? " NULLS LAST" : " NULLS FIRST");
  }
  return {};
}

Result<void> ViewWriter::WriteLimit(const ViewBody& body) {
  std::optional<std::int64_t> limit = body.limit;
  if (!body.limit_parameter.empty()) {
    const auto given = std::ranges::find(context_.parameters, body.limit_parameter,
                                         [](const auto& entry) { return entry.first; });
    if (given != context_.parameters.end() && given->second.Is<std::int64_t>()) {
      limit = given->second.As<std::int64_t>();
      if (*limit < 1 || *limit > kLimitMax) {
        return std::unexpected(
            Invalid(fmt::format("'{}' must be from 1 to {}", body.limit_parameter, kLimitMax)));
      }
    }
  }
  if (!limit) return {};
  out_ << " LIMIT ";
  out_.Bind(Value(*limit));
  return {};
}

Result<void> ViewWriter::WriteBody(const ViewBody& body) {
  context_.alias = out_.NextAlias();
  context_.grouped = body.grouped;
  context_.join_aliases.clear();
  for (const model::ViewJoin& join : body.joins) {
    context_.join_aliases[join.alias] = out_.NextAlias();
  }
  SqlCompiler compiler(context_, out_);
  out_ << "SELECT ";
  const auto& first = view_.bodies.front().select;
  for (std::size_t i = 0; i < body.select.size(); ++i) {
    if (i > 0) out_ << ", ";
    TRY(WriteColumn(body.select[i], first[std::min(i, first.size() - 1)], compiler));
    out_ << " AS ";
    out_.Name(body.select[i].name);
  }
  TRY(WriteSource(body, compiler));
  if (!body.group.empty()) {
    out_ << " GROUP BY ";
    for (std::size_t i = 0; i < body.group.size(); ++i) {
      if (i > 0) out_ << ", ";
      TRY(compiler.AppendResult(*body.group[i]));
    }
  }
  if (!body.order.empty()) {
    out_ << " ORDER BY ";
    TRY(WriteOrder(body.order, compiler, body.select));
  }
  return WriteLimit(body);
}

Result<void> ViewWriter::Write(const std::vector<std::pair<std::string, Value>>& parameters) {
  context_.now = arguments_.now;
  context_.parameters = parameters;
  const bool many = view_.bodies.size() > 1;
  for (std::size_t i = 0; i < view_.bodies.size(); ++i) {
    if (i > 0) out_ << " UNION ALL ";
    // A body's own order and limit need a select around them.
    if (many) out_ << "SELECT * FROM (";
    TRY(WriteBody(view_.bodies[i]));
    if (many) out_ << fmt::format(") AS b{}", i);
  }
  return {};
}

}  // namespace

Result<void> AppendView(const View& view, const ViewArguments& arguments, SqlBuilder& out) {
  const auto parameters = TRY(Complete(view, arguments));
  return ViewWriter(view, arguments, out).Write(parameters);
}

std::vector<model::Type> ViewColumnTypes(const View& view) {
  std::vector<model::Type> types;
  if (view.bodies.empty()) return types;
  for (const ViewColumn& column : view.bodies.front().select) {
    if (column.nested != nullptr) {
      model::Type rows;
      rows.kind = model::TypeKind::kJson;
      types.push_back(rows);
    } else {
      types.push_back(column.value->type);
    }
  }
  return types;
}

}  // namespace tenon
