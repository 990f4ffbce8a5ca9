// For tests: a model from its text, its tables in an SQLite database in memory, and the same rows
// in plain memory.
#pragma once

#include <sqlite3.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "model/check.h"
#include "record/column.h"
#include "record/eval.h"
#include "record/record.h"

namespace tenon {

// The checked model; the test fails, with the diagnostics, when the text is not one.
std::shared_ptr<const model::Model> ModelOf(std::string_view text);

// Both sides of the property: rows in tables and in memory.
class TestTables {
 public:
  explicit TestTables(const model::Model& model);
  ~TestTables();
  TestTables(const TestTables&) = delete;
  TestTables& operator=(const TestTables&) = delete;

  void Insert(const Record& record);
  void Clear();

  // Rows of the first columns as values of the types.
  Result<std::vector<std::vector<Value>>> Query(std::string_view sql,
                                                const std::vector<Value>& parameters,
                                                const std::vector<model::Type>& types);
  // EXPLAIN QUERY PLAN, one line a step.
  std::string Plan(const std::string& sql);
  void Run(const std::string& sql);

  [[nodiscard]] const std::vector<Record>& Rows(const model::Entity& entity) const;
  // Rows at the other end of a relation: of the same tenant, not softly deleted.
  [[nodiscard]] std::vector<Record> Follow(const model::Relation& relation,
                                           const Record& from) const;

 private:
  const model::Model& model_;
  sqlite3* db_ = nullptr;
  std::map<const model::Entity*, std::vector<Record>> rows_;
};

}  // namespace tenon
