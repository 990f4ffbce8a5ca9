#include "record/sql.h"

#include <fmt/format.h>

#include "record/kinds.h"
#include "record/sql_compiler.h"

namespace tenon {
namespace {

std::string Quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  out += quote;
  return out;
}

// The type at the end of a path inside a field's JSON, as far as shapes tell.
model::Type TypeAt(const model::Type& type, std::span<const std::string> path) {
  model::Type at = type;
  for (const std::string& key : path) {
    const model::ShapeField* field = at.shape == nullptr ? nullptr : at.shape->Find(key);
    if (field == nullptr) {
      model::Type text;
      text.kind = model::TypeKind::kText;
      return text;
    }
    at = field->type;
  }
  return at;
}

// All but a required column of the row itself.
bool MayBeNull(const model::Expression& expression) {
  if (expression.op != model::Op::kPath) return true;
  const model::Path& path = expression.path;
  return path.root != model::Root::kRow || path.field == nullptr || !path.hops.empty() ||
         !path.join_alias.empty() || !path.json_path.empty() || path.field->type.nullable;
}

}  // namespace

std::string QuoteName(std::string_view name) { return Quoted(name, '"'); }

std::string QuoteText(std::string_view text) { return Quoted(text, '\''); }

SqlBuilder& SqlBuilder::Bind(Value value) {
  parameters_.push_back(std::move(value));
  text_ += dialect_ == Dialect::kSqlite ? '?' : '$';
  text_ += std::to_string(parameters_.size());
  return *this;
}

Result<void> AppendExpression(const model::Expression& expression, const SqlContext& context,
                              SqlBuilder& out) {
  return SqlCompiler(context, out).AppendResult(expression);
}

Result<void> AppendOrderTerm(const model::Expression& expression, bool descending,
                             const SqlContext& context, SqlBuilder& out) {
  TRY(AppendExpression(expression, context, out));
  if (descending) out << " DESC";
  // SQLite takes null as the smallest by itself. Where there is none it is not said: PostgreSQL
  // would look for an index in just that order.
  if (out.dialect() == Dialect::kPostgres && MayBeNull(expression)) {
    out << (descending ? " NULLS LAST" : " NULLS FIRST");
  }
  return {};
}

void AppendIndexColumn(const model::IndexColumn& column, std::string_view alias, SqlBuilder& out) {
  if (column.json_path.empty()) {
    if (!alias.empty()) out << alias << ".";
    out.Name(column.field->name);
    return;
  }
  model::Expression path;
  path.op = model::Op::kPath;
  path.path.field = column.field;
  path.path.json_path = column.json_path;
  path.type = TypeAt(column.field->type, column.json_path);
  SqlContext context;
  context.alias = alias;
  // A path has no part that could be refused.
  [[maybe_unused]] const auto done = SqlCompiler(context, out).Append(path, KindOf(path.type));
}

bool AppendLive(const model::Entity& entity, std::string_view alias, SqlBuilder& out) {
  if (!entity.soft_delete) return false;
  const model::SoftDelete& soft = *entity.soft_delete;
  const std::string column =
      (alias.empty() ? std::string() : std::string(alias) + ".") + QuoteName(soft.field->name);
  if (soft.json_path.empty()) {
    out << column << " IS NULL";
    return true;
  }
  if (out.dialect() == Dialect::kSqlite) {
    const auto path = JsonPathText(soft.json_path);
    // The checker takes field names, which SQLite can always spell.
    out << "json_extract(" << column << ", " << QuoteText(path.value_or("$")) << ") IS NULL";
    return true;
  }
  out << "(" << column << " #>> ARRAY[";
  for (std::size_t i = 0; i < soft.json_path.size(); ++i) {
    out << (i > 0 ? ", " : "") << QuoteText(soft.json_path[i]);
  }
  out << "]) IS NULL";
  return true;
}

const model::Field& ReferenceKey(const model::Entity& entity) {
  for (const model::Field* field : entity.key) {
    if (field != entity.tenant || entity.key.size() == 1) return *field;
  }
  return *entity.key.front();
}

std::optional<std::string> JsonPathText(std::span<const std::string> path) {
  std::string out = "$";
  for (const std::string& key : path) {
    bool digits = true;
    for (const char c : key) {
      if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20) return std::nullopt;
      digits = digits && c >= '0' && c <= '9';
    }
    if (digits) return std::nullopt;  // also the empty key
    out += ".\"" + key + "\"";
  }
  return out;
}

std::string KindLetter(OperandKind kind) {
  switch (kind.kind) {
    case Kind::kBool:
      return "b";
    case Kind::kNumber:
      return "n";
    case Kind::kDuration:
      return "p";
    case Kind::kJson:
      return "j";
    case Kind::kDecimal:
      return fmt::format("d{}", kind.scale);
    default:
      return "t";
  }
}

}  // namespace tenon
