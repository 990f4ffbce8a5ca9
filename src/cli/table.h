// Tables for people: columns aligned by display width, cut to the terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/style.h"

namespace tenon::cli {

// Columns that `text` takes on a terminal: wide characters take two, combining ones none.
std::size_t DisplayWidth(std::string_view text);

// Cut to at most `width` columns, with "…" when something was cut.
std::string CutToWidth(std::string_view text, std::size_t width);

// One line: control characters, tabs and newlines become blanks or \xNN, so that a stored value
// cannot drive the terminal.
std::string Printable(std::string_view text);

struct Column {
  std::string title;
  bool right = false;  // numbers
  bool keep = false;   // never cut (ids)
};

struct TableOptions {
  std::size_t width = 0;  // of the terminal; 0: no limit
  Style style = {};
  bool title = true;
  // Columns that do not fit are left out from the end on, rather than all cut to stumps.
  bool may_drop = false;
};

// Rows shorter than the columns are filled with blanks. Without a width limit, nothing is cut.
std::string RenderTable(const std::vector<Column>& columns,
                        const std::vector<std::vector<std::string>>& rows,
                        const TableOptions& options);

}  // namespace tenon::cli
