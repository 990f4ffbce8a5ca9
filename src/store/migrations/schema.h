// The physical schema: tables as the database has them, derived from the model (derive.h), written
// as SQL (ddl.h), compared (diff.h) and remembered as JSON with each migration (history.h).
//
// Names are plain; every other piece is SQL text of one dialect. Equal text means equal schema.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "record/sql.h"

namespace tenon {

struct PhysicalColumn {
  std::string name;
  std::string kind;      // of the model: "uuid", "text", "decimal", ...
  std::string sql_type;  // TEXT, varchar(100)
  int scale = 0;         // of decimals
  bool nullable = false;
  std::string default_sql;  // of DEFAULT; empty: none
  std::string check_sql;    // of CHECK; empty: none
  std::string neutral_sql;  // some legal value, for taking back the drop of a required column
  bool kept = false;        // no longer in the model; kept because nobody asked to drop it
  std::string moved_to;     // its name now, while it stands under both (expand.h); empty: one name

  // Known from the model only; not part of the JSON.
  std::string fill_sql;  // for rows that are there when the column is added; empty: null
  std::string was;       // earlier name
  std::vector<std::pair<std::string, std::string>> renamed_values = {};  // old -> new
};

struct PhysicalReference {
  std::string name;
  std::vector<std::string> columns;
  std::string table;
  std::vector<std::string> target_columns;
  std::string on_delete;  // "", " ON DELETE CASCADE" (PostgreSQL only)
};

struct PhysicalCheck {
  std::string name;
  std::string sql;
};

struct PhysicalIndex {
  std::string name;
  bool unique = false;
  std::string method;       // "", " USING gin"
  std::string columns_sql;  // `"a", "b" DESC`
  std::string where_sql;    // empty: none

  // While planning, PostgreSQL only: it is built after the transaction. Not part of the JSON.
  bool pending = false;
};

struct PhysicalTrigger {
  std::string name;
  std::string table;  // that it is on; may be one of another model
  std::string sql;    // one or more statements
};

// Named enums of a table's columns, checked by a trigger so that a new value rebuilds no table.
struct PhysicalEnum {
  std::string column;
  std::vector<std::string> values;
};

struct PhysicalTable {
  std::string name;
  std::string model;
  std::vector<PhysicalColumn> columns;
  std::vector<std::string> primary_key;
  std::vector<PhysicalReference> references;
  std::vector<PhysicalCheck> checks;  // over several columns
  std::vector<PhysicalIndex> indexes;
  std::vector<PhysicalEnum> enums;
  std::vector<PhysicalTrigger> triggers;  // that this table's entity gives rise to
  std::vector<std::string> policies;      // row-level security, PostgreSQL only
  std::string partition;  // key column by whose months the rows are partitioned, PostgreSQL only
  bool kept = false;      // no longer in the model

  // Known from the model only; not part of the JSON.
  std::string tenant;        // column that holds the tenant; empty: none
  bool insert_only = false;  // the engine's own log: the application adds rows, nothing else

  [[nodiscard]] const PhysicalColumn* Find(std::string_view column) const;
};

struct PhysicalSchema {
  Dialect dialect = Dialect::kSqlite;
  std::vector<std::string> models;    // in order of migration
  std::vector<PhysicalTable> tables;  // referenced before referencing, where there is an order

  [[nodiscard]] const PhysicalTable* Find(std::string_view table) const;
  [[nodiscard]] PhysicalTable* Find(std::string_view table);
};

boost::json::object ToJson(const PhysicalTable& table);
// kInternal when it is not what ToJson wrote.
Result<PhysicalTable> TableFromJson(const boost::json::value& json);

}  // namespace tenon
