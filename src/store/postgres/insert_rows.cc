#include "store/postgres/insert_rows.h"

#include <bit>
#include <charconv>

namespace tenon {
namespace {

constexpr std::string_view kValues = " VALUES (";
constexpr std::size_t kRowsMax = 64;
constexpr std::size_t kBytesMax = 256 << 10;

// Where the row begins, with its bracket.
std::size_t RowOf(std::string_view sql) { return sql.rfind(kValues) + kValues.size() - 1; }

// Appends the row's text with each $n as $(n + shift).
void AppendRow(std::string_view row, std::size_t shift, std::string& out) {
  for (std::size_t at = 0; at < row.size();) {
    out += row[at];
    if (row[at++] != '$') continue;
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(row.data() + at, row.data() + row.size(), number);
    if (error != std::errc()) continue;
    out += std::to_string(number + shift);
    at = static_cast<std::size_t>(end - row.data());
  }
}

}  // namespace

bool InsertRows::Fits(std::string_view sql) {
  if (!sql.starts_with("INSERT INTO ") || !sql.ends_with(')')) return false;
  const std::size_t values = sql.find(kValues);
  // Text in quotes could hold anything; statements with values of their own are not for this.
  return values != sql.npos && values == sql.rfind(kValues) &&
         sql.find(" ON CONFLICT", values) == sql.npos &&
         sql.find(" RETURNING", values) == sql.npos && sql.find("), (", values) == sql.npos;
}

std::string SqlOfRows(std::string_view sql, std::size_t parameters, std::size_t rows) {
  const std::string_view row = sql.substr(RowOf(sql));
  std::string out(sql);
  out.reserve(sql.size() + rows * (row.size() + 2 * parameters));
  for (std::size_t i = 1; i < rows; ++i) {
    out += ", ";
    AppendRow(row, i * parameters, out);
  }
  return out;
}

bool InsertRows::full() const { return rows_ >= kRowsMax || parameters_.bytes() >= kBytesMax; }

Result<void> InsertRows::Add(std::span<const Value> parameters) {
  TRY(parameters_.Append(parameters));
  ++rows_;
  return {};
}

void InsertRows::Send(PgConnection& connection, std::size_t tag) {
  if (rows_ == 0) return;
  const std::span<const char* const> all = parameters_.pointers();
  const std::size_t each = all.size() / rows_;
  for (std::size_t sent = 0; sent < rows_;) {
    const std::size_t some = std::bit_floor(rows_ - sent);
    const auto values = all.subspan(sent * each, some * each);
    connection.QueueEncoded(some == 1 ? sql_ : SqlOfRows(sql_, each, some), values, nullptr, tag);
    sent += some;
  }
  Clear();
}

void InsertRows::Clear() {
  parameters_.Clear();
  rows_ = 0;
}

}  // namespace tenon
