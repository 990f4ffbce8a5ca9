#include "search/tokens.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tenon::search {
namespace {

// Parts of one word; identifiers that have more are hashes in hexadecimal.
constexpr std::size_t kPartsMax = 8;

enum class Class : std::uint8_t { kOther, kLower, kUpper, kDigit, kMark, kSolid };

// Scripts that are written without blanks between words.
bool IsSolid(std::int32_t c) {
  return (c >= 0x0E00 && c <= 0x0EFF) ||  // Thai, Lao
         (c >= 0x1000 && c <= 0x109F) ||  // Myanmar
         (c >= 0x1100 && c <= 0x11FF) ||  // Hangul letters
         (c >= 0x1780 && c <= 0x17FF) ||  // Khmer
         (c >= 0x3040 && c <= 0x30FF) ||  // Hiragana, Katakana
         (c >= 0x3400 && c <= 0x9FFF) ||  // Han
         (c >= 0xAC00 && c <= 0xD7AF) ||  // Hangul
         (c >= 0xF900 && c <= 0xFAFF) ||  // Han, compatibility
         (c >= 0xFF66 && c <= 0xFF9F) ||  // Katakana, half width
         (c >= 0x20000 && c <= 0x3FFFF);  // Han, further planes
}

Class ClassOf(std::int32_t c) {
  if (c < 0x80) {
    if (c >= 'a' && c <= 'z') return Class::kLower;
    if (c >= 'A' && c <= 'Z') return Class::kUpper;
    return c >= '0' && c <= '9' ? Class::kDigit : Class::kOther;
  }
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LT:
      return Class::kUpper;
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return IsSolid(c) ? Class::kSolid : Class::kLower;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return Class::kDigit;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
      return Class::kMark;
    default:
      return Class::kOther;
  }
}

// Letters that Unicode does not take apart, but people type without their strokes.
std::string_view Unstroked(std::int32_t c) {
  switch (c) {
    case 0x00F8:
      return "o";  // ø
    case 0x0142:
      return "l";  // ł
    case 0x0111:
      return "d";  // đ
    case 0x00E6:
      return "ae";
    case 0x0153:
      return "oe";
    case 0x0131:
      return "i";  // dotless
    default:
      return {};
  }
}

void AppendUtf8(std::int32_t c, std::string& out) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const auto count = utf8proc_encode_char(c, bytes.data());
  out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(count));
}

// Letter case, diacritics, width and ligatures gone.
void AppendFolded(std::int32_t c, std::string& out) {
  if (c < 0x80) {
    out += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return;
  }
  std::array<utf8proc_int32_t, 32> to{};
  int boundary = 0;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT |
                                                      UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
  const utf8proc_ssize_t count = utf8proc_decompose_char(
      c, to.data(), static_cast<utf8proc_ssize_t>(to.size()), options, &boundary);
  for (utf8proc_ssize_t i = 0; i < count && i < static_cast<utf8proc_ssize_t>(to.size()); ++i) {
    const std::int32_t d = to[static_cast<std::size_t>(i)];
    if (d >= 0x80 && ClassOf(d) == Class::kMark && !IsSolid(d)) continue;
    const std::string_view plain = Unstroked(d);
    if (plain.empty()) {
      AppendUtf8(d, out);
    } else {
      out += plain;
    }
  }
}

std::size_t CutAtCharacter(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text.size();
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return end;
}

// Only what a token may hold: folding can make punctuation of one character (⑴ is "(1)").
void Clean(std::string& text) {
  std::erase_if(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x80 && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9');
  });
}

struct Character {
  std::int32_t code = 0;
  Class kind = Class::kOther;
  std::uint32_t begin = 0, end = 0;
};

// One pass over the text; collects a word, then gives it out.
class Tokenizer {
 public:
  Tokenizer(std::string_view text, const std::function<void(const TokenView&)>& take,
            std::size_t tokens_max)
      : text_(text), take_(take), max_(tokens_max) {
    word_.reserve(64);
  }

