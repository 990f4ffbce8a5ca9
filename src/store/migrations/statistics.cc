#include "store/migrations/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace tenon {
namespace {

// Names this set of figures; another one gets another number, and is then written at the start.
constexpr std::string_view kVersion = "1";
constexpr std::string_view kMarker = "tenon";

// Rows of a table in the planner's eyes, and how many of them share one value of a column.
constexpr std::int64_t kRows = 1'000'000;
constexpr std::int64_t kRowsOfTenant = kRows / 8;
constexpr std::int64_t kRowsOfState = kRows / 4;  // states, types, flags, facets
constexpr std::int64_t kRowsOfReference = 20;
constexpr std::int64_t kRowsOfOther = 10;

struct IndexFigures {
  std::string table;
  std::string index;
  std::string figures;  // "ROWS n1 n2 ...": rows that share the first, the first two... columns
};

std::int64_t RowsSharing(const model::Entity& entity, std::string_view column) {
  const model::Field* field = entity.FindField(column);
  if (field == nullptr) return kRowsOfState;  // a place inside JSON, such as properties.state
  if (field == entity.tenant) return kRowsOfTenant;
  if (field->reference) return kRowsOfReference;
  const bool state = field->facet || field->type.kind == model::TypeKind::kEnum ||
                     field->type.kind == model::TypeKind::kBool || field->namespace_label;
  return state ? kRowsOfState : kRowsOfOther;
}

std::string FiguresOf(const model::Entity& entity, const std::vector<std::string>& columns,
                      bool unique) {
  std::string figures = std::to_string(kRows);
  std::int64_t sharing = kRows;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    sharing = std::max<std::int64_t>(1, sharing * RowsSharing(entity, columns[i]) / kRows);
    if (unique && i + 1 == columns.size()) sharing = 1;
    figures += ' ' + std::to_string(sharing);
  }
  return figures;
}

Result<std::vector<IndexFigures>> Figures(Reader& reader, const model::Entity& entity) {
  std::vector<std::pair<std::string, bool>> indexes;
  const Value table(entity.table);
  TRY(reader.Query("SELECT name, \"unique\" FROM pragma_index_list(?1)", std::span(&table, 1),
                   [&](const Row& row) -> Result<bool> {
                     indexes.emplace_back(row.Text(0), row.Int(1) != 0);
                     return true;
                   }));
  std::vector<IndexFigures> out;
  for (const auto& [name, unique] : indexes) {
    std::vector<std::string> columns;
    const Value index(name);
    TRY(reader.Query("SELECT name FROM pragma_index_info(?1) ORDER BY seqno", std::span(&index, 1),
                     [&](const Row& row) -> Result<bool> {
                       columns.emplace_back(row.IsNull(0) ? std::string_view() : row.Text(0));
                       return true;
                     }));
    out.push_back({entity.table, name, FiguresOf(entity, columns, unique)});
  }
  return out;
}

}  // namespace

Result<void> WritePlannerStatistics(Store& store, const model::Model& model) {
  if (store.dialect() != Dialect::kSqlite) return {};
  return store.ChangeSchema([&](SchemaTransaction& transaction) -> Result<void> {
    // Dropped and made anew, because it is a change of the schema that makes other connections
    // read it again. An ANALYZE of the catalog alone makes an empty table.
    TRY(transaction.RunScript("DROP TABLE IF EXISTS sqlite_stat1; ANALYZE sqlite_schema"));
    const auto put = [&](std::string_view table, std::string_view index,
                         std::string_view figures) -> Result<void> {
      const Value row[] = {Value(table), Value(index), Value(figures)};
      TRY(transaction.Execute("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?1, ?2, ?3)",
                              row));
      return {};
    };
    for (const auto& entity : model.entities) {
      for (const IndexFigures& item : TRY(Figures(transaction, *entity))) {
        TRY(put(item.table, item.index, item.figures));
      }
    }
    TRY(put(kMarker, kMarker, kVersion));
    return transaction.RunScript("ANALYZE sqlite_schema");
  });
}

Result<void> EnsurePlannerStatistics(Store& store, const model::Model& model) {
  if (store.dialect() != Dialect::kSqlite) return {};
  bool there = false;
  const auto look = [&](Reader& reader, const char* sql, const std::vector<Value>& parameters) {
    there = false;
    return reader.Query(sql, parameters, [&](const Row&) -> Result<bool> {
      there = true;
      return false;
    });
  };
  TRY(store.Read({.tenant = {}, .across_tenants = true}, [&](Reader& reader) -> Result<void> {
    TRY(look(reader, "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'", {}));
    if (!there) return {};
    return look(reader, "SELECT 1 FROM sqlite_stat1 WHERE tbl = ?1 AND stat = ?2",
                {Value(kMarker), Value(kVersion)});
  }));
  return there ? Result<void>{} : WritePlannerStatistics(store, model);
}

}  // namespace tenon
