// What a person typed, taken apart. Nothing is a syntax error: whatever has no meaning here is
// looked for as it stands, or is no word at all.
//
//   libssl openssl     rows with these words; not all need to be there
//   "user orders"      the words next to each other
//   -test              rows without the word
//   lib*               words that begin so; the last word always may
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::search {

inline constexpr std::size_t kQueryBytesMax = 4096;  // of the text
inline constexpr std::size_t kQueryWordsMax = 16;    // more are passed over

struct QueryWord {
  std::string text;                // folded
  std::vector<std::string> parts;  // of which it is put together: user, orders; or pairs
  bool solid = false;              // of a script without blanks: only the parts are indexed
  bool prefix = false;             // may go on
  bool operator==(const QueryWord&) const = default;
};

struct TextQuery {
  std::vector<QueryWord> words;
  std::vector<QueryWord> excluded;
  std::vector<std::string> phrases;  // folded words with single blanks between
  std::string name;                  // the whole text, folded: for exact and prefix matches
  bool operator==(const TextQuery&) const = default;

  [[nodiscard]] bool empty() const { return words.empty() && name.empty(); }
};

// Takes the first kQueryBytesMax bytes.
TextQuery ParseTextQuery(std::string_view text);

// The words of a text as a phrase is compared with: " user orders ".
std::string PhraseForm(std::string_view text);

}  // namespace tenon::search
