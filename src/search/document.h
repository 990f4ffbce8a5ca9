// A row as the index has it: the texts of its searched fields and the values of its facets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "engine/plan.h"
#include "record/record.h"
#include "search/plan.h"
#include "store/store.h"

namespace tenon::search {

// Of a field's text the index keeps so much, for marking hits; a description is shorter.
inline constexpr std::size_t kFieldTextBytesMax = 16u << 10;
inline constexpr std::size_t kFacetValueBytesMax = 200;
inline constexpr std::size_t kFacetValuesMax = 64;  // of one row
inline constexpr std::size_t kRelatedMax = 200;  // rows at the end of one path (tags of an asset)

struct Document {
  const SearchPlan* plan = nullptr;
  Uuid tenant;
  std::string key;                 // KeyText
  std::vector<std::string> texts;  // by SearchPlan::fields; values of one path a line each
  std::vector<std::pair<std::uint8_t, std::string>> facets;  // index into SearchPlan::facets
};

// What to do with a row of the index.
struct Change {
  const SearchPlan* plan = nullptr;
  Uuid tenant;
  std::string key;
  bool removed = false;
  Document document;  // unless removed
};

// Turns rows of one tenant into documents: reads what their paths lead to, a batch at a time.
// Softly deleted rows come out as removed.
Result<std::vector<Change>> MakeChanges(Reader& reader, const Plans& plans, const SearchPlan& plan,
                                        std::span<const Record> rows);

// The same for rows by their keys; those that are not there come out as removed.
Result<std::vector<Change>> ReadChanges(Reader& reader, const Plans& plans, const SearchPlan& plan,
                                        const Uuid& tenant, std::span<const std::string> keys);

}  // namespace tenon::search
