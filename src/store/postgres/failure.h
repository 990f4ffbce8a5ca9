// What went wrong with a statement, and what the store should do about it.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tenon {

struct PgResultEnd {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PgResult = std::unique_ptr<PGresult, PgResultEnd>;

struct Failure {
  enum class Kind {
    kFinal,  // the statement's own: a broken constraint, a wrong value, a defect
    kAgain,  // another transaction got in the way: run it all again
    kStale,  // a prepared statement is no longer what it was: prepare anew and run it all again
    kLost,   // the connection is gone: run it all again on another
    kAway,   // the server cannot do it now: its disk or memory is full
  };
  Kind kind = Kind::kFinal;
  Error error;
};

// The failure that a result of a statement on a living connection tells of:
//   23 (integrity)               kFinal, kConflict with details {"constraint", "table", "name"},
//   and
//                                "columns" as far as names tell; see ConstraintCatalog
//   40001, 40P01, 55P03          kAgain, kUnavailable
//   0A000 of a plan, 26000, ...  kStale, kUnavailable
//   57P01.., 08, 25P03, 25006    kLost, kUnavailable
//   53, 58                       kAway, kUnavailable
//   57014                        kFinal, kDeadline
//   22                           kFinal, kInvalidArgument
//   54                           kFinal, kTooLarge
//   42703, 42P01                kFinal, kUnavailable: the tables are not of our version
//   anything else                kFinal, kInternal
// `sql` is the statement.
Failure FailureOf(const PGresult* result, std::string_view sql);

// The failure of a connection that broke; `message` is libpq's.
Failure LostConnection(std::string_view message);

// The error of a connection that could not be opened: kUnavailable with the reason, and
// kTooManyRequests-like advice (retry_after_s) when the server has no connections left.
Error ConnectError(std::string_view message);

// That of a URL which libpq cannot read, `name` being what it is for: kInvalidArgument, without the
// URL, which may hold a password.
Error UrlError(std::string_view name, std::string_view message);

}  // namespace tenon
