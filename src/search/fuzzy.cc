#include "search/fuzzy.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <utility>

#include "search/tokens.h"

namespace tenon::search {
namespace {

constexpr std::int32_t kNoLetter = -1;  // any character that the word does not have

std::string Encoded(std::int32_t character) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const auto size = static_cast<std::size_t>(utf8proc_encode_char(character, bytes.data()));
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

}  // namespace

FuzzyWalk::FuzzyWalk(std::string_view word, int distance_max)
    : word_(CharactersOf(word)), distance_max_(distance_max), letters_(word_) {
  std::ranges::sort(letters_);
  letters_.erase(std::ranges::unique(letters_).begin(), letters_.end());
  Row first(word_.size() + 1);
  for (std::size_t j = 0; j < first.size(); ++j) first[j] = static_cast<int>(j);
  rows_.push_back(std::move(first));
}

void FuzzyWalk::MakeRow(std::size_t depth, std::int32_t character, Row& row) const {
  const Row& last = rows_[depth];
  row.resize(word_.size() + 1);
  row[0] = last[0] + 1;
  for (std::size_t j = 1; j <= word_.size(); ++j) {
    const int replace = last[j - 1] + (character == word_[j - 1] ? 0 : 1);
    row[j] = std::min({last[j] + 1, row[j - 1] + 1, replace});
    if (depth > 0 && j > 1 && character == word_[j - 2] &&
        levels_[depth - 1].character == word_[j - 1]) {
      row[j] = std::min(row[j], rows_[depth - 1][j - 2] + 1);
    }
  }
}

// A row never falls below the smallest number of the row before it, so what is not near stays so;
// two letters that changed places count one more than the row before that, which is no less.
bool FuzzyWalk::IsNear(const Row& row) const {
  return *std::ranges::min_element(row) <= distance_max_;
}

int FuzzyWalk::Look(std::string_view term) {
  const std::vector<std::int32_t> characters = CharactersOf(term);
  std::size_t depth = 0;
  while (depth < levels_.size() && depth < characters.size() &&
         levels_[depth].character == characters[depth]) {
    ++depth;
  }
  levels_.resize(depth);
  rows_.resize(depth + 1);
  term_ = term;
  for (; depth < characters.size(); ++depth) {
    MakeRow(depth, characters[depth], row_);
    if (!IsNear(row_)) {
      SkipFrom(depth, characters[depth]);
      return distance_max_ + 1;
    }
    const std::size_t begin = depth == 0 ? 0 : levels_[depth - 1].end;
    levels_.push_back({characters[depth], begin + Encoded(characters[depth]).size()});
    rows_.push_back(row_);
  }
  next_ = term_ + '\0';  // what goes on from it may be near
  return std::min(rows_.back().back(), distance_max_ + 1);
}

// Nothing is near that begins with `depth` characters of the term and this one: the next beginning
// that can be.
void FuzzyWalk::SkipFrom(std::size_t depth, std::int32_t character) {
  bool others = false;  // a letter that the word lacks was too far already
  for (;;) {
    std::string beginning = term_.substr(0, depth == 0 ? 0 : levels_[depth - 1].end);
    if (others) MakeRow(depth, kNoLetter, row_);
    if (others && IsNear(row_)) {
      beginning += Encoded(character);
      // Behind all that begins so: UTF-8 has no byte 0xFF.
      beginning.back() = static_cast<char>(static_cast<unsigned char>(beginning.back()) + 1);
      next_ = std::move(beginning);
      return;
    }
    for (auto letter = std::ranges::upper_bound(letters_, character); letter != letters_.end();
         ++letter) {
      MakeRow(depth, *letter, row_);
      if (!IsNear(row_)) continue;
      next_ = beginning + Encoded(*letter);
      return;
    }
    if (depth == 0) {
      next_ = std::nullopt;
      return;
    }
    --depth;
    character = levels_[depth].character;
    others = true;
  }
}

}  // namespace tenon::search
