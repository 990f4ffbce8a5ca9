#include "record/test_tables.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "record/operators.h"
#include "record/sql.h"
#include "record/sql_compiler.h"
#include "record/sqlite_functions.h"

namespace tenon {
namespace {

void Bind(sqlite3_stmt* statement, int index, const Value& value) {
  const ColumnValue column = ToColumn(value, Dialect::kSqlite);
  switch (column.kind) {
    case ColumnValue::Kind::kNull:
      sqlite3_bind_null(statement, index);
      break;
    case ColumnValue::Kind::kInt:
      sqlite3_bind_int64(statement, index, column.integer);
      break;
    case ColumnValue::Kind::kFloat:
      sqlite3_bind_double(statement, index, column.number);
      break;
    case ColumnValue::Kind::kText:
      sqlite3_bind_text64(statement, index, column.text().data(), column.text().size(),
                          SQLITE_TRANSIENT, SQLITE_UTF8);
  }
}

ColumnView ViewOf(sqlite3_stmt* statement, int column) {
  ColumnView view;
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      view.kind = ColumnValue::Kind::kInt;
      view.integer = sqlite3_column_int64(statement, column);
      break;
    case SQLITE_FLOAT:
      view.kind = ColumnValue::Kind::kFloat;
      view.number = sqlite3_column_double(statement, column);
      break;
    case SQLITE_TEXT:
      view.kind = ColumnValue::Kind::kText;
      view.text = {reinterpret_cast<const char*>(sqlite3_column_text(statement, column)),
                   static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
      break;
    default:
      break;
  }
  return view;
}

bool IsLive(const Record& record) {
  const auto& soft = record.entity->soft_delete;
  if (!soft) return true;
  const Value& value = record.at(*soft->field);
  if (soft->json_path.empty()) return value.IsNull();
  const auto* document = value.If<json::value>();
  const json::value* at = document == nullptr ? nullptr : FindStep(*document, soft->json_path);
  return at == nullptr || at->is_null();
}

Value TenantOf(const Record& record) {
  return record.entity->tenant == nullptr ? Value() : record.at(*record.entity->tenant);
}

}  // namespace

std::shared_ptr<const model::Model> ModelOf(std::string_view text) {
  model::Sources sources;
  sources.Add("test.tenon", std::string(text));
  auto model = model::Check(sources);
  if (model) return *model;
  std::string all;
  for (const model::Diagnostic& diagnostic : model.error()) all += Render(sources, diagnostic);
  ADD_FAILURE() << all;
  return nullptr;
}

TestTables::TestTables(const model::Model& model) : model_(model) {
  EXPECT_EQ(sqlite3_open(":memory:", &db_), SQLITE_OK);
  EXPECT_TRUE(RegisterSqlFunctions(db_).has_value());
  for (const auto& entity : model.entities) {
    std::string sql = "CREATE TABLE " + QuoteName(entity->table) + " (";
    for (const model::Field& field : entity->fields) {
      if (field.index > 0) sql += ", ";
      sql += QuoteName(field.name) + " " + ColumnType(field.type, Dialect::kSqlite);
      if (!field.type.nullable) sql += " NOT NULL";
    }
    Run(sql + ") STRICT");
  }
}

TestTables::~TestTables() { sqlite3_close(db_); }

void TestTables::Run(const std::string& sql) {
  char* message = nullptr;
  EXPECT_EQ(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK)
      << sql << "\n"
      << (message == nullptr ? "" : message);
  sqlite3_free(message);
}

void TestTables::Insert(const Record& record) {
  std::string sql = "INSERT INTO " + QuoteName(record.entity->table) + " VALUES (";
  for (std::size_t i = 0; i < record.values.size(); ++i) sql += i > 0 ? ", ?" : "?";
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(db_, (sql + ")").c_str(), -1, &statement, nullptr), SQLITE_OK);
  for (std::size_t i = 0; i < record.values.size(); ++i) {
    Bind(statement, static_cast<int>(i) + 1, record.values[i]);
  }
  EXPECT_EQ(sqlite3_step(statement), SQLITE_DONE) << sqlite3_errmsg(db_);
  sqlite3_finalize(statement);
  rows_[record.entity].push_back(record);
}

void TestTables::Clear() {
  for (const auto& entity : model_.entities) Run("DELETE FROM " + QuoteName(entity->table));
  rows_.clear();
}

Result<std::vector<std::vector<Value>>> TestTables::Query(std::string_view sql,
                                                          const std::vector<Value>& parameters,
                                                          const std::vector<model::Type>& types) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr) !=
      SQLITE_OK) {
    return Fail(Code::kInternal, sqlite3_errmsg(db_));
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    Bind(statement, static_cast<int>(i) + 1, parameters[i]);
  }
  std::vector<std::vector<Value>> rows;
  std::optional<Error> error;
  int code = SQLITE_ROW;
  while (!error && (code = sqlite3_step(statement)) == SQLITE_ROW) {
    std::vector<Value>& row = rows.emplace_back();
    for (std::size_t i = 0; i < types.size(); ++i) {
      auto value = FromColumn(ViewOf(statement, static_cast<int>(i)), types[i], Dialect::kSqlite);
      if (!value) error = value.error();
      row.push_back(value ? *value : Value());
    }
  }
  if (!error && code != SQLITE_DONE) error = Error(Code::kInternal, sqlite3_errmsg(db_));
  sqlite3_finalize(statement);
  if (error) return std::unexpected(*error);
  return rows;
}

std::string TestTables::Plan(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(db_, ("EXPLAIN QUERY PLAN " + sql).c_str(), -1, &statement, nullptr),
            SQLITE_OK)
      << sqlite3_errmsg(db_) << "\n"
      << sql;
  std::string out;
  while (sqlite3_step(statement) == SQLITE_ROW) {
    out += std::string(ViewOf(statement, 3).text) + "\n";
  }
  sqlite3_finalize(statement);
  return out;
}

const std::vector<Record>& TestTables::Rows(const model::Entity& entity) const {
  static const std::vector<Record> kNone;
  const auto at = rows_.find(&entity);
  return at == rows_.end() ? kNone : at->second;
}

std::vector<Record> TestTables::Follow(const model::Relation& relation, const Record& from) const {
  std::vector<Record> out;
  const auto same = [](const Value& a, const Value& b) { return !a.IsNull() && a == b; };
  const auto tenants = [](const Record& a, const Record& b) {
    return TenantOf(a).IsNull() || TenantOf(b).IsNull() || TenantOf(a) == TenantOf(b);
  };
  for (const Record& to : Rows(*relation.target)) {
    if (!IsLive(to)) continue;
    const Value& key = to.at(ReferenceKey(*relation.target));
    switch (relation.kind) {
      case model::Relation::Kind::kForward:
        if (same(key, from.at(*relation.field)) && tenants(from, to)) out.push_back(to);
        break;
      case model::Relation::Kind::kBackward:
        if (same(to.at(*relation.field), from.at(ReferenceKey(*relation.source))) &&
            tenants(from, to)) {
          out.push_back(to);
        }
        break;
      case model::Relation::Kind::kThrough:
        for (const Record& link : Rows(*relation.through)) {
          if (IsLive(link) && tenants(from, link) && tenants(link, to) &&
              same(link.at(*relation.near), from.at(ReferenceKey(*relation.source))) &&
              same(link.at(*relation.far), key)) {
            out.push_back(to);
          }
        }
    }
  }
  return out;
}

}  // namespace tenon
