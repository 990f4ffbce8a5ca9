// From the words of a query to words that documents of one part have: the word itself, its endings,
// what contains it, what is spelt alike.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "search/part.h"
#include "search/query.h"
#include "search/score.h"

namespace tenon::search {

inline constexpr std::size_t kVariantsMax = 32;  // of one word

struct Expanded {
  Group group;
  bool corrected = false;  // only words that are spelt alike were found
};

Result<Expanded> Expand(IndexPart& part, const QueryWord& word);

}  // namespace tenon::search
