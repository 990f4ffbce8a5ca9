// What create, update and do have in common.
#pragma once

#include "cli/session.h"

namespace tenon::cli {

// The object of -f FILE (or none), with the NAME=VALUE words over it. Standard input is read when
// it is not a terminal, no file is named, and `take_stdin` is set and there are no words.
Result<json::object> ReadBody(Session& session, const EntityInfo& entity,
                              const Arguments& arguments, bool take_stdin);

// The row that a write answered: whole in a machine's format, its key and what happened for people.
void PrintWritten(Session& session, const EntityInfo& entity, const json::value& row,
                  std::string_view done);

// If-Match from --if-match, or no header.
http::Headers IfMatch(const Arguments& arguments);

Option FileOption();
Option IfMatchOption();

}  // namespace tenon::cli
