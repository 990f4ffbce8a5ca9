#include "store/postgres/failure.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

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

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) + 1 - first);
}

// libpq's messages have several lines; ours are one, for logs. It says the same of each address and
// of each way (with TLS and without) that it tried: once is enough.
std::string OneLine(std::string_view message) {
  std::vector<std::string_view> lines;
  while (!message.empty()) {
    const std::size_t end = std::min(message.find('\n'), message.size());
    const std::string_view line = Trimmed(message.substr(0, end));
    if (!line.empty() && std::find(lines.begin(), lines.end(), line) == lines.end()) {
      lines.push_back(line);
    }
    message.remove_prefix(std::min(end + 1, message.size()));
  }
  return fmt::format("{}", fmt::join(lines, "; "));
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
  if (IsOneOf(state, {"42703", "42P01"})) {
    return {Failure::Kind::kFinal,
            Unavailable(fmt::format("{}: the tables are not those of this version of Tenon, as "
                                    "when a newer one has migrated them; tenon doctor looks at "
                                    "them",
                                    message))};
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
  std::string text = fmt::format("cannot connect to the database: {}", OneLine(message));
  if (text.find("no password supplied") != text.npos) {
    text += "; put it into the file that PGPASSFILE names, or into the URL";
  } else if (text.find("session is read-only") != text.npos) {
    text += "; it is a standby: name the primary, or all hosts, of which the primary is taken";
  }
  return Unavailable(std::move(text));
}

Error UrlError(std::string_view name, std::string_view message) {
  // What libpq quotes is a piece of the URL, which may be of a password; but not where it quotes
  // the name of a parameter.
  std::string why = OneLine(message);
  if (!why.starts_with("invalid URI query parameter:") || why.find('=') != std::string::npos) {
    const bool is_one = !why.starts_with("missing \"=\" after");
    why.erase(std::min(why.find_first_of(":\""), why.size()));
    why = fmt::format("{}; write postgresql://USER@HOST/DATABASE, and %XX for special characters",
                      is_one ? Trimmed(why) : "it is no URL");
  }
  return Error(Code::kInvalidArgument, fmt::format("{} cannot be read: {}", name, why));
}

}  // namespace tenon
