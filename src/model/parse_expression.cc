// Expressions, and the JSON that may stand in them.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <charconv>
#include <cstdlib>

#include "model/parser_nested.h"

namespace tenon::model {

using ast::ExprKind;
using ast::ExprPtr;

ExprPtr Parser::ParseWholeExpression() {
  auto expression = ParseExpression();
  if (expression && Kind() != TokenKind::kEnd) {
    Unexpected("an operator or the end of the expression");
    return nullptr;
  }
  return expression;
}

ExprPtr Parser::ParseWholePath() {
  auto path = ParsePathExpression();
  if (path && Kind() != TokenKind::kEnd) {
    Unexpected("'.' or the end of the path");
    return nullptr;
  }
  return path;
}

ExprPtr Parser::NewExpr(ExprKind kind, Span span) {
  if (!CountNode()) return nullptr;
  auto out = std::make_unique<ast::Expr>();
  out->kind = kind;
  out->span = span;
  return out;
}

// A node over others. Its depth is bounded, so that nothing that walks the tree runs deep.
ExprPtr Parser::Combine(ExprKind kind, Op op, std::vector<ExprPtr> args) {
  auto out = NewExpr(kind, Join(args.front()->span, args.back()->span));
  if (!out) return nullptr;
  out->op = op;
  out->args = std::move(args);
  for (const auto& arg : out->args) out->depth = std::max(out->depth, arg->depth + 1);
  if (out->depth > limits::kExpressionDepthMax) {
    sink_.Report(out->span, fmt::format("an expression is nested at most {} levels deep",
                                        limits::kExpressionDepthMax));
    return nullptr;
  }
  return out;
}

ExprPtr Parser::ParseExpression() {
  const Nested nested(*this);
  if (!nested.Ok()) return nullptr;
  return ParseChain(Op::kOr);
}

// "a or b or c" is one node, however long: its depth is that of its parts.
ExprPtr Parser::ParseChain(Op op) {
  const std::string_view word = op == Op::kOr ? "or" : "and";
  const auto next = [&] { return op == Op::kOr ? ParseChain(Op::kAnd) : ParseNot(); };
  std::vector<ExprPtr> args;
  do {
    auto arg = next();
    if (!arg) return nullptr;
    args.push_back(std::move(arg));
  } while (!EndsItem() && AcceptWord(word));
  if (args.size() == 1) return std::move(args.front());
  return Combine(ExprKind::kBinary, op, std::move(args));
}

ExprPtr Parser::ParseNot() {
  // `not (x)` nests by ParseNot itself, so it counts.
  if (!AtWord("not") || EndsItem(1)) return ParseComparison();
  const Nested nested(*this);
  if (!nested.Ok()) return nullptr;
  const Span start = Here();
  Advance();
  auto inner = ParseNot();
  if (!inner) return nullptr;
  std::vector<ExprPtr> args;
  args.push_back(std::move(inner));
  auto out = Combine(ExprKind::kNot, Op::kNot, std::move(args));
  if (out) out->span = Since(start);
  return out;
}

ExprPtr Parser::ParseComparison() {
  auto left = ParseSum();
  if (!left || EndsItem()) return left;
  static constexpr std::array<std::pair<TokenKind, Op>, 6> kOperators = {
      {{TokenKind::kEq, Op::kEq},
       {TokenKind::kNe, Op::kNe},
       {TokenKind::kLt, Op::kLt},
       {TokenKind::kLe, Op::kLe},
       {TokenKind::kGt, Op::kGt},
       {TokenKind::kGe, Op::kGe}}};
  const auto binary = [&](ExprKind kind, Op op, bool negated) -> ExprPtr {
    auto right = ParseSum();
    if (!right) return nullptr;
    std::vector<ExprPtr> args;
    args.push_back(std::move(left));
    args.push_back(std::move(right));
    auto out = Combine(kind, op, std::move(args));
    if (out) out->negated = negated;
    return out;
  };
  for (const auto& [kind, op] : kOperators) {
    if (!Accept(kind)) continue;
    auto out = binary(ExprKind::kBinary, op, false);
    for (const auto& [again, unused] : kOperators) {
      if (out && !EndsItem() && Kind() == again) {
        Unexpected("'and', 'or' or the end", "comparisons do not chain: write a < b and b < c");
        return nullptr;
      }
    }
    return out;
  }
  if (AcceptWord("is")) {
    const bool negated = AcceptWord("not");
    if (!ExpectWord("null")) return nullptr;
    std::vector<ExprPtr> args;
    args.push_back(std::move(left));
    const Span start = args.front()->span;
    auto out = Combine(ExprKind::kIsNull, Op::kEq, std::move(args));
    if (!out) return nullptr;
    out->negated = negated;
    out->span = Since(start);
    return out;
  }
  if (AcceptWord("becomes")) return binary(ExprKind::kBecomes, Op::kBecomes, false);
  const bool negated =
      AtWord("not") && (AtWord("in", 1) || AtWord("like", 1) || AtWord("ilike", 1));
  if (negated) Advance();
  if (AcceptWord("in")) return ParseIn(std::move(left), negated);
  if (AcceptWord("like")) return binary(ExprKind::kBinary, Op::kLike, negated);
  if (AcceptWord("ilike")) return binary(ExprKind::kBinary, Op::kIlike, negated);
  return left;
}

ExprPtr Parser::ParseIn(ExprPtr left, bool negated) {
  std::vector<ExprPtr> args;
  const Span start = left->span;
  args.push_back(std::move(left));
  bool in_path = false;
  if (Kind() == TokenKind::kLeftParen || Kind() == TokenKind::kLeftBracket) {
    const TokenKind close =
        Kind() == TokenKind::kLeftParen ? TokenKind::kRightParen : TokenKind::kRightBracket;
    Advance();
    ++brackets_;
    bool fine = true;
    do {
      auto arg = Kind() == close && args.size() > 1 ? nullptr : ParseSum();
      fine = arg != nullptr;
      if (fine) args.push_back(std::move(arg));
    } while (fine && Accept(TokenKind::kComma));
    fine = fine && Expect(close, close == TokenKind::kRightParen ? "',' or ')'" : "',' or ']'");
    --brackets_;
    if (!fine) return nullptr;
  } else {
    auto path = ParsePathExpression();
    if (!path) return nullptr;
    in_path = true;
    args.push_back(std::move(path));
  }
  auto out = Combine(ExprKind::kIn, Op::kIn, std::move(args));
  if (!out) return nullptr;
  out->negated = negated;
  out->in_path = in_path;
  out->span = Since(start);
  return out;
}

ExprPtr Parser::ParseSum() {
  auto left = ParseProduct();
  while (left && !EndsItem() && (Kind() == TokenKind::kPlus || Kind() == TokenKind::kMinus)) {
    const Op op = Kind() == TokenKind::kPlus ? Op::kAdd : Op::kSub;
    Advance();
    auto right = ParseProduct();
    if (!right) return nullptr;
    std::vector<ExprPtr> args;
    args.push_back(std::move(left));
    args.push_back(std::move(right));
    left = Combine(ExprKind::kBinary, op, std::move(args));
  }
  return left;
}

ExprPtr Parser::ParseProduct() {
  auto left = ParseUnary();
  while (left && !EndsItem() && (Kind() == TokenKind::kStar || Kind() == TokenKind::kSlash)) {
    const Op op = Kind() == TokenKind::kStar ? Op::kMul : Op::kDiv;
    Advance();
    auto right = ParseUnary();
    if (!right) return nullptr;
    std::vector<ExprPtr> args;
    args.push_back(std::move(left));
    args.push_back(std::move(right));
    left = Combine(ExprKind::kBinary, op, std::move(args));
  }
  return left;
}

ExprPtr Parser::ParseUnary() {
  const Span start = Here();
  if (Kind() != TokenKind::kMinus) return ParsePrimary();
  const Nested nested(*this);
  if (!nested.Ok()) return nullptr;
  Advance();
  auto inner = ParseUnary();
  if (!inner) return nullptr;
  std::vector<ExprPtr> args;
  args.push_back(std::move(inner));
  auto out = Combine(ExprKind::kNegate, Op::kNegate, std::move(args));
  if (out) out->span = Since(start);
  return out;
}

ExprPtr Parser::ParsePrimary() {
  const Token& token = Peek();
  const Span here = Here();
  const auto literal = [&](ExprKind kind) -> ExprPtr {
    auto out = NewExpr(kind, here);
    if (!out) return nullptr;
    out->text = kind == ExprKind::kString ? DecodeString(text_.substr(token.offset, token.length))
                                          : std::string(text_.substr(token.offset, token.length));
    Advance();
    return out;
  };
  if (token.at_margin && AtDeclaration()) {
    Unexpected("a value");
    return nullptr;
  }
  switch (token.kind) {
    case TokenKind::kInt:
      return literal(ExprKind::kInt);
    case TokenKind::kDecimal:
      return literal(ExprKind::kDecimal);
    case TokenKind::kFloat:
      return literal(ExprKind::kFloat);
    case TokenKind::kDuration:
      return literal(ExprKind::kDuration);
    case TokenKind::kString:
      return literal(ExprKind::kString);
    case TokenKind::kLeftParen:
      return ParseBracketed();
    case TokenKind::kLeftBracket:
      return ParseList();
    case TokenKind::kName:
      return ParsePathOrCall();
    case TokenKind::kLeftBrace: {
      auto out = NewExpr(ExprKind::kObject, here);
      if (!out) return nullptr;
      auto value = ParseJson();
      if (!value) return nullptr;
      out->json = std::make_unique<boost::json::value>(std::move(*value));
      out->span = Since(here);
      return out;
    }
    default:
      Unexpected("a value: a field, a literal, a call or '('");
      return nullptr;
  }
}

ExprPtr Parser::ParseBracketed() {
  const Span start = Here();
  Advance();
  ++brackets_;
  auto inner = ParseExpression();
  const bool closed = inner && Expect(TokenKind::kRightParen, "an operator or ')'");
  --brackets_;
  if (!closed) return nullptr;
  inner->brackets = true;
  inner->span = Since(start);
  return inner;
}

ExprPtr Parser::ParseList() {
  const Nested nested(*this);
  if (!nested.Ok()) return nullptr;
  const Span start = Here();
  auto out = NewExpr(ExprKind::kList, start);
  if (!out) return nullptr;
  Advance();
  ++brackets_;
  bool fine = true;
  while (fine && Kind() != TokenKind::kRightBracket) {
    auto arg = ParseExpression();
    fine = arg != nullptr;
    if (!fine) break;
    out->depth = std::max(out->depth, arg->depth + 1);
    out->args.push_back(std::move(arg));
    if (!Accept(TokenKind::kComma)) break;
  }
  fine = fine && Expect(TokenKind::kRightBracket, "',' or ']'");
  --brackets_;
  if (!fine) return nullptr;
  out->span = Since(start);
  return out;
}

ExprPtr Parser::ParsePathOrCall() {
  const std::string_view word = Word();
  const TokenKind after = Kind(1);
  if (after == TokenKind::kLeftParen && !EndsItem(1)) return ParseCall();
  if (after != TokenKind::kDot && (word == "true" || word == "false" || word == "null")) {
    auto out = NewExpr(word == "null"   ? ExprKind::kNull
                       : word == "true" ? ExprKind::kTrue
                                        : ExprKind::kFalse,
                       Here());
    if (out) Advance();
    return out;
  }
  if (word == "and" || word == "or" || word == "in" || word == "is" || word == "like" ||
      word == "ilike" || word == "where") {
    if (after != TokenKind::kEq && after != TokenKind::kDot) {
      Unexpected("a value: a field, a literal, a call or '('");
      return nullptr;
    }
  }
  return ParsePathExpression();
}

ExprPtr Parser::ParsePathExpression() {
  const Span start = Here();
  auto out = NewExpr(ExprKind::kPath, start);
  if (!out) return nullptr;
  auto path = ParsePath();
  if (!path) return nullptr;
  out->path = std::move(*path);
  out->span = Since(start);
  return out;
}

ExprPtr Parser::ParseCall() {
  const Nested nested(*this);
  if (!nested.Ok()) return nullptr;
  const Span start = Here();
  auto out = NewExpr(ExprKind::kCall, start);
  if (!out) return nullptr;
  out->text = std::string(Word());
  Advance();
  Advance();
  ++brackets_;
  bool fine = true;
  if (AtWord("distinct") && Kind(1) != TokenKind::kRightParen && Kind(1) != TokenKind::kDot) {
    Advance();
    out->distinct = true;
  }
  while (fine && Kind() != TokenKind::kRightParen && !AtWord("where")) {
    auto arg = ParseExpression();
    fine = arg != nullptr;
    if (!fine) break;
    out->depth = std::max(out->depth, arg->depth + 1);
    out->args.push_back(std::move(arg));
    if (!Accept(TokenKind::kComma)) break;
  }
  if (fine && AcceptWord("where")) {
    out->where = ParseExpression();
    fine = out->where != nullptr;
    if (fine) out->depth = std::max(out->depth, out->where->depth + 1);
  }
  fine = fine && Expect(TokenKind::kRightParen, "an operator, ',' or ')'");
  --brackets_;
  if (!fine) return nullptr;
  out->span = Since(start);
  return out;
}

// JSON inside { }: as RFC 8259, with bare names for keys and comments wherever a line ends.
std::optional<boost::json::value> Parser::ParseJson() {
  const Nested nested(*this);
  if (!nested.Ok() || !CountNode()) return std::nullopt;
  const TokenKind kind = Kind();
  if (kind == TokenKind::kLeftBrace || kind == TokenKind::kLeftBracket) {
    const bool is_object = kind == TokenKind::kLeftBrace;
    const TokenKind close = is_object ? TokenKind::kRightBrace : TokenKind::kRightBracket;
    boost::json::object object;
    boost::json::array array;
    Advance();
    ++brackets_;
    bool fine = true;
    while (fine && Kind() != close) {
      std::string key;
      if (is_object) {
        const Span at = Here();
        auto name = ParseNameOrText("a key");
        fine = name && Expect(TokenKind::kColon, "':'");
        if (!fine) break;
        key = std::move(name->text);
        if (object.contains(key)) sink_.Report(at, fmt::format("the key '{}' is given twice", key));
      }
      auto value = ParseJson();
      fine = value.has_value();
      if (!fine) break;
      if (is_object) {
        object[key] = std::move(*value);
      } else {
        array.push_back(std::move(*value));
      }
      if (!Accept(TokenKind::kComma)) break;
    }
    fine = fine && Expect(close, is_object ? "',' or '}'" : "',' or ']'");
    --brackets_;
    if (!fine) return std::nullopt;
    if (is_object) return boost::json::value(std::move(object));
    return boost::json::value(std::move(array));
  }
  if (kind == TokenKind::kString) {
    boost::json::value out(DecodeString(text_.substr(Peek().offset, Peek().length)));
    Advance();
    return out;
  }
  if (AcceptWord("true")) return boost::json::value(true);
  if (AcceptWord("false")) return boost::json::value(false);
  if (AcceptWord("null")) return boost::json::value(nullptr);
  return ParseJsonNumber();
}

std::optional<boost::json::value> Parser::ParseJsonNumber() {
  const Span start = Here();
  const std::size_t sign = Kind() == TokenKind::kMinus ? 1 : 0;
  const TokenKind kind = Kind(sign);
  if (kind != TokenKind::kInt && kind != TokenKind::kDecimal && kind != TokenKind::kFloat) {
    Unexpected("a JSON value");
    return std::nullopt;
  }
  if (kind == TokenKind::kInt) {
    const auto value = ParseInt("a number");
    if (!value) return std::nullopt;
    return boost::json::value(*value);
  }
  if (sign == 1) Advance();
  const std::string digits(text_.substr(Peek().offset, Peek().length));
  Advance();
  const double value = std::strtod(digits.c_str(), nullptr);
  if (!(value < 1e308)) {
    sink_.Report(Since(start), "the number is too large");
    return std::nullopt;
  }
  return boost::json::value(sign == 1 ? -value : value);
}

}  // namespace tenon::model
