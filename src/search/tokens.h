// Text into the words that are indexed and looked for: folded, without diacritics, cut the way
// names of tables, packages and classes are put together.
//
//   "db.schema.userOrders"  db, schema, userorders + user, orders
//   "libssl3-dev"           libssl3 + libssl, 3; dev
//   "Crème Brûlée"          creme, brulee
//   "東京都"                 東京, 京都 (pairs: scripts that write without blanks have no words)
//
// A token holds ASCII letters, digits and bytes from 0x80 only, so it needs no quoting in FTS5's or
// PostgreSQL's query syntax.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::search {

// A token is cut to this; longer ones are hashes and keys, found by their beginning.
inline constexpr std::size_t kTokenBytesMax = 64;
// Tokens of one field that are indexed; a name of 100,000 characters is found by its first words.
inline constexpr std::size_t kFieldTokensMax = 2000;

struct TokenView {
  std::string_view text;
  std::uint32_t begin = 0, end = 0;  // bytes of the original text
  std::uint32_t word = 0;            // number of the word it is (a part of)
  enum class Kind : std::uint8_t {
    kWord,  // a whole run of letters and digits
    kPart,  // a part of one: user of userOrders
    kPair,  // two characters of a script without blanks, or a single one that stands alone
  } kind = Kind::kWord;
};

// With a text of its own.
struct Token {
  std::string text;
  std::uint32_t begin = 0, end = 0, word = 0;
  TokenView::Kind kind = TokenView::Kind::kWord;
  using Kind = TokenView::Kind;
};

// At most `tokens_max` of them, in order; the parts of a word follow it. What is not valid UTF-8 is
// passed over.
std::vector<Token> Tokenize(std::string_view text, std::size_t tokens_max = kFieldTokensMax);
// The same one after the other; a token's text is valid while it is taken.
void EachToken(std::string_view text, const std::function<void(const TokenView&)>& take,
               std::size_t tokens_max = kFieldTokensMax);

// The whole text folded for comparison: letter case, diacritics and width gone, blanks single, at
// most `bytes_max` bytes, cut at a character.
std::string FoldName(std::string_view text, std::size_t bytes_max = 256);

// The characters of valid UTF-8; it ends where the text is not.
std::vector<std::int32_t> CharactersOf(std::string_view text);

// Three characters as one number.
constexpr std::int64_t TrigramOf(std::int32_t first, std::int32_t second, std::int32_t third) {
  return ((std::int64_t{first} << 21 | second) << 21) | third;
}

// The characters of a token between marks of its beginning and its end.
std::vector<std::int32_t> MarkedCharactersOf(std::string_view token);

// Trigrams of a token's marked characters; sorted, each once.
std::vector<std::int64_t> Trigrams(std::string_view token);

// Words that somebody could misspell: not hashes, numbers and single letters. Of others no trigrams
// are kept.
bool HasGrams(std::string_view token);

// The trigrams that any token which contains `part` has.
std::vector<std::int64_t> InnerTrigrams(std::string_view part);

// Edits (insert, delete, replace, swap of neighbours) between two tokens, by character; more than
// `max` is max + 1.
int EditDistance(std::string_view a, std::string_view b, int max);

// A hash of a token, the same on every machine: what a document keeps of its words.
std::uint32_t TokenHash(std::string_view token);

}  // namespace tenon::search