  void Run() {
    std::size_t at = 0;
    while (at < text_.size() && tokens_ < max_) {
      const Character next = Read(at);
      if (next.kind == Class::kOther) {
        Flush();
      } else if (next.kind == Class::kMark && word_.empty()) {
        // A mark with nothing to stand on.
      } else {
        const bool solid = next.kind == Class::kSolid || (next.kind == Class::kMark && solid_);
        if (solid != solid_) Flush();
        solid_ = solid;
        word_.push_back(next);
        if (word_.size() >= kWordCharactersMax) Flush();
      }
    }
    Flush();
  }

 private:
  static constexpr std::size_t kWordCharactersMax = 1024;

  Character Read(std::size_t& at) const {
    Character c;
    c.begin = static_cast<std::uint32_t>(at);
    const auto first = static_cast<unsigned char>(text_[at]);
    if (first < 0x80) {
      c.code = first;
      ++at;
    } else {
      const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text_.data() + at);
      const utf8proc_ssize_t read =
          utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text_.size() - at), &c.code);
      if (read <= 0) {
        ++at;
        c.end = static_cast<std::uint32_t>(at);
        return c;  // not UTF-8: parts words
      }
      at += static_cast<std::size_t>(read);
    }
    c.end = static_cast<std::uint32_t>(at);
    c.kind = ClassOf(c.code);
    return c;
  }

  void Flush() {
    if (word_.empty()) return;
    if (solid_) {
      FlushPairs();
    } else {
      FlushWord();
    }
    word_.clear();
    solid_ = false;
    ++number_;
  }

  void Emit(std::size_t from, std::size_t to, TokenView::Kind kind) {
    if (tokens_ >= max_) return;
    folded_.clear();
    bool ascii = true;
    for (std::size_t i = from; i < to; ++i) {
      ascii = ascii && word_[i].code < 0x80;
      AppendFolded(word_[i].code, folded_);
    }
    if (!ascii) Clean(folded_);
    folded_.resize(CutAtCharacter(folded_, kTokenBytesMax));
    if (folded_.empty()) return;
    ++tokens_;
    take_({folded_, word_[from].begin, word_[to - 1].end, number_, kind});
  }

  void FlushPairs() {
    if (word_.size() == 1) return Emit(0, 1, TokenView::Kind::kPair);
    for (std::size_t i = 0; i + 1 < word_.size(); ++i) Emit(i, i + 2, TokenView::Kind::kPair);
  }

  void FlushWord() {
    Emit(0, word_.size(), TokenView::Kind::kWord);
    std::array<std::size_t, kPartsMax + 1> starts{};  // of the parts, and the end
    std::size_t parts = 1;
    for (std::size_t i = 1; i < word_.size(); ++i) {
      if (!StartsPart(i)) continue;
      if (parts == kPartsMax) return;
      starts[parts++] = i;
    }
    if (parts == 1) return;
    starts[parts] = word_.size();
    for (std::size_t i = 0; i < parts; ++i) {
      Emit(starts[i], starts[i + 1], TokenView::Kind::kPart);
    }
  }

  // fooBar, HTTPServer, ssl3, 3d
  [[nodiscard]] bool StartsPart(std::size_t i) const {
    const Class before = word_[i - 1].kind;
    const Class here = word_[i].kind;
    if (before == Class::kMark || here == Class::kMark) return false;
    if ((before == Class::kDigit) != (here == Class::kDigit)) return true;
    if (here != Class::kUpper) return false;
    if (before == Class::kLower) return true;
    return i + 1 < word_.size() && word_[i + 1].kind == Class::kLower;
  }

  const std::string_view text_;
  const std::function<void(const TokenView&)>& take_;
  const std::size_t max_;
  std::size_t tokens_ = 0;
  std::string folded_;
  std::vector<Character> word_;
  std::uint32_t number_ = 0;
  bool solid_ = false;
};

