// Text: UTF-8, folding, nearest names.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tenon {

// Position of the first byte that is not valid UTF-8 (RFC 3629), or nullopt.
std::optional<std::size_t> InvalidUtf8At(std::string_view text);

// Number of code points of valid UTF-8.
std::size_t CountCodePoints(std::string_view text);

// Case folding by Unicode's simple table (utf8proc), for `ilike` on both back ends. Text that is
// not valid UTF-8 comes back as it was.
std::string Fold(std::string_view text);

// SQL LIKE: % any run, _ one code point, \ escapes. Linear in |text| * |pattern| at the worst.
bool Like(std::string_view text, std::string_view pattern);

// The candidate nearest to `name` (Damerau-Levenshtein, at most a third of its length off), for
// "did you mean"; empty when none is near. Names over 64 bytes are not looked at.
std::string_view Nearest(std::string_view name, std::span<const std::string_view> candidates);

// Shortens to at most `bytes` at a code point, with "..." when cut.
std::string Ellipsis(std::string_view text, std::size_t bytes);

}  // namespace tenon
