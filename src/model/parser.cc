#include "model/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/limits.h"
#include "base/text.h"
#include "model/parser_nested.h"

namespace tenon::model {

Parser::Parser(std::string_view text, std::uint32_t file, const Lexed& lexed, LexMode mode,
               DiagnosticSink& sink)
    : text_(text),
      file_(file),
      tokens_(lexed.tokens),
      sink_(sink),
      brackets_(mode == LexMode::kFilter ? 1 : 0),
      nodes_max_(mode == LexMode::kFilter ? limits::kExpressionNodesMax : limits::kModelNodesMax) {}

const Token& Parser::Peek(std::size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

std::string_view Parser::Word(std::size_t ahead) const {
  const Token& token = Peek(ahead);
  if (token.kind != TokenKind::kName) return {};
  return text_.substr(token.offset, token.length);
}

bool Parser::AtWord(std::string_view word, std::size_t ahead) const { return Word(ahead) == word; }

Span Parser::SpanOf(const Token& token) const { return {file_, token.offset, token.length}; }

Span Parser::Since(Span start) const {
  if (at_ == 0) return start;
  return Join(start, SpanOf(tokens_[at_ - 1]));
}

bool Parser::EndsItem(std::size_t ahead) const {
  const Token& token = Peek(ahead);
  if (token.kind == TokenKind::kEnd) return true;
  if (brackets_ > 0) return token.at_margin && AtDeclaration();
  return token.newline_before || token.kind == TokenKind::kRightBrace;
}

bool Parser::AtDeclaration() const {
  if (!Peek().at_margin || Kind(1) != TokenKind::kName) return false;
  const std::string_view word = Word();
  if (word == "global") return AtWord("entity", 1);
  if (word == "extend") return AtWord("entity", 1) || AtWord("enum", 1);
  const TokenKind after = Kind(2);
  if (word == "view") {
    return after == TokenKind::kLeftParen || after == TokenKind::kLeftBrace ||
           after == TokenKind::kString || AtWord("of", 2);
  }
  if (word != "enum" && word != "shape" && word != "union" && word != "entity") return false;
  return after == TokenKind::kLeftBrace || after == TokenKind::kString || AtWord("in", 2) ||
         AtWord("open", 2) || AtWord("by", 2) || AtWord("was", 2);
}

void Parser::Advance() {
  if (at_ + 1 < tokens_.size()) ++at_;
}

bool Parser::Accept(TokenKind kind) {
  if (Kind() != kind) return false;
  Advance();
  return true;
}

bool Parser::AcceptWord(std::string_view word) {
  if (!AtWord(word)) return false;
  Advance();
  return true;
}

bool Parser::Expect(TokenKind kind, std::string_view what) {
  if (Accept(kind)) return true;
  Unexpected(what);
  return false;
}

bool Parser::ExpectWord(std::string_view word) {
  if (AcceptWord(word)) return true;
  const std::array<std::string_view, 1> candidates = {word};
  Unexpected(fmt::format("'{}'", word), DidYouMean(Word(), candidates));
  return false;
}

// Reports the token in place, or the end of the line when that is what is wrong.
void Parser::Unexpected(std::string_view expected, std::string hint) {
  const Token& token = Peek();
  if (token.kind == TokenKind::kEnd) {
    sink_.Report(Here(), fmt::format("expected {}, the text ends here", expected), std::move(hint));
  } else if (token.newline_before && at_ > 0 && brackets_ == 0) {
    const Token& last = tokens_[at_ - 1];
    sink_.Report({file_, last.offset + last.length, 1},
                 fmt::format("expected {}, the line ends here", expected), std::move(hint));
  } else {
    const std::string_view shown = text_.substr(token.offset, token.length);
    sink_.Report(
        SpanOf(token),
        fmt::format("expected {}, not {}", expected,
                    token.kind == TokenKind::kString ? Ellipsis(shown, 40)
                                                     : fmt::format("'{}'", Ellipsis(shown, 40))),
        std::move(hint));
  }
}

std::optional<ast::Name> Parser::ParseName(std::string_view what) {
  if (Kind() != TokenKind::kName) {
    Unexpected(what);
    return std::nullopt;
  }
  ast::Name name{std::string(Word()), Here()};
  Advance();
  return name;
}

std::optional<ast::Name> Parser::ParseNameOrText(std::string_view what) {
  if (Kind() != TokenKind::kString) return ParseName(what);
  ast::Name name{DecodeString(text_.substr(Peek().offset, Peek().length)), Here(), true};
  if (name.text.empty()) {
    sink_.Report(name.span, "a name may not be empty");
    return std::nullopt;
  }
  Advance();
  return name;
}

std::optional<std::vector<ast::Name>> Parser::ParseNames(std::string_view what) {
  std::vector<ast::Name> names;
  do {
    if (!CountNode()) return std::nullopt;
    auto name = ParseName(what);
    if (!name) return std::nullopt;
    if (!Append(names, std::move(*name))) return std::nullopt;
  } while (Accept(TokenKind::kComma));
  return names;
}

std::optional<std::vector<ast::Name>> Parser::ParsePath() {
  std::vector<ast::Name> path;
  do {
    if (path.size() > static_cast<std::size_t>(limits::kModelNestingMax)) {
      sink_.Report(Here(), fmt::format("a path has at most {} steps", limits::kModelNestingMax));
      return std::nullopt;
    }
    if (Kind() == TokenKind::kInt && !path.empty()) {
      path.push_back({std::string(text_.substr(Peek().offset, Peek().length)), Here(), false});
      Advance();
      continue;
    }
    auto step = path.empty() ? ParseName("the name of a field") : ParseNameOrText("a field or key");
    if (!step) return std::nullopt;
    path.push_back(std::move(*step));
  } while (Accept(TokenKind::kDot));
  return path;
}

std::optional<std::int64_t> Parser::ParseInt(std::string_view what) {
  const Span start = Here();
  const bool negative = Kind() == TokenKind::kMinus && Kind(1) == TokenKind::kInt;
  if (negative) Advance();
  if (Kind() != TokenKind::kInt) {
    Unexpected(what);
    return std::nullopt;
  }
  const std::string digits =
      (negative ? "-" : "") + std::string(text_.substr(Peek().offset, Peek().length));
  Advance();
  std::int64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (read.ec != std::errc()) {
    sink_.Report(Since(start), "the number does not fit 64 bits");
    return std::nullopt;
  }
  return value;
}

void Parser::ParseDescription(std::optional<ast::Text>& out) {
  if (Kind() != TokenKind::kString) return;
  if (out) sink_.Report(Here(), "a second description", "remove one");
  out = ast::Text{DecodeString(text_.substr(Peek().offset, Peek().length)), Here()};
  Advance();
}

bool Parser::CountNode() {
  if (++nodes_ <= nodes_max_) return !sink_.Full();
  sink_.Report(Here(), fmt::format("too large: more than {} parts", nodes_max_));
  at_ = tokens_.size() - 1;  // nothing after this place can be trusted to fit
  return false;
}

// To the next line of the same block, or to the block's end.
void Parser::SkipItem() {
  int braces = 0;
  while (Kind() != TokenKind::kEnd && !AtDeclaration()) {
    if (braces == 0 && (Peek().newline_before || Kind() == TokenKind::kRightBrace)) return;
    if (Kind() == TokenKind::kLeftBrace) ++braces;
    if (Kind() == TokenKind::kRightBrace) --braces;
    Advance();
  }
}

void Parser::SkipToDeclaration() {
  while (Kind() != TokenKind::kEnd && !AtDeclaration()) Advance();
}

ast::File Parser::ParseFile() {
  ast::File file;
  if (!ParseModelLine(file)) SkipToDeclaration();
  while (Kind() != TokenKind::kEnd && !sink_.Full()) {
    const std::size_t before = at_;
    depth_ = 0;
    brackets_ = 0;
    if (ParseDeclaration(file)) continue;
    if (at_ == before) Advance();
    SkipToDeclaration();
  }
  return file;
}

bool Parser::ParseModelLine(ast::File& file) {
  const Span start = Here();
  if (!AcceptWord("model")) {
    Unexpected("'model NAME \"description\"' at the start of the file");
    return false;
  }
  auto name = ParseName("the model's name");
  if (!name) return false;
  file.name = std::move(*name);
  if (!EndsItem()) ParseDescription(file.description);
  file.span = Since(start);
  if (EndsItem()) return true;
  Unexpected("the end of the line");
  return false;
}

bool Parser::ParseDeclaration(ast::File& file) {
  if (!CountNode()) return false;
  const Span start = Here();
  const std::string_view word = Word();
  if (word == "enum") return ParseEnum(file, false);
  if (word == "shape") return ParseShape(file);
  if (word == "union") return ParseUnion(file);
  if (word == "view") return ParseView(file);
  if (word == "entity") return ParseEntity(file, start, false, false);
  if (word == "global" && AtWord("entity", 1)) {
    Advance();
    return ParseEntity(file, start, false, true);
  }
  if (word == "extend" && AtWord("entity", 1)) {
    Advance();
    return ParseEntity(file, start, true, false);
  }
  if (word == "extend" && AtWord("enum", 1)) {
    Advance();
    return ParseEnum(file, true);
  }
  if (word == "model") {
    sink_.Report(start, "a file holds one model, and its line comes first");
    return false;
  }
  static constexpr std::array<std::string_view, 7> kWords = {"entity", "enum",   "shape", "union",
                                                             "view",   "global", "extend"};
  if (Kind() == TokenKind::kRightBrace) {
    sink_.Report(start, "this '}' closes nothing");
    return false;
  }
  const std::string_view shown = text_.substr(Peek().offset, Peek().length);
  sink_.Report(start, fmt::format("expected {}, not '{}'", OneOf(kWords), Ellipsis(shown, 40)),
               DidYouMean(word, kWords));
  return false;
}

bool Parser::ParseEnum(ast::File& file, bool extend) {
  const Span start = Here();
  Advance();
  ast::Enum out;
  out.extend = extend;
  auto name = ParseName("the enum's name");
  if (!name) return false;
  out.name = std::move(*name);
  if (!extend) ParseDescription(out.description);
  const bool closed = ParseEnumValues(out.values, out.end, out.one_line);
  out.span = Since(start);
  file.declarations.emplace_back(std::move(out));
  return closed;
}

bool Parser::ParseEnumValues(std::vector<ast::EnumValue>& values, Span& end, bool& one_line) {
  return ParseBlock(end, one_line, false, [&] {
    if (values.size() >= limits::kEnumValuesMax) {
      sink_.Report(Here(), fmt::format("an enum has at most {} values", limits::kEnumValuesMax));
      while (Kind() != TokenKind::kEnd && Kind() != TokenKind::kRightBrace) Advance();
      return true;
    }
    return ParseEnumValue(values);
  });
}

bool Parser::ParseEnumValue(std::vector<ast::EnumValue>& values) {
  if (!CountNode()) return false;
  ast::EnumValue value;
  auto name = ParseNameOrText("the name of a value");
  if (!name) return false;
  value.name = std::move(*name);
  while (!EndsItem()) {
    if (Kind() == TokenKind::kString) {
      ParseDescription(value.description);
    } else if (AtWord("was") && !EndsItem(1) &&
               (Kind(1) == TokenKind::kName || Kind(1) == TokenKind::kString)) {
      Advance();
      auto was = ParseNameOrText("the value's earlier name");
      if (!was) return false;
      value.was = std::move(*was);
    } else {
      break;
    }
  }
  values.push_back(std::move(value));
  return true;
}

}  // namespace tenon::model
