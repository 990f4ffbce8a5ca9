// How identity writes: auth/ stands below the engine, so the engine is handed in as functions
// (api/accounts.h makes them), and every account row still goes through the one write pipeline.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "auth/caller.h"
#include "base/json.h"
#include "base/result.h"

namespace tenon {

struct NewRow {
  std::string table;
  json::object body;
};

// Creates the rows in one transaction, as the server itself (engine-written fields included).
using CreateRows = std::function<Result<void>(const Caller& caller, std::vector<NewRow> rows)>;

// Notes that a key was used just now. Called seldom; returns at once.
using NoteKeyUse = std::function<void(const Caller& caller)>;

}  // namespace tenon
