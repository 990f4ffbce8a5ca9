// Rows of the main store for candidates of the index: what is shown is always what is there now.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth/caller.h"
#include "base/result.h"
#include "engine/engine.h"
#include "model/model.h"
#include "store/store.h"

namespace tenon::search {

struct WantedRows {
  const model::Entity* entity = nullptr;
  std::vector<const model::Field*> fields;    // to be shown; may be empty
  const model::Expression* filter = nullptr;  // null: none
};

// Of the rows with these keys, those of the caller's tenant that are not deleted and pass the
// filter: key text -> JSON object of the fields.
Result<std::unordered_map<std::string, std::string>> ReadRows(Engine& engine, const Caller& caller,
                                                              const WantedRows& wanted,
                                                              std::span<const std::string> keys);

// The same in one transaction of the tenant's. `now` is the filter's.
Result<std::unordered_map<std::string, std::string>> ReadRows(Reader& reader, const Uuid& tenant,
                                                              const WantedRows& wanted,
                                                              std::span<const std::string> keys,
                                                              Time now);

// Keys of the rows of the caller's tenant that are not deleted and pass the filter. nullopt: there
// are over `max`, or finding them takes longer than `patience`.
Result<std::optional<std::vector<std::string>>> FindKeys(Engine& engine, const Caller& caller,
                                                         const WantedRows& wanted, std::size_t max,
                                                         std::chrono::milliseconds patience);

}  // namespace tenon::search
