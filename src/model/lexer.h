// Source text to tokens. Never fails: what cannot be read becomes a diagnostic and is left out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/diagnostics.h"
#include "model/span.h"

namespace tenon::model {

enum class TokenKind : std::uint8_t {
  kEnd,
  kName,
  kString,
  kInt,
  kDecimal,
  kFloat,
  kDuration,
  kLeftParen,
  kRightParen,
  kLeftBrace,
  kRightBrace,
  kLeftBracket,
  kRightBracket,
  kComma,
  kColon,
  kDot,
  kDotDot,
  kQuestion,
  kStar,
  kSlash,
  kPlus,
  kMinus,
  kArrow,
  kEq,
  kNe,
  kLt,
  kLe,
  kGt,
  kGe,
};

// Twelve bytes: a file of kModelFileBytesMax may be that many tokens.
struct Token {
  TokenKind kind = TokenKind::kEnd;
  bool newline_before = false;  // the first on its line
  bool at_margin = false;       // the first on its line, without indentation
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
};

struct Comment {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;  // without the newline and trailing blanks
  bool own_line = false;     // nothing but blanks before it on its line
};

struct Lexed {
  std::vector<Token> tokens;  // ends with kEnd
  std::vector<Comment> comments;
};

enum class LexMode {
  kModel,  // a .tenon file: // comments
  kFilter  // an expression from outside: also '...' as text, no comments
};

Lexed Lex(std::string_view text, std::uint32_t file, LexMode mode, DiagnosticSink& sink);

// The text that a kString token stands for, its escapes resolved.
std::string DecodeString(std::string_view raw);

// As a string literal of the language, with escapes.
std::string EncodeString(std::string_view text);

bool IsName(std::string_view text);

}  // namespace tenon::model
