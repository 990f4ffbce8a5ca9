#include "model/lexer.h"

#include <fmt/format.h>

#include <charconv>

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"

namespace tenon::model {
namespace {

// Far more than the parser takes in parts; a file of nothing but brackets would have millions.
constexpr std::size_t kTokensMax = 8u * limits::kModelNodesMax;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsNameByte(char c) { return IsNameStart(c) || IsDigit(c); }

void AppendUtf8(std::uint32_t code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

// The code point of "u{...}" at the start of `text` and the bytes it takes; nullopt when it is not
// one, or is NUL, a surrogate or over U+10FFFF.
std::optional<std::pair<std::uint32_t, std::size_t>> ReadCodePoint(std::string_view text) {
  if (!text.starts_with("u{")) return std::nullopt;
  const std::size_t close = text.find('}');
  if (close == text.npos || close < 3 || close > 8) return std::nullopt;
  std::uint32_t code = 0;
  const char* const end = text.data() + close;
  const auto read = std::from_chars(text.data() + 2, end, code, 16);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return std::nullopt;
  return std::pair(code, close + 1);
}

class Lexer {
 public:
  Lexer(std::string_view text, std::uint32_t file, LexMode mode, DiagnosticSink& sink)
      : text_(text), file_(file), mode_(mode), sink_(sink) {}

  Lexed Run() {
    if (const auto bad = InvalidUtf8At(text_)) {
      Report(*bad, 1, "the text is not valid UTF-8");
      // What stands before the bad byte of a file is still read, so that other errors are reported
      // with it.
      text_ = text_.substr(0, mode_ == LexMode::kModel ? *bad : 0);
    }
    while (at_ < text_.size() && !sink_.Full() && out_.tokens.size() < kTokensMax) Step();
    if (out_.tokens.size() >= kTokensMax) {
      Report(at_, 1, fmt::format("too large: more than {} words and signs", kTokensMax));
    }
    at_ = text_.size();
    Add(TokenKind::kEnd, at_, 0);
    return std::move(out_);
  }

 private:
  void Report(std::size_t offset, std::size_t length, std::string message, std::string hint = "") {
    sink_.Report({file_, static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(length)},
                 std::move(message), std::move(hint));
  }

  void Add(TokenKind kind, std::size_t offset, std::size_t length) {
    const bool margin = newline_ && (offset == 0 || text_[offset - 1] == '\n');
    out_.tokens.push_back({kind, newline_, margin, static_cast<std::uint32_t>(offset),
                           static_cast<std::uint32_t>(length)});
    newline_ = false;
  }

  [[nodiscard]] char Peek(std::size_t ahead) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  void Step() {
    const char c = text_[at_];
    if (c == '\n') {
      newline_ = true;
      ++at_;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++at_;
    } else if (c == '/' && Peek(1) == '/' && mode_ == LexMode::kModel) {
      ReadComment();
    } else if (IsNameStart(c)) {
      std::size_t end = at_;
      while (end < text_.size() && IsNameByte(text_[end])) ++end;
      Take(TokenKind::kName, end - at_);
    } else if (IsDigit(c)) {
      ReadNumber();
    } else if (c == '"' || (c == '\'' && mode_ == LexMode::kFilter)) {
      ReadString(c);
    } else if (c == '\'' && ClosesOnItsLine(c)) {
      Report(at_, 1, "text is put in double quotes", "write \"...\"");
      ReadString(c);  // as what it was meant to be
    } else {
      ReadPunctuation(c);
    }
  }

  void Take(TokenKind kind, std::size_t length) {
    Add(kind, at_, length);
    at_ += length;
  }

  void ReadComment() {
    std::size_t end = text_.find('\n', at_);
    if (end == text_.npos) end = text_.size();
    const std::size_t next = end;
    while (end > at_ &&
           (text_[end - 1] == ' ' || text_[end - 1] == '\t' || text_[end - 1] == '\r')) {
      --end;
    }
    if (text_.substr(at_, end - at_).find('\0') != std::string_view::npos) {
      Report(at_, end - at_, "a comment may not contain NUL");
    }
    out_.comments.push_back(
        {static_cast<std::uint32_t>(at_), static_cast<std::uint32_t>(end - at_), newline_});
    at_ = next;
  }

  void ReadNumber() {
    std::size_t end = at_;
    TokenKind kind = TokenKind::kInt;
    while (end < text_.size() && IsDigit(text_[end])) ++end;
    // "0..5" is a range, "a.0.b" a path: only a point with a digit after it is a fraction, and not
    // directly after the point of a path.
    const bool in_path = !out_.tokens.empty() && out_.tokens.back().kind == TokenKind::kDot &&
                         out_.tokens.back().offset + 1 == at_;
    if (!in_path && end + 1 < text_.size() && text_[end] == '.' && IsDigit(text_[end + 1])) {
      kind = TokenKind::kDecimal;
      ++end;
      while (end < text_.size() && IsDigit(text_[end])) ++end;
    }
    std::size_t word = end;
    while (word < text_.size() && IsNameByte(text_[word])) ++word;
    if (word == end) return Take(kind, end - at_);
    if (text_[end] == 'e' || text_[end] == 'E') {
      std::size_t digits = end + 1;
      if (digits < text_.size() && (text_[digits] == '+' || text_[digits] == '-')) ++digits;
      std::size_t stop = digits;
      while (stop < text_.size() && IsDigit(text_[stop])) ++stop;
      if (stop > digits && (stop == text_.size() || !IsNameByte(text_[stop]))) {
        return Take(TokenKind::kFloat, stop - at_);
      }
    }
    const std::string_view all = text_.substr(at_, word - at_);
    if (kind == TokenKind::kInt && all.size() < 24 && ParseShortDuration(all)) {
      return Take(TokenKind::kDuration, all.size());
    }
    Report(at_, all.size(),
           fmt::format("'{}' is neither a number nor a duration", Ellipsis(all, 40)),
           "durations are written 250ms, 30s, 15m, 24h, 30d, 2w");
    // Its first digit in its place keeps the parser from a second error.
    Take(TokenKind::kInt, all.size());
    out_.tokens.back().length = 1;
  }

  [[nodiscard]] bool ClosesOnItsLine(char quote) const {
    const std::size_t end = text_.find_first_of(quote == '"' ? "\"\n" : "'\n", at_ + 1);
    return end != text_.npos && text_[end] == quote;
  }

  void ReadString(char quote) {
    const std::size_t start = at_;
    std::size_t at = at_ + 1;
    while (at < text_.size() && text_[at] != quote && text_[at] != '\n') {
      if (text_[at] == '\0') Report(at, 1, "text may not contain NUL");
      if (text_[at] != '\\') {
        ++at;
        continue;
      }
      const char next = at + 1 < text_.size() ? text_[at + 1] : '\0';
      if (next == '"' || next == '\'' || next == '\\' || next == 'n' || next == 't') {
        at += 2;
      } else if (const auto code = ReadCodePoint(text_.substr(at + 1, 12))) {
        at += 1 + code->second;
      } else {
        Report(at, 2, "not an escape that text may have",
               R"(the escapes are \" \\ \n \t and \u{1F600}; a backslash itself is \\)");
        at += next == '\n' || next == '\0' ? 1 : 2;
      }
    }
    if (at >= text_.size() || text_[at] == '\n') {
      Report(start, 1, "this text has no closing quote on its line");
    } else {
      ++at;
    }
    at = std::min(at, text_.size());
    Take(TokenKind::kString, at - start);
  }

  void ReadPunctuation(char c) {
    const char next = Peek(1);
    switch (c) {
      case '(':
        return Take(TokenKind::kLeftParen, 1);
      case ')':
        return Take(TokenKind::kRightParen, 1);
      case '{':
        return Take(TokenKind::kLeftBrace, 1);
      case '}':
        return Take(TokenKind::kRightBrace, 1);
      case '[':
        return Take(TokenKind::kLeftBracket, 1);
      case ']':
        return Take(TokenKind::kRightBracket, 1);
      case ',':
        return Take(TokenKind::kComma, 1);
      case ':':
        return Take(TokenKind::kColon, 1);
      case '.':
        return next == '.' ? Take(TokenKind::kDotDot, 2) : Take(TokenKind::kDot, 1);
      case '?':
        return Take(TokenKind::kQuestion, 1);
      case '*':
        return Take(TokenKind::kStar, 1);
      case '/':
        return Take(TokenKind::kSlash, 1);
      case '+':
        return Take(TokenKind::kPlus, 1);
      case '-':
        return next == '>' ? Take(TokenKind::kArrow, 2) : Take(TokenKind::kMinus, 1);
      case '=':
        return Take(TokenKind::kEq, next == '=' ? ReportDoubleEqual() : 1);
      case '<':
        return next == '=' ? Take(TokenKind::kLe, 2) : Take(TokenKind::kLt, 1);
      case '>':
        return next == '=' ? Take(TokenKind::kGe, 2) : Take(TokenKind::kGt, 1);
      case '!':
        if (next == '=') return Take(TokenKind::kNe, 2);
        break;
      default:
        break;
    }
    SkipUnknown(c);
  }

  std::size_t ReportDoubleEqual() {
    Report(at_, 2, "'==' is not an operator", "write =");
    return 2;
  }

  // A run of bytes that begin no token is one error.
  void SkipUnknown(char c) {
    std::size_t end = at_ + 1;
    while (end < text_.size() &&
           (static_cast<unsigned char>(text_[end]) >= 0x80 || text_[end] == c)) {
      ++end;
    }
    const std::string_view shown = text_.substr(at_, end - at_);
    if (c == '\0') {
      Report(at_, shown.size(), "the text contains NUL");
    } else if (c == '\'') {
      Report(at_, 1, "text is put in double quotes", "write \"...\"");
    } else if (static_cast<unsigned char>(c) < 0x20) {
      Report(at_, 1, fmt::format("control character 0x{:02X}", static_cast<unsigned char>(c)));
    } else {
      Report(at_, shown.size(), fmt::format("unexpected '{}'", Ellipsis(shown, 24)));
    }
    at_ = end;
  }

  std::string_view text_;
  std::uint32_t file_;
  LexMode mode_;
  DiagnosticSink& sink_;
  std::size_t at_ = 0;
  bool newline_ = true;
  Lexed out_;
};

}  // namespace

Lexed Lex(std::string_view text, std::uint32_t file, LexMode mode, DiagnosticSink& sink) {
  return Lexer(text, file, mode, sink).Run();
}

std::string DecodeString(std::string_view raw) {
  std::string out;
  if (raw.empty()) return out;
  const char quote = raw.front();
  raw.remove_prefix(1);
  if (!raw.empty() && raw.back() == quote) {
    // An escaped quote at the end of an unclosed string is part of the text.
    std::size_t slashes = 0;
    while (slashes + 1 < raw.size() && raw[raw.size() - 2 - slashes] == '\\') ++slashes;
    if (slashes % 2 == 0) raw.remove_suffix(1);
  }
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\' || i + 1 == raw.size()) {
      out += raw[i];
      continue;
    }
    const char next = raw[i + 1];
    if (const auto code = ReadCodePoint(raw.substr(i + 1, 12))) {
      AppendUtf8(code->first, out);
      i += code->second;
      continue;
    }
    out += next == 'n' ? '\n' : next == 't' ? '\t' : next;
    ++i;
  }
  return out;
}

std::string EncodeString(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\u{{{:X}}}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
  return out;
}

bool IsName(std::string_view text) {
  if (text.empty() || !IsNameStart(text.front())) return false;
  for (const char c : text) {
    if (!IsNameByte(c)) return false;
  }
  return true;
}

}  // namespace tenon::model
