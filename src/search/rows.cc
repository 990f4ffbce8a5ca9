#include "search/rows.h"

#include <algorithm>

#include "engine/projection.h"
#include "record/array_text.h"
#include "record/record.h"

namespace tenon::search {
namespace {

// Keys in one statement on SQLite. Few sizes, so that statements are prepared once.
constexpr std::size_t kChunks[] = {100, 20, 5, 1};

// For ORDER BY the key, only the key's own index is then left; see AppendKeyLists.
constexpr std::string_view kNoSort = "SELECT set_config('enable_sort', 'off', true)";

using Keys = std::span<const std::vector<Value>>;

void AppendColumns(const WantedRows& wanted, const std::vector<const model::Field*>& key_fields,
                   SqlBuilder& sql) {
  bool first = true;
  const auto column = [&](const model::Field& field) {
    (sql << (first ? "t." : ", t.")).Name(field.name);
    first = false;
  };
  for (const model::Field* field : wanted.fields) column(*field);
  for (const model::Field* field : key_fields) column(*field);
}

// SQLite: WHERE each key is a parameter.
void AppendKeys(const std::vector<const model::Field*>& key_fields, Keys keys, SqlBuilder& sql) {
  if (key_fields.size() == 1) {
    (sql << "t.").Name(key_fields.front()->name) << " IN (";
    for (std::size_t i = 0; i < keys.size(); ++i) {
      sql << (i == 0 ? "" : ", ");
      sql.Bind(keys[i].front());
    }
    sql << ")";
    return;
  }
  sql << "(";
  for (std::size_t i = 0; i < keys.size(); ++i) {
    sql << (i == 0 ? "(" : " OR (");
    for (std::size_t f = 0; f < key_fields.size(); ++f) {
      (sql << (f == 0 ? "t." : " AND t.")).Name(key_fields[f]->name) << " = ";
      sql.Bind(keys[i][f]);
    }
    sql << ")";
  }
  sql << ")";
}

// PostgreSQL: FROM unnest(the keys), each looked up by itself. For a table that was never analysed
// an index that begins with the tenant seems as good as the key's, and reads all of the tenant's
// rows for each key; also later, when the plan was kept. So the statement asks for the first row in
// the order of the key between the key and itself, which without sorting is one look-up.
void AppendKeyLists(const std::vector<const model::Field*>& key_fields, Keys keys,
                    SqlBuilder& sql) {
  std::string names;
  sql << " FROM unnest(";
  for (std::size_t f = 0; f < key_fields.size(); ++f) {
    ArrayText list;
    for (const std::vector<Value>& key : keys) list.AddValue(key[f]);
    sql << (f == 0 ? "" : ", ");
    sql.Bind(list.Take()) << "::" << ArrayTypeOf(key_fields[f]->type);
    names += (f == 0 ? "k" : ", k") + std::to_string(f);
  }
  sql << ") AS k (" << names << ") CROSS JOIN LATERAL (SELECT ";
}

void AppendKeyColumns(const std::vector<const model::Field*>& key_fields, SqlBuilder& sql) {
  for (std::size_t f = 0; f < key_fields.size(); ++f) {
    (sql << (f == 0 ? "t." : ", t.")).Name(key_fields[f]->name);
  }
}

void AppendKeyRange(const std::vector<const model::Field*>& key_fields, SqlBuilder& sql) {
  std::string of_list;
  for (std::size_t f = 0; f < key_fields.size(); ++f) {
    of_list += (f == 0 ? "k.k" : ", k.k") + std::to_string(f);
  }
  for (const char* compared : {" >= (", " <= ("}) {
    sql << (compared[1] == '>' ? "(" : " AND (");
    AppendKeyColumns(key_fields, sql);
    sql << ")" << compared << of_list << ")";
  }
}

Result<void> AppendConditions(const Uuid& tenant, const WantedRows& wanted,
                              const SqlContext& context, SqlBuilder& sql) {
  if (wanted.entity->tenant != nullptr) {
    (sql << " AND t.").Name(wanted.entity->tenant->name) << " = ";
    sql.Bind(Value(tenant));
  }
  if (wanted.entity->soft_delete) {
    sql << " AND ";
    AppendLive(*wanted.entity, context.alias, sql);
  }
  if (wanted.filter != nullptr) {
    sql << " AND (";
    TRY(AppendExpression(*wanted.filter, context, sql));
    sql << ")";
  }
  return {};
}

Result<SqlBuilder> SelectRows(Dialect dialect, const Uuid& tenant, const WantedRows& wanted,
                              Keys keys, Time now) {
  const std::vector<const model::Field*> key_fields = KeyFields(*wanted.entity);
  const SqlContext context{.alias = "t", .now = now};
  SqlBuilder sql(dialect);
  sql << "SELECT ";
  const bool each = dialect == Dialect::kPostgres;
  if (each) {
    sql << "t.*";
    AppendKeyLists(key_fields, keys, sql);
  }
  AppendColumns(wanted, key_fields, sql);
  (sql << " FROM ").Name(wanted.entity->table) << " AS t WHERE ";
  if (each) {
    AppendKeyRange(key_fields, sql);
  } else {
    AppendKeys(key_fields, keys, sql);
  }
  TRY(AppendConditions(tenant, wanted, context, sql));
  if (each) {
    sql << " ORDER BY ";
    AppendKeyColumns(key_fields, sql);
    sql << " LIMIT 1) AS t";
  }
  return sql;
}

}  // namespace

Result<std::unordered_map<std::string, std::string>> ReadRows(Reader& reader, const Uuid& tenant,
                                                              const WantedRows& wanted,
                                                              std::span<const std::string> keys,
                                                              Time now) {
  std::unordered_map<std::string, std::string> rows;
  std::vector<std::vector<Value>> values;
  for (const std::string& key : keys) {
    if (auto parsed = ParseKey(*wanted.entity, key)) values.push_back(*std::move(parsed));
  }
  const std::vector<const model::Field*> key_fields = KeyFields(*wanted.entity);
  const auto take = [&](const Row& row) -> Result<bool> {
    Record key(*wanted.entity);
    for (std::size_t i = 0; i < key_fields.size(); ++i) {
      const int column = static_cast<int>(wanted.fields.size() + i);
      key.at(*key_fields[i]) = TRY(row.Get(column, key_fields[i]->type));
    }
    std::string object;
    AppendOpenObject(row, wanted.fields, object);
    rows[KeyText(key)] = object.empty() ? "{}" : object + "}";
    return true;
  };
  const bool postgres = reader.dialect() == Dialect::kPostgres;
  if (postgres && !values.empty()) reader.Expect(kNoSort, {});
  for (Keys left(values); !left.empty();) {
    const std::size_t chunk =
        postgres
            ? left.size()
            : *std::ranges::find_if(kChunks, [&](std::size_t size) { return size <= left.size(); });
    const SqlBuilder sql =
        TRY(SelectRows(reader.dialect(), tenant, wanted, left.first(chunk), now));
    TRY(reader.Query(sql.text(), sql.parameters(), take));
    left = left.subspan(chunk);
  }
  return rows;
}

Result<std::unordered_map<std::string, std::string>> ReadRows(Engine& engine, const Caller& caller,
                                                              const WantedRows& wanted,
                                                              std::span<const std::string> keys) {
  std::unordered_map<std::string, std::string> rows;
  TRY(engine.store().Read({.tenant = caller.tenant}, [&](Reader& reader) -> Result<void> {
    rows = TRY(ReadRows(reader, caller.tenant, wanted, keys, engine.clock().Now()));
    return {};
  }));
  return rows;
}

Result<std::optional<std::vector<std::string>>> FindKeys(Engine& engine, const Caller& caller,
                                                         const WantedRows& wanted, std::size_t max,
                                                         std::chrono::milliseconds patience) {
  const std::vector<const model::Field*> key_fields = KeyFields(*wanted.entity);
  SqlBuilder sql(engine.store().dialect());
  sql << "SELECT ";
  AppendColumns({.entity = wanted.entity, .fields = {}, .filter = nullptr}, key_fields, sql);
  (sql << " FROM ").Name(wanted.entity->table) << " AS t WHERE true";
  const SqlContext context{.alias = "t", .now = engine.clock().Now()};
  TRY(AppendConditions(caller.tenant, wanted, context, sql));
  sql << " LIMIT " << std::to_string(max + 1);
  std::vector<std::string> keys;
  const Scope scope{.tenant = caller.tenant, .deadline = patience, .one_query = true};
  const auto found = engine.store().Read(scope, [&](Reader& reader) -> Result<void> {
    keys.clear();
    return reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
      Record key(*wanted.entity);
      for (std::size_t i = 0; i < key_fields.size(); ++i) {
        key.at(*key_fields[i]) = TRY(row.Get(static_cast<int>(i), key_fields[i]->type));
      }
      keys.push_back(KeyText(key));
      return true;
    });
  });
  std::optional<std::vector<std::string>> answer;
  if (!found && found.error().code != Code::kDeadline) return Fail(found.error());
  if (found && keys.size() <= max) answer = std::move(keys);
  return answer;
}

}  // namespace tenon::search
