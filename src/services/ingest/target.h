// Where an import writes: the engine of this process, or a server over its API.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace tenon::ingest {

struct Write {
  enum class Op { kCreate, kUpsert, kUpdate, kEvent, kDelete, kRestore };
  Op op = Op::kUpsert;
  std::string id = {};     // besides kCreate and kUpsert
  std::string event = {};  // of kEvent
  json::object body = {};  // row, patch, or what the event takes
};

struct Written {
  enum class Kind { kCreated, kUpdated, kUnchanged, kDeleted };
  Kind kind = Kind::kUpdated;
  std::string key;
};

// Used by one thread.
class Target {
 public:
  virtual ~Target() = default;

  // Item by item, in order, on the bulk lane; a result for each. All are of one table and, besides
  // kCreate and kUpsert, of one op. An error is one of the whole batch.
  virtual Result<std::vector<Result<Written>>> Apply(const std::string& table,
                                                     const std::vector<Write>& writes) = 0;

  // {"items": [...], "next_page_token": "..."}; at most 1,000 rows.
  virtual Result<json::object> List(const std::string& table, const std::string& filter,
                                    const std::string& fields, const std::string& page_token) = 0;
};

}  // namespace tenon::ingest
