// Paths: over relations to a column, and on into its JSON.
#include <fmt/format.h>

#include "base/json.h"
#include "record/sql_compiler.h"

namespace tenon {

using model::Expression;
using model::Path;
using model::Relation;

namespace {

void AppendTenantPair(const model::Entity& a, std::string_view alias_a, const model::Entity& b,
                      std::string_view alias_b, std::string& out) {
  if (a.tenant == nullptr || b.tenant == nullptr) return;
  out += fmt::format(" AND {}.{} = {}.{}", alias_b, QuoteName(b.tenant->name), alias_a,
                     QuoteName(a.tenant->name));
}

void AppendLiveness(const model::Entity& entity, std::string_view alias, Dialect dialect,
                    std::string& out) {
  SqlBuilder live(dialect);
  if (AppendLive(entity, alias, live)) out += " AND " + live.text();
}

std::string Column(std::string_view alias, const model::Field& field) {
  return fmt::format("{}.{}", alias, QuoteName(field.name));
}

}  // namespace

SqlCompiler::Joined SqlCompiler::JoinHops(const std::vector<model::Hop>& hops,
                                          const std::string& alias) {
  Joined joined;
  joined.alias = alias;
  for (const model::Hop& hop : hops) {
    const Relation& relation = *hop.relation;
    const std::string from = joined.alias;
    const std::string to = out_.NextAlias();
    std::string tables = fmt::format("{} AS {}", QuoteName(relation.target->table), to);
    std::string condition;
    switch (relation.kind) {
      case Relation::Kind::kForward:
        condition = fmt::format("{} = {}", Column(to, ReferenceKey(*relation.target)),
                                Column(from, *relation.field));
        AppendTenantPair(*relation.source, from, *relation.target, to, condition);
        break;
      case Relation::Kind::kBackward:
        condition = fmt::format("{} = {}", Column(to, *relation.field),
                                Column(from, ReferenceKey(*relation.source)));
        AppendTenantPair(*relation.source, from, *relation.target, to, condition);
        break;
      case Relation::Kind::kThrough: {
        const std::string link = out_.NextAlias();
        tables = fmt::format("{} AS {}, {}", QuoteName(relation.through->table), link, tables);
        condition = fmt::format("{} = {}", Column(link, *relation.near),
                                Column(from, ReferenceKey(*relation.source)));
        AppendTenantPair(*relation.source, from, *relation.through, link, condition);
        AppendLiveness(*relation.through, link, out_.dialect(), condition);
        condition += fmt::format(" AND {} = {}", Column(to, ReferenceKey(*relation.target)),
                                 Column(link, *relation.far));
        AppendTenantPair(*relation.through, link, *relation.target, to, condition);
        break;
      }
    }
    AppendLiveness(*relation.target, to, out_.dialect(), condition);
    if (!joined.from.empty()) {
      joined.from += ", ";
      joined.condition += " AND ";
    }
    joined.from += tables;
    joined.condition += condition;
    joined.alias = to;
  }
  return joined;
}

const std::string* SqlCompiler::BoundAlias(const Path& path) const {
  for (auto at = bindings_.rbegin(); at != bindings_.rend(); ++at) {
    if (at->path != nullptr && SameChain(*at->path, path)) return &at->alias;
  }
  return nullptr;
}

std::string SqlCompiler::StartAlias(const Path& path) const {
  if (!path.join_alias.empty()) {
    const auto at = context_.join_aliases.find(path.join_alias);
    if (at != context_.join_aliases.end()) return at->second;
  }
  const model::Entity* start = StartOf(path);
  for (auto at = bindings_.rbegin(); at != bindings_.rend(); ++at) {
    if (at->entity != nullptr && at->entity == start) return at->alias;
  }
  return context_.alias;
}

SqlCompiler::Place SqlCompiler::PlaceOf(const Path& path) {
  Place place;
  place.outer = !path.join_alias.empty();
  if (const std::string* bound = BoundAlias(path); bound != nullptr && !path.hops.empty()) {
    place.alias = *bound;
    return place;
  }
  place.alias = StartAlias(path);
  if (path.hops.empty()) return place;
  place.joined = JoinHops(path.hops, place.alias);
  place.alias = place.joined->alias;
  return place;
}

Result<void> SqlCompiler::AppendPath(const Expression& expression, OperandKind kind) {
  const Path& path = expression.path;
  if (path.root == model::Root::kOld) return Refuse("the state before a write has no SQL form");
  if (path.field == nullptr) return Refuse("a relation has no value of its own");
  if (path.IsToMany() && BoundAlias(path) == nullptr) {
    return Refuse("a path to many rows needs a comparison or an aggregate");
  }
  const Place place = PlaceOf(path);
  if (place.joined) out_ << "(SELECT ";
  // Text is compared and computed with as text, whatever is inside JSON as what it is read as.
  if (path.json_path.empty() && !path.field->type.IsJson()) {
    AppendColumnAs(path, place.alias, KindOf(path.field->type), kind);
  } else {
    AppendJsonAs(path, place.alias, kind);
  }
  if (place.joined) {
    out_ << " FROM " << place.joined->from << " WHERE " << place.joined->condition << ")";
  }
  return {};
}

void SqlCompiler::AppendColumnAs(const Path& path, std::string_view alias, OperandKind own,
                                 OperandKind kind) {
  const std::string column =
      alias.empty() ? QuoteName(path.field->name) : Column(alias, *path.field);
  if (own.kind == Kind::kDuration) {
    out_ << "tenon_micros(" << column << ")";
    return;
  }
  if (sqlite_) {
    out_ << column;
    return;
  }
  if (path.field->type.kind == model::TypeKind::kIp) {
    out_ << "host(" << column << ")";
  } else if (own.kind == Kind::kUuid && kind.kind == Kind::kText) {
    out_ << column << "::text";
  } else {
    out_ << column;
  }
}

// The column that holds the document, and where in it: keys that SQLite's paths cannot spell are
// followed by tenon_json_get.
void SqlCompiler::AppendJsonDocument(const Path& path, std::string_view alias,
                                     std::string& document, std::string& steps) {
  document = alias.empty() ? QuoteName(path.field->name) : Column(alias, *path.field);
  if (const auto text = JsonPathText(path.json_path)) {
    steps = QuoteText(*text);
    return;
  }
  json::array keys;
  for (const std::string& key : path.json_path) keys.emplace_back(key);
  document = fmt::format("tenon_json_get({}, {})", document, QuoteText(CanonicalJson(keys)));
  steps = "'$'";
}

void SqlCompiler::AppendJsonAsPostgres(const Path& path, std::string_view alias, OperandKind kind) {
  std::string at = alias.empty() ? QuoteName(path.field->name) : Column(alias, *path.field);
  if (!path.json_path.empty()) {
    at = fmt::format("({} #> ARRAY[", at);
    for (std::size_t i = 0; i < path.json_path.size(); ++i) {
      at += (i > 0 ? ", " : "") + QuoteText(path.json_path[i]);
    }
    at += "])";
  }
  switch (kind.kind) {
    case Kind::kBool:
      out_ << "tenon_json_bool(" << at << ")";
      return;
    case Kind::kNumber:
      out_ << (kind.from_text ? "tenon_json_decimal(" : "tenon_json_number(") << at << ")";
      return;
    case Kind::kText:
      out_ << "tenon_json_text(" << at << ")";
      return;
    case Kind::kUuid:
      out_ << "tenon_uuid(tenon_json_text(" << at << "))";
      return;
    case Kind::kTime:
      out_ << "tenon_time(tenon_json_text(" << at << "))";
      return;
    case Kind::kDuration:
      out_ << "tenon_micros(tenon_json_text(" << at << "))";
      return;
    default:
      out_ << "nullif(" << at << ", 'null'::jsonb)";
      return;
  }
}

void SqlCompiler::AppendJsonAs(const Path& path, std::string_view alias, OperandKind kind) {
  if (!sqlite_) return AppendJsonAsPostgres(path, alias, kind);
  std::string document;
  std::string steps;
  AppendJsonDocument(path, alias, document, steps);
  const std::string type = fmt::format("json_type({}, {})", document, steps);
  const std::string value = fmt::format("json_extract({}, {})", document, steps);
  const std::string text = fmt::format("CASE WHEN {} = 'text' THEN {} END", type, value);
  switch (kind.kind) {
    case Kind::kBool:
      out_ << "CASE " << type << " WHEN 'true' THEN 1 WHEN 'false' THEN 0 END";
      return;
    case Kind::kNumber:
      if (kind.from_text) {
        out_ << "CASE " << type << " WHEN 'integer' THEN " << value << " WHEN 'real' THEN " << value
             << " WHEN 'text' THEN tenon_number(" << value << ") END";
        return;
      }
      out_ << "CASE WHEN " << type << " IN ('integer', 'real') THEN " << value << " END";
      return;
    case Kind::kText:
      out_ << text;
      return;
    case Kind::kUuid:
      out_ << "tenon_uuid(" << text << ")";
      return;
    case Kind::kTime:
      out_ << "tenon_time(" << text << ")";
      return;
    case Kind::kDuration:
      out_ << "tenon_micros(" << text << ")";
      return;
    default:
      if (path.json_path.empty()) {
        out_ << "nullif(" << document << ", 'null')";
        return;
      }
      out_ << "CASE WHEN " << type << " <> 'null' THEN " << document << " -> " << steps << " END";
      return;
  }
}

Result<void> SqlCompiler::AppendJsonLength(const Expression& operand) {
  if (operand.op != model::Op::kPath) return Refuse("length of JSON needs a field");
  const Path& path = operand.path;
  if (path.field == nullptr || (path.IsToMany() && BoundAlias(path) == nullptr)) {
    return Refuse("a path to many rows needs a comparison or an aggregate");
  }
  const Place place = PlaceOf(path);
  if (place.joined) out_ << "(SELECT ";
  if (sqlite_) {
    std::string document;
    std::string steps;
    AppendJsonDocument(path, place.alias, document, steps);
    out_ << fmt::format(
        "CASE json_type({0}, {1}) WHEN 'array' THEN json_array_length({0}, {1}) "
        "WHEN 'text' THEN length(json_extract({0}, {1})) END",
        document, steps);
  } else {
    out_ << "tenon_json_length(";
    AppendJsonAs(path, place.alias, {Kind::kJson});
    out_ << ")";
  }
  if (place.joined) {
    out_ << " FROM " << place.joined->from << " WHERE " << place.joined->condition << ")";
  }
  return {};
}

}  // namespace tenon
