// Rows of an entity, a view or a command's own list, printed in the format that was asked for.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "cli/session.h"

namespace tenon::cli {

// One value as it stands in a table: text bare, null as "-", times without their zone, JSON
// compact.
std::string Cell(const json::value& value);

// The columns that people want to see first; the key always, long and inner fields last or never.
std::vector<std::string> DefaultColumns(const EntityInfo& entity);

// Prints rows one page after another: the title only once, JSON as one array, NDJSON a row a line.
// End() closes the array. `entity` may be null: then columns come from the first row.
class RowPrinter {
 public:
  // `may_drop`: nobody asked for just these columns, so some may be left out on a narrow terminal.
  RowPrinter(Session& session, const EntityInfo* entity, std::vector<std::string> columns,
             bool may_drop = false);
  void Page(const json::array& rows);
  void End();
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  void Table(const json::array& rows);

  Session& session_;
  const EntityInfo* entity_;
  std::vector<std::string> columns_;
  bool may_drop_;
  std::size_t count_ = 0;
  bool began_ = false;
};

// One row: names and values below each other for people.
void PrintRow(Session& session, const json::object& row);

// Any JSON value in the format asked for; tables fall back to indented JSON.
void PrintValue(Session& session, const json::value& value);

// Indented by two blanks, members in their order.
std::string PrettyJson(const json::value& value);

}  // namespace tenon::cli
