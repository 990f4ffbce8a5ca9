#include "store/migrations/derive.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "record/column.h"
#include "store/migrations/sql_text.h"
#include "store/migrations/triggers.h"

namespace tenon {
namespace {

constexpr std::string_view kTenantColumn = "tenant_id";

using model::Auto;
using model::Entity;
using model::Field;
using model::TypeKind;

std::string_view KindName(TypeKind kind) {
  switch (kind) {
    case TypeKind::kUuid:
      return "uuid";
    case TypeKind::kUlid:
      return "ulid";
    case TypeKind::kInt:
      return "int";
    case TypeKind::kDecimal:
      return "decimal";
    case TypeKind::kFloat:
      return "float";
    case TypeKind::kBool:
      return "bool";
    case TypeKind::kTime:
      return "time";
    case TypeKind::kDuration:
      return "duration";
    case TypeKind::kJson:
    case TypeKind::kList:
    case TypeKind::kMap:
      return "json";
    case TypeKind::kEnum:
      return "enum";
    case TypeKind::kIp:
      return "ip";
    case TypeKind::kUrl:
      return "url";
    case TypeKind::kCron:
      return "cron";
    case TypeKind::kTimezone:
      return "timezone";
    case TypeKind::kSecret:
      return "secret";
    case TypeKind::kText:
    case TypeKind::kLiteral:
    case TypeKind::kNull:
      break;
  }
  return "text";
}

std::string RangeSql(const std::string& column, const model::Type& type) {
  if (type.min && type.max) {
    return fmt::format("{} BETWEEN {} AND {}", column, *type.min, *type.max);
  }
  if (type.min) return fmt::format("{} >= {}", column, *type.min);
  if (type.max) return fmt::format("{} <= {}", column, *type.max);
  return {};
}

std::vector<std::string> Names(const model::Enum& enumeration) {
  std::vector<std::string> names;
  for (const model::EnumValue& value : enumeration.values) names.push_back(value.name);
  return names;
}

// What a DBA's SQL could get wrong about one column. PostgreSQL's own types say most of it.
std::string ColumnCheck(const Field& field, Dialect dialect) {
  const std::string column = QuoteName(field.name);
  const model::Type& type = field.type;
  const bool sqlite = dialect == Dialect::kSqlite;
  switch (type.kind) {
    case TypeKind::kText:
      if (!sqlite || !type.length_max) return {};
      return fmt::format("length({}) <= {}", column, *type.length_max);
    case TypeKind::kInt:
      return RangeSql(column, type);
    case TypeKind::kBool:
      return sqlite ? fmt::format("{} IN (0, 1)", column) : std::string();
    case TypeKind::kDecimal: {
      // 18 digits fill the integer that holds them.
      if (!sqlite || type.precision <= 0 || type.precision >= 18) return {};
      return fmt::format("abs({}) < 1{}", column,
                         std::string(static_cast<std::size_t>(type.precision), '0'));
    }
    case TypeKind::kEnum:
      if (type.enumeration == nullptr || !type.enumeration->name.empty()) return {};
      return fmt::format("{} IN ({})", column, TextList(Names(*type.enumeration)));
    case TypeKind::kJson:
    case TypeKind::kList:
    case TypeKind::kMap:
      if (!sqlite) return {};
      // SQLite's json_valid(NULL) is 0, not null.
      return type.nullable ? fmt::format("{0} IS NULL OR json_valid({0})", column)
                           : fmt::format("json_valid({})", column);
    default:
      return {};
  }
}

std::string Neutral(const Field& field, Dialect dialect) {
  const bool sqlite = dialect == Dialect::kSqlite;
  switch (field.type.kind) {
    case TypeKind::kInt:
      return std::to_string(
          field.type.min.value_or(std::min<std::int64_t>(0, field.type.max.value_or(0))));
    case TypeKind::kDecimal:
      return "0";
    case TypeKind::kFloat:
      return sqlite ? "0.0" : "0";
    case TypeKind::kBool:
      return sqlite ? "0" : "false";
    case TypeKind::kTime:
      return std::string(NowSql(dialect));
    case TypeKind::kDuration:
      return LiteralSql(Value(Duration{0}), field.type, dialect);
    case TypeKind::kJson:
    case TypeKind::kMap:
      return "'{}'";
    case TypeKind::kList:
      return "'[]'";
    case TypeKind::kUuid:
      return LiteralSql(Value(Uuid{}), field.type, dialect);
    case TypeKind::kIp:
      return "'0.0.0.0'";
    case TypeKind::kEnum:
      if (field.type.enumeration != nullptr && !field.type.enumeration->values.empty()) {
        return QuoteText(field.type.enumeration->values.front().name);
      }
      return "''";
    default:
      return "''";
  }
}

// DEFAULT of the column, and what rows that are already there get when the column is added.
void AddDefaults(const Entity& entity, const Field& field, Dialect dialect, PhysicalColumn& out) {
  if (field.automatic == Auto::kCreated || field.automatic == Auto::kUpdated) {
    out.default_sql = NowSql(dialect);
  } else if (field.lock) {
    out.default_sql = "1";
  } else if (field.default_value != nullptr) {
    if (std::optional<Value> constant = ConstantOf(*field.default_value)) {
      if (!constant->IsNull()) out.default_sql = LiteralSql(*constant, field.type, dialect);
    } else if (field.default_value->op == model::Op::kNow) {
      out.default_sql = NowSql(dialect);
    } else {
      out.fill_sql = ExpressionSql(*field.default_value, dialect).value_or("");
    }
  } else if (entity.lifecycle && entity.lifecycle->field == &field &&
             entity.lifecycle->json_path.empty() && field.type.kind == TypeKind::kEnum &&
             !entity.lifecycle->initial.empty()) {
    out.default_sql = QuoteText(entity.lifecycle->initial);
  } else if (field.namespace_label && entity.tenant != nullptr) {
    out.fill_sql =
        fmt::format("(SELECT \"slug\" FROM \"tenants\" WHERE \"tenants\".\"id\" = {}.{})",
                    QuoteName(entity.table), QuoteName(entity.tenant->name));
  }
  if (out.fill_sql.empty()) out.fill_sql = out.default_sql;
}

// Keys that the database makes for a row that a DBA inserts without one. The engine always sends
// its own; SQLite has no such function.
std::string KeyDefault(const Entity& entity, const Field& field) {
  const bool is_key = entity.key.size() == 1 && entity.key.front() == &field;
  if (!is_key || field.type.kind != TypeKind::kUuid || field.reference) return {};
  if (field.name == kTenantColumn) return {};
  return field.type.uuid_version == 7 ? "tenon_uuid7()" : "gen_random_uuid()";
}

PhysicalColumn DeriveColumn(const Entity& entity, const Field& field, Dialect dialect) {
  PhysicalColumn column;
  column.name = field.name;
  column.kind = KindName(field.type.kind);
  column.sql_type = ColumnType(field.type, dialect);
  column.scale = field.type.kind == TypeKind::kDecimal ? field.type.scale : 0;
  column.nullable = field.type.nullable;
  column.check_sql = ColumnCheck(field, dialect);
  column.was = field.was;
  AddDefaults(entity, field, dialect, column);
  if (dialect == Dialect::kPostgres && column.default_sql.empty()) {
    column.default_sql = KeyDefault(entity, field);
  }
  if (!column.nullable && column.default_sql.empty()) column.neutral_sql = Neutral(field, dialect);
  if (field.type.kind == TypeKind::kEnum && field.type.enumeration != nullptr) {
    for (const model::EnumValue& value : field.type.enumeration->values) {
      if (!value.was.empty()) column.renamed_values.emplace_back(value.was, value.name);
    }
  }
  return column;
}

// The columns that name one row of the target: with the tenant, so that a reference cannot leave
// it, unless one side has none or the reference is the tenant itself.
std::optional<PhysicalReference> DeriveReference(const Entity& entity, const Field& field,
                                                 Dialect dialect) {
  const Entity& target = *field.reference->target;
  std::vector<const Field*> key;
  for (const Field* part : target.key) {
    if (part != target.tenant || target.key.size() == 1) key.push_back(part);
  }
  if (key.size() != 1) return std::nullopt;
  PhysicalReference out;
  out.name = fmt::format("fk_{}_{}", entity.table, field.name);
  out.table = target.table;
  if (entity.tenant != nullptr && entity.tenant != &field && target.tenant != nullptr &&
      target.tenant != key.front()) {
    out.columns.push_back(entity.tenant->name);
    out.target_columns.push_back(target.tenant->name);
  }
  out.columns.push_back(field.name);
  out.target_columns.push_back(key.front()->name);
  if (dialect == Dialect::kPostgres) {
    if (field.reference->on_delete == model::OnDelete::kCascade)
      out.on_delete = " ON DELETE CASCADE";
    if (field.reference->on_delete == model::OnDelete::kNull) {
      out.on_delete = fmt::format(" ON DELETE SET NULL ({})", QuoteName(field.name));
    }
  }
  return out;
}

std::optional<PhysicalIndex> DeriveIndex(const Entity& entity, const model::Index& index,
                                         Dialect dialect) {
  if (index.gin && dialect == Dialect::kSqlite) return std::nullopt;
  PhysicalIndex out;
  out.name = index.name;
  out.unique = index.unique;
  if (index.gin) out.method = " USING gin";
  std::vector<std::string> parts;
  // Unique within the tenant, unless it says globally or names the tenant itself.
  const bool names_tenant =
      std::any_of(index.columns.begin(), index.columns.end(),
                  [&](const model::IndexColumn& c) { return c.field == entity.tenant; });
  if (index.unique && !index.globally && entity.tenant != nullptr && !names_tenant) {
    parts.push_back(QuoteName(entity.tenant->name));
  }
  for (const model::IndexColumn& column : index.columns) {
    std::string part = QuoteName(column.field->name);
    if (!column.json_path.empty()) {
      model::Expression path;
      path.op = model::Op::kPath;
      path.type.kind = TypeKind::kText;
      path.type.nullable = true;
      path.path.entity = &entity;
      path.path.field = column.field;
      path.path.json_path = column.json_path;
      const std::optional<std::string> sql = ExpressionSql(path, dialect);
      if (!sql) return std::nullopt;
      part = "(" + *sql + ")";
    }
    part += column.descending ? " DESC" : "";
    // Lists take null as the smallest, as SQLite does; an index in another order would not serve
    // them.
    const bool may_be_null = column.field->type.nullable || !column.json_path.empty();
    if (dialect == Dialect::kPostgres && !index.gin && !index.unique && may_be_null) {
      part += column.descending ? " NULLS LAST" : " NULLS FIRST";
    }
    parts.push_back(std::move(part));
  }
  out.columns_sql = fmt::format("{}", fmt::join(parts, ", "));
  if (index.where != nullptr) {
    const std::optional<std::string> where = ExpressionSql(*index.where, dialect);
    // A plain index serves without its predicate; a unique one would forbid too much.
    if (!where && index.unique) return std::nullopt;
    out.where_sql = where.value_or("");
  }
  if (index.unique && entity.soft_delete) {
    const std::string live = LiveSql(entity, dialect);
    if (out.where_sql.empty()) {
      out.where_sql = live;
    } else if (!live.empty() && out.where_sql != live) {
      out.where_sql = fmt::format("({}) AND ({})", out.where_sql, live);
    }
  }
  return out;
}

// What references point at: (tenant, key), when that is not the primary key already.
std::optional<PhysicalIndex> DeriveTargetIndex(const Entity& entity) {
  if (!entity.referenced || entity.tenant == nullptr) return std::nullopt;
  if (entity.key.size() != 1 || entity.key.front() == entity.tenant) return std::nullopt;
  PhysicalIndex out;
  out.name =
      fmt::format("uq_{}_{}_{}", entity.table, entity.tenant->name, entity.key.front()->name);
  out.unique = true;
  out.columns_sql = NameList({entity.tenant->name, entity.key.front()->name});
  return out;
}

// The column that says whose a row is. Global tables of the engine may have one as well (seals,
// replayed answers): what they hold is a tenant's too.
std::string TenantColumn(const Entity& entity) {
  if (entity.tenant != nullptr) return entity.tenant->name;
  for (const Field& field : entity.fields) {
    if (field.name == kTenantColumn && field.type.kind == TypeKind::kUuid) return field.name;
  }
  return {};
}

void AddPolicies(PhysicalTable& table) {
  if (table.tenant.empty()) return;
  const std::string name = QuoteName(table.name);
  const std::string own = fmt::format(
      "{} = nullif(current_setting('tenon.tenant', true), '')::uuid", QuoteName(table.tenant));
  table.policies = {
      fmt::format("ALTER TABLE {} ENABLE ROW LEVEL SECURITY", name),
      fmt::format("ALTER TABLE {} FORCE ROW LEVEL SECURITY", name),
      fmt::format("CREATE POLICY \"tenant_isolation\" ON {} USING ({}) WITH CHECK ({})", name, own,
                  own)};
}

std::string ReferenceKeyName(const Entity& entity) {
  for (const Field* part : entity.key) {
    if (part != entity.tenant || entity.key.size() == 1) return part->name;
  }
  return {};
}

// PostgreSQL cuts names after 63 bytes, with a notice, and two may become one.
void ShortenNames(PhysicalTable& table) {
  for (PhysicalIndex& index : table.indexes) index.name = PostgresName(index.name);
  for (PhysicalReference& reference : table.references) {
    reference.name = PostgresName(reference.name);
  }
  for (PhysicalCheck& check : table.checks) check.name = PostgresName(check.name);
}

}  // namespace

PhysicalTable DeriveTable(const Entity& entity, Dialect dialect) {
  PhysicalTable table;
  table.name = entity.table;
  table.model = entity.model;
  for (const Field& field : entity.fields) {
    table.columns.push_back(DeriveColumn(entity, field, dialect));
    if (field.reference) {
      if (auto reference = DeriveReference(entity, field, dialect)) {
        table.references.push_back(std::move(*reference));
      }
    }
    const model::Enum* enumeration = field.type.enumeration;
    if (field.type.kind == TypeKind::kEnum && enumeration != nullptr &&
        !enumeration->name.empty()) {
      table.enums.push_back({field.name, Names(*enumeration)});
    }
  }
  for (const Field* part : entity.key) table.primary_key.push_back(part->name);
  int number = 0;
  for (const model::Check& check : entity.checks) {
    ++number;  // counts all, so that names stay when another becomes SQL-safe
    if (!check.sql_safe) continue;
    if (auto sql = ExpressionSql(*check.condition, dialect)) {
      table.checks.push_back({fmt::format("ck_{}_check_{}", entity.table, number), *sql});
    }
  }
  if (auto target = DeriveTargetIndex(entity)) table.indexes.push_back(std::move(*target));
  for (const model::Index& index : entity.indexes) {
    if (auto derived = DeriveIndex(entity, index, dialect)) {
      table.indexes.push_back(std::move(*derived));
    }
  }
  table.triggers = DeriveTriggers(entity, table, dialect);
  table.tenant = TenantColumn(entity);
  table.insert_only = entity.append_only && entity.written_by_engine && !entity.purge;
  if (dialect == Dialect::kPostgres) {
    AddPolicies(table);
    if (entity.partition_by_month) table.partition = ReferenceKeyName(entity);
    ShortenNames(table);
  }
  return table;
}

PhysicalSchema DeriveSchema(const model::Model& model, Dialect dialect) {
  PhysicalSchema schema;
  schema.dialect = dialect;
  for (const model::ModelFile& file : model.files) {
    const auto& known = schema.models;
    if (std::find(known.begin(), known.end(), file.name) == known.end()) {
      schema.models.push_back(file.name);
    }
  }
  for (const Entity* entity : model.ByDependency()) {
    if (entity->table == kMigrationsTable) continue;
    schema.tables.push_back(DeriveTable(*entity, dialect));
  }
  return schema;
}

}  // namespace tenon
