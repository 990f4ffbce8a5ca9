// Shapes, unions and types.
#include <array>

#include "base/limits.h"
#include "model/parser_nested.h"
#include "model/words.h"

namespace tenon::model {

bool Parser::ParseShape(ast::File& file) {
  const Span start = Here();
  Advance();
  ast::Shape out;
  auto name = ParseName("the shape's name");
  if (!name) return false;
  out.name = std::move(*name);
  out.open = AcceptWord("open");
  ParseDescription(out.description);
  const bool closed = ParseBlock(out.end, out.one_line, false, [&] { return ParseShapeItem(out); });
  out.span = Since(start);
  file.declarations.emplace_back(std::move(out));
  return closed;
}

bool Parser::ParseShapeItem(ast::Shape& shape) {
  if (!CountNode()) return false;
  const Span start = Here();
  if (shape.items.size() >= limits::kModelItemsMax) {
    sink_.Report(start, fmt::format("a shape has at most {} fields", limits::kModelItemsMax));
    SkipToDeclaration();
    return false;
  }
  if (Accept(TokenKind::kStar)) {
    auto type = ParseType(true);
    if (!type) return false;
    shape.items.emplace_back(ast::ShapeRest{Since(start), std::move(*type)});
    return true;
  }
  if (AtWord("drop") && !AtType(1)) {
    Advance();
    ast::ShapeDrop drop;
    do {
      auto name = ParseNameOrText("the name of a field");
      if (!name) return false;
      if (!Append(drop.names, std::move(*name))) return false;
    } while (Accept(TokenKind::kComma));
    drop.span = Since(start);
    shape.items.emplace_back(std::move(drop));
    return true;
  }
  ast::ShapeField field;
  auto name = ParseNameOrText("the name of a field");
  if (!name) return false;
  field.name = std::move(*name);
  auto type = ParseType(true);
  if (!type) return false;
  field.type = std::move(*type);
  while (!EndsItem()) {
    if (Accept(TokenKind::kEq)) {
      field.default_value = ParseUnary();
      if (!field.default_value) return false;
    } else if (Kind() == TokenKind::kString && !AtType(1)) {
      ParseDescription(field.description);
    } else if (AtWord("example") && !AtType(1)) {
      Advance();
      field.example = ParseUnary();
      if (!field.example) return false;
    } else {
      break;
    }
  }
  field.span = Since(start);
  shape.items.emplace_back(std::move(field));
  return true;
}

bool Parser::ParseUnion(ast::File& file) {
  const Span start = Here();
  Advance();
  ast::Union out;
  auto name = ParseName("the union's name");
  if (!name) return false;
  out.name = std::move(*name);
  if (!ExpectWord("by")) return false;
  auto discriminator = ParseName("the field that tells the shapes apart");
  if (!discriminator) return false;
  out.discriminator = std::move(*discriminator);
  ParseDescription(out.description);
  const bool closed = ParseBlock(out.end, out.one_line, false, [&] {
    if (!CountNode()) return false;
    auto shape = ParseName("the name of a shape");
    if (!shape) return false;
    return Append(out.shapes, std::move(*shape));
  });
  out.span = Since(start);
  file.declarations.emplace_back(std::move(out));
  return closed;
}

// What tells a field from a clause: a type word, a list, or a name with a capital.
bool Parser::AtType(std::size_t ahead) const {
  const Token& token = Peek(ahead);
  if (token.newline_before && brackets_ == 0) return false;
  if (token.kind == TokenKind::kLeftBracket) return true;
  const std::string_view word = Word(ahead);
  if (word.empty()) return false;
  return (word.front() >= 'A' && word.front() <= 'Z') || IsTypeWord(word);
}

std::optional<ast::TypeExpr> Parser::ParseType(bool in_shape) {
  const Nested nested(*this);
  if (!nested.Ok() || !CountNode()) return std::nullopt;
  ast::TypeExpr type;
  type.span = Here();
  const bool ends = EndsItem();
  if (!ends && Kind() == TokenKind::kLeftBracket) {
    Advance();
    ++brackets_;
    auto element = ParseType(in_shape);
    if (element) type.element = std::make_unique<ast::TypeExpr>(std::move(*element));
    const bool closed = element && Expect(TokenKind::kRightBracket, "']'");
    --brackets_;
    if (!closed) return std::nullopt;
    type.is_list = true;
  } else if (!ends && Kind() == TokenKind::kString && in_shape) {
    ParseDescription(type.literal);
  } else if (!ends && Kind() == TokenKind::kName) {
    type.name = *ParseName("a type");
    if (!ParseTypeArguments(type)) return std::nullopt;
  } else {
    Unexpected("a type", in_shape ? "such as text, int, bool, \"exact text\", [text], Name"
                                  : "such as uuid, text, int, bool, time, json, enum(a, b)");
    return std::nullopt;
  }
  type.nullable = !EndsItem() && Accept(TokenKind::kQuestion);
  type.span = Since(type.span);
  return type;
}

bool Parser::ParseTypeArguments(ast::TypeExpr& type) {
  const std::string& word = type.name.text;
  if (word == "uuid" && !EndsItem() && AcceptWord("v4")) type.version_4 = true;
  if (word == "map") {
    auto element = ParseType(true);
    if (!element) return false;
    type.element = std::make_unique<ast::TypeExpr>(std::move(*element));
    return true;
  }
  if ((word == "json" || word == "secret") && !EndsItem()) {
    const std::string_view next = Word();
    if (word == "json" && next == "by") return ParseByCases(type);
    if (!next.empty() && next.front() >= 'A' && next.front() <= 'Z') {
      type.shape = *ParseName("a shape");
    }
    return true;
  }
  if (Kind() != TokenKind::kLeftParen || EndsItem()) {
    if (word == "enum" || word == "decimal") {
      Unexpected(word == "enum" ? "'(' and the values of the enum" : "'(precision, scale)'");
      return false;
    }
    return true;
  }
  static constexpr std::array<std::string_view, 4> kWithArguments = {"text", "int", "decimal",
                                                                     "enum"};
  if (std::find(kWithArguments.begin(), kWithArguments.end(), word) == kWithArguments.end())
    return true;
  Advance();
  ++brackets_;
  bool fine = true;
  if (word == "text") {
    type.first = ParseInt("the greatest length");
    fine = type.first.has_value();
  } else if (word == "decimal") {
    type.first = ParseInt("the number of digits");
    fine = type.first && Expect(TokenKind::kComma, "','");
    if (fine) type.second = ParseInt("the digits after the point");
    fine = fine && type.second;
  } else if (word == "int") {
    fine = ParseRange(type);
  } else {
    do {
      fine = Kind() == TokenKind::kRightParen || ParseEnumValue(type.values);
      if (fine && type.values.size() > limits::kEnumValuesMax) {
        sink_.Report(Here(), fmt::format("an enum has at most {} values", limits::kEnumValuesMax));
        fine = false;
      }
    } while (fine && Accept(TokenKind::kComma));
  }
  fine = fine && Expect(TokenKind::kRightParen, word == "enum" ? "',' or ')'" : "')'");
  --brackets_;
  return fine;
}

bool Parser::ParseRange(ast::TypeExpr& type) {
  if (Kind() != TokenKind::kDotDot) {
    type.first = ParseInt("a range such as 0..100, 0.. or ..9");
    if (!type.first) return false;
  }
  if (!Expect(TokenKind::kDotDot, "'..'")) return false;
  if (Kind() == TokenKind::kRightParen) return true;
  type.second = ParseInt("the greatest value");
  return type.second.has_value();
}

bool Parser::ParseByCases(ast::TypeExpr& type) {
  Advance();
  auto by = ParseName("the field that says which shape");
  if (!by) return false;
  type.by = std::move(*by);
  Span end;
  bool one_line = false;
  const int brackets = brackets_;
  brackets_ = 0;
  const bool closed = ParseBlock(end, one_line, false, [&] {
    if (!CountNode()) return false;
    auto value = ParseNameOrText("a value of the field");
    if (!value || !Expect(TokenKind::kColon, "':'")) return false;
    auto shape = ParseName("the name of a shape");
    if (!shape) return false;
    return Append(type.cases, std::pair(std::move(*value), std::move(*shape)));
  });
  brackets_ = brackets;
  return closed;
}

}  // namespace tenon::model
