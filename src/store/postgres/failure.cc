#include "store/postgres/failure.h"

#include <fmt/format.h>

#include <initializer_list>
#include <optional>
#include <utility>

#include "base/text.h"
#include "store/written_table.h"

namespace tenon {
namespace {

constexpr std::size_t kSqlShownMax = 300;

std::string_view Field(const PGresult* result, int field) {
  const char* text = PQresultErrorField(result, field);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

Error Unavailable(std::string message) {
  Error error(Code::kUnavailable, std::move(message));
  error.retry_after_s = 1;
  return error;
}

// libpq's messages have several lines; ours are one, for logs.
std::string OneLine(std::string_view message) {
  std::string line;
  for (const char c : message) {
    const bool space = c == '\n' || c == '\t' || c == ' ';
    if (!space) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

// Checks of ours are named ck_TABLE_COLUMN, or ck_TABLE_check_N when they span columns.
boost::json::array CheckColumns(std::string_view name, std::string_view table) {
  boost::json::array columns;
  const std::string prefix = fmt::format("ck_{}_", table);
  if (!name.starts_with(prefix)) return columns;
  const std::string_view column = name.substr(prefix.size());
  if (!column.empty() && !column.starts_with("check_")) columns.emplace_back(column);
  return columns;
}

bool IsDelete(std::string_view sql) {
  return !sql.empty() && (sql.front() == 'D' || sql.front() == 'd');
}

Error BrokenConstraint(const PGresult* result, std::string_view state, std::string_view sql) {
  Error error(Code::kConflict, std::string(Field(result, PG_DIAG_MESSAGE_PRIMARY)));
  std::string_view table = Field(result, PG_DIAG_TABLE_NAME);
  const std::string_view name = Field(result, PG_DIAG_CONSTRAINT_NAME);
  const std::string_view column = Field(result, PG_DIAG_COLUMN_NAME);
  boost::json::array columns;
  std::string_view kind = "check";
  if (state == "23505" || state == "23P01") {
    kind = "unique";
  } else if (state == "23503" || state == "23001") {
    kind = "reference";
    // The name is that of the referrer's constraint. A delete broke one that points to its table.
    if (IsDelete(sql)) table = WrittenTable(sql);
  } else if (!column.empty()) {
    columns.emplace_back(column);
  } else {
    columns = CheckColumns(name, table);
  }
  error.details["constraint"] = kind;
  error.details["table"] = table;
  error.details["columns"] = std::move(columns);
  if (!name.empty()) error.details["name"] = name;
  return error;
}

bool IsOneOf(std::string_view state, std::initializer_list<std::string_view> states) {
  for (const std::string_view one : states) {
    if (state == one) return true;
  }
  return false;
}

// Failures of the server and of the connection, which say nothing about the statement. Nullopt for
// all others.
std::optional<Failure::Kind> ServerKind(std::string_view state, std::string_view source) {
  if (IsOneOf(state, {"40001", "40P01", "55P03"})) return Failure::Kind::kAgain;
  // 0A000 has many meanings; "cached plan must not change result type" is known, in whatever
  // language the server speaks, by the function it comes from.
  if (state == "0A000" && source == "RevalidateCachedQuery") return Failure::Kind::kStale;
  if (IsOneOf(state, {"26000", "42P05"})) return Failure::Kind::kStale;
  // A server that is read-only now has been demoted; another connection finds the primary.
  if (state.starts_with("08") ||
      IsOneOf(state, {"57P01", "57P02", "57P03", "57P05", "25P03", "25006"})) {
    return Failure::Kind::kLost;
  }
  if (state.starts_with("53") || state.starts_with("58")) return Failure::Kind::kAway;
  return std::nullopt;
}

}  // namespace

Failure FailureOf(const PGresult* result, std::string_view sql) {
  const std::string_view state = Field(result, PG_DIAG_SQLSTATE);
  const std::string message(Field(result, PG_DIAG_MESSAGE_PRIMARY));
  if (const auto kind = ServerKind(state, Field(result, PG_DIAG_SOURCE_FUNCTION))) {
    switch (*kind) {
      case Failure::Kind::kAgain:
        return {*kind, Unavailable("too many writes of the same rows at once; try again")};
      case Failure::Kind::kStale:
        return {*kind, Unavailable("the schema has just changed; try again")};
      default:
        return {*kind, Unavailable(fmt::format("the database: {}", message))};
    }
  }
  if (state.starts_with("23")) {
    return {Failure::Kind::kFinal, BrokenConstraint(result, state, sql)};
  }
  if (state == "57014") {
    return {Failure::Kind::kFinal, Error(Code::kDeadline, "the query did not end in its time")};
  }
  if (state.starts_with("22")) {
    return {Failure::Kind::kFinal, Error(Code::kInvalidArgument,
                                         fmt::format("the database refuses a value: {}", message))};
  }
  if (state.starts_with("54")) {
    return {Failure::Kind::kFinal,
            Error(Code::kTooLarge, fmt::format("a value is too large for the store: {}", message))};
  }
  return {Failure::Kind::kFinal,
          Error(Code::kInternal,
                fmt::format("{} ({}) in: {}", message, state, Ellipsis(sql, kSqlShownMax)))};
}

Failure LostConnection(std::string_view message) {
  return {Failure::Kind::kLost,
          Unavailable(fmt::format("the connection to the database broke: {}", OneLine(message)))};
}

Error ConnectError(std::string_view message) {
  return Unavailable(fmt::format("cannot connect to the database: {}", OneLine(message)));
}

}  // namespace tenon
