// From the words of a query to words that documents of one part have: the word itself, its endings,
// what contains it, what is spelt alike.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "search/query.h"
#include "search/score.h"
#include "store/sqlite/connection.h"

namespace tenon::search {

inline constexpr std::size_t kVariantsMax = 32;  // of one word

struct Expanded {
  Group group;
  bool corrected = false;  // only words that are spelt alike were found
};

// `part_docs`: documents of the part, for the weight of rare words.
Result<Expanded> Expand(Connection& connection, std::int64_t part, std::int64_t part_docs,
                        const QueryWord& word);

}  // namespace tenon::search
