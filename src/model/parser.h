// A recursive-descent parser that goes on after an error: at the next line of a block, or at the
// next declaration that begins a line without indentation. Nesting is bounded by
// limits::kModelNestingMax, so that no input can exhaust the stack.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/ast.h"
#include "model/diagnostics.h"
#include "model/lexer.h"

namespace tenon::model {

// Not thread-safe; one for each file. Every Parse function returns nullopt (or null) after it has
// reported, and leaves it to the caller to find a place to go on.
class Parser {
 public:
  Parser(std::string_view text, std::uint32_t file, const Lexed& lexed, LexMode mode,
         DiagnosticSink& sink);

  ast::File ParseFile();

  // A whole input that is one expression, or one path: filters, order_by.
  ast::ExprPtr ParseWholeExpression();
  ast::ExprPtr ParseWholePath();

 private:
  class Nested;  // counts the depth while it lives

  // parser.cc: tokens, and what stands at the top of a file.
  [[nodiscard]] const Token& Peek(std::size_t ahead = 0) const;
  [[nodiscard]] TokenKind Kind(std::size_t ahead = 0) const { return Peek(ahead).kind; }
  [[nodiscard]] std::string_view Word(std::size_t ahead = 0) const;  // a name's text, else empty
  [[nodiscard]] bool AtWord(std::string_view word, std::size_t ahead = 0) const;
  [[nodiscard]] Span SpanOf(const Token& token) const;
  [[nodiscard]] Span Here() const { return SpanOf(Peek()); }
  [[nodiscard]] Span Since(Span start) const;  // from start to the token before this one
  [[nodiscard]] bool EndsItem(std::size_t ahead = 0) const;
  [[nodiscard]] bool AtDeclaration() const;  // a declaration's word at the margin
  void Advance();
  bool Accept(TokenKind kind);
  bool AcceptWord(std::string_view word);
  bool Expect(TokenKind kind, std::string_view what);
  bool ExpectWord(std::string_view word);
  void Unexpected(std::string_view expected, std::string hint = "");
  std::optional<ast::Name> ParseName(std::string_view what);
  std::optional<ast::Name> ParseNameOrText(std::string_view what);
  std::optional<std::vector<ast::Name>> ParseNames(std::string_view what);
  std::optional<std::vector<ast::Name>> ParsePath();
  std::optional<std::int64_t> ParseInt(std::string_view what);
  void ParseDescription(std::optional<ast::Text>& out);
  bool CountNode();
  template <typename T>
  bool Append(std::vector<T>& list, T item);
  void SkipItem();
  void SkipToDeclaration();
  template <typename ParseOne>
  bool ParseBlock(Span& end, bool& one_line, bool separated, ParseOne parse_one);

  bool ParseModelLine(ast::File& file);
  bool ParseDeclaration(ast::File& file);
  bool ParseEnum(ast::File& file, bool extend);
  bool ParseEnumValues(std::vector<ast::EnumValue>& values, Span& end, bool& one_line);
  bool ParseEnumValue(std::vector<ast::EnumValue>& values);

  // parse_shape.cc: shapes, unions and types.
  bool ParseShape(ast::File& file);
  bool ParseShapeItem(ast::Shape& shape);
  bool ParseUnion(ast::File& file);
  [[nodiscard]] bool AtType(std::size_t ahead) const;
  std::optional<ast::TypeExpr> ParseType(bool in_shape);
  bool ParseTypeArguments(ast::TypeExpr& type);
  bool ParseByCases(ast::TypeExpr& type);
  bool ParseRange(ast::TypeExpr& type);

  // parse_entity.cc: entities, fields and clauses.
  bool ParseEntity(ast::File& file, Span start, bool extend, bool global);
  bool ParseItem(ast::Entity& entity);
  [[nodiscard]] bool AtField() const;
  bool ParseField(ast::Entity& entity);
  bool ParseModifier(ast::Field& field);
  bool ParseReference(ast::Field& field);
  bool ParseClause(ast::Entity& entity);
  bool ParseKey(ast::Entity& entity, Span start);
  bool ParseIndex(ast::Entity& entity, Span start, bool unique);
  bool ParseCheck(ast::Entity& entity, Span start);
  bool ParseSearch(ast::Entity& entity, Span start);
  bool ParseColumns(std::vector<ast::Column>& columns);
  bool ParseSoftDelete(ast::Entity& entity, Span start);
  bool ParseIdempotent(ast::Entity& entity, Span start);
  bool ParsePurge(ast::Entity& entity, Span start);
  bool ParseNotify(ast::Entity& entity, Span start);
  bool ParseEdge(ast::Entity& entity, Span start);
  bool ParseMany(ast::Entity& entity, Span start);
  bool ParseQuota(ast::Entity& entity, Span start);
  bool ParsePermit(ast::Entity& entity, Span start);

  // parse_event.cc
  bool ParseLifecycle(ast::Entity& entity, Span start);
  std::optional<ast::Event> ParseEvent();
  [[nodiscard]] bool ArrowAhead() const;
  std::optional<ast::Name> ParseState();
  bool ParseEventBody(ast::Event& event);
  bool ParseTakes(ast::Event& event);
  bool ParseSet(ast::Event& event);

  // parse_view.cc
  bool ParseView(ast::File& file);
  bool ParseParameters(ast::View& view);
  bool ParseViewBody(ast::ViewBody& body);
  bool ParseViewClause(ast::ViewBody& body);
  std::optional<ast::Order> ParseOrder();
  std::optional<ast::ViewColumn> ParseColumn();

  // parse_expression.cc
  ast::ExprPtr ParseExpression();
  ast::ExprPtr ParseChain(Op op);
  ast::ExprPtr ParseNot();
  ast::ExprPtr ParseComparison();
  ast::ExprPtr ParseIn(ast::ExprPtr left, bool negated);
  ast::ExprPtr ParseSum();
  ast::ExprPtr ParseProduct();
  ast::ExprPtr ParseUnary();
  ast::ExprPtr ParsePrimary();
  ast::ExprPtr ParsePathOrCall();
  ast::ExprPtr ParseCall();
  ast::ExprPtr ParseBracketed();
  ast::ExprPtr ParseList();
  ast::ExprPtr ParsePathExpression();
  ast::ExprPtr NewExpr(ast::ExprKind kind, Span span);
  ast::ExprPtr Combine(ast::ExprKind kind, Op op, std::vector<ast::ExprPtr> args);
  std::optional<boost::json::value> ParseJson();
  std::optional<boost::json::value> ParseJsonNumber();

  std::string_view text_;
  std::uint32_t file_;
  const std::vector<Token>& tokens_;
  DiagnosticSink& sink_;
  std::size_t at_ = 0;
  int depth_ = 0;     // of nested calls
  int brackets_ = 0;  // open ( [ and JSON braces: newlines end nothing there
  int nodes_ = 0;
  int nodes_max_;
};

}  // namespace tenon::model