std::vector<std::int64_t> TrigramsOf(const std::vector<std::int32_t>& characters) {
  std::vector<std::int64_t> grams;
  for (std::size_t i = 0; i + 3 <= characters.size(); ++i) {
    grams.push_back(TrigramOf(characters[i], characters[i + 1], characters[i + 2]));
  }
  std::ranges::sort(grams);
  grams.erase(std::ranges::unique(grams).begin(), grams.end());
  return grams;
}

}  // namespace

std::vector<std::int32_t> CharactersOf(std::string_view text) {
  std::vector<std::int32_t> out;
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    std::int32_t code = 0;
    const utf8proc_ssize_t read = utf8proc_iterate(at, left, &code);
    if (read <= 0) break;
    out.push_back(code);
    at += read;
    left -= read;
  }
  return out;
}

void EachToken(std::string_view text, const std::function<void(const TokenView&)>& take,
               std::size_t tokens_max) {
  Tokenizer(text, take, tokens_max).Run();
}

std::vector<Token> Tokenize(std::string_view text, std::size_t tokens_max) {
  std::vector<Token> tokens;
  const auto take = [&](const TokenView& token) {
    tokens.push_back({std::string(token.text), token.begin, token.end, token.word, token.kind});
  };
  EachToken(text, take, tokens_max);
  return tokens;
}

std::string FoldName(std::string_view text, std::size_t bytes_max) {
  std::string out;
  bool blank = false;
  std::size_t at = 0;
  while (at < text.size() && out.size() < bytes_max) {
    const auto first = static_cast<unsigned char>(text[at]);
    std::int32_t code = first;
    std::size_t bytes = 1;
    if (first >= 0x80) {
      const utf8proc_ssize_t read =
          utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                           static_cast<utf8proc_ssize_t>(text.size() - at), &code);
      if (read <= 0) {
        ++at;
        continue;
      }
      bytes = static_cast<std::size_t>(read);
    }
    at += bytes;
    if (code <= 0x20 || code == 0x7F || code == 0xA0 || code == 0x3000) {
      blank = !out.empty();
      continue;
    }
    if (blank) out += ' ';
    blank = false;
    AppendFolded(code, out);
  }
  out.resize(CutAtCharacter(out, bytes_max));
  return out;
}

std::vector<std::int32_t> MarkedCharactersOf(std::string_view token) {
  std::vector<std::int32_t> characters = CharactersOf(token);
  characters.insert(characters.begin(), 1);
  characters.push_back(2);
  return characters;
}

std::vector<std::int64_t> Trigrams(std::string_view token) {
  return TrigramsOf(MarkedCharactersOf(token));
}

bool HasGrams(std::string_view token) {
  if (token.size() < 3 || token.size() > 32) return false;
  const auto digits = std::ranges::count_if(token, [](char c) { return c >= '0' && c <= '9'; });
  return static_cast<std::size_t>(digits) * 2 <= token.size();
}

std::vector<std::int64_t> InnerTrigrams(std::string_view part) {
  return TrigramsOf(CharactersOf(part));
}

int EditDistance(std::string_view a_text, std::string_view b_text, int max) {
  const std::vector<std::int32_t> a = CharactersOf(a_text);
  const std::vector<std::int32_t> b = CharactersOf(b_text);
  const auto difference = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (difference > static_cast<std::size_t>(max)) return max + 1;
  std::vector<int> before(b.size() + 1);
  std::vector<int> last(b.size() + 1);
  std::vector<int> now(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = static_cast<int>(i);
    int best = now[0];
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = std::min(now[j], before[j - 2] + 1);
      }
      best = std::min(best, now[j]);
    }
    if (best > max) return max + 1;
    std::swap(before, last);
    std::swap(last, now);
  }
  return std::min(last[b.size()], max + 1);
}

std::uint32_t TokenHash(std::string_view token) {
  // FNV-1a, its halves folded together. Two words of one document that share a hash only make it
  // rank a little better than it should.
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : token) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 1099511628211u;
  }
  return static_cast<std::uint32_t>(hash ^ (hash >> 32));
}

}  // namespace tenon::search
