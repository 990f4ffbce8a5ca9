// Where a text has the words that were looked for, as HTML: everything escaped, hits in
// <mark></mark>. Safe to be put into a page as it is.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace tenon::search {

// Characters of a text that are shown around its first hit.
inline constexpr std::size_t kSnippetCharacters = 200;

// `marks` are folded tokens, sorted; one that ends in '*' stands for all that begin so. Empty when
// the text has none of them.
std::string Highlight(std::string_view text, std::span<const std::string> marks,
                      std::size_t characters_max = kSnippetCharacters);

}  // namespace tenon::search
