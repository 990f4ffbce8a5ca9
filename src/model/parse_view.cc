// Views.
#include "model/parser_nested.h"

namespace tenon::model {

bool Parser::ParseView(ast::File& file) {
  const Span start = Here();
  Advance();
  ast::View out;
  auto name = ParseName("the name of the view");
  if (!name) return false;
  out.name = std::move(*name);
  if (Accept(TokenKind::kLeftParen)) {
    ++brackets_;
    const bool fine = ParseParameters(out);
    --brackets_;
    if (!fine) return false;
  }
  const Span body_start = Here();
  bool closed = false;
  if (AcceptWord("of")) {
    out.single = true;
    ast::ViewBody body;
    auto entity = ParseName("the name of an entity");
    if (!entity) return false;
    body.entity = std::move(*entity);
    ParseDescription(out.description);
    closed = ParseViewBody(body);
    out.end = body.end;
    body.span = Since(body_start);
    out.bodies.push_back(std::move(body));
  } else {
    ParseDescription(out.description);
    bool one_line = false;
    closed = ParseBlock(out.end, one_line, false, [&] {
      const Span at = Here();
      if (!ExpectWord("of")) return false;
      ast::ViewBody body;
      auto entity = ParseName("the name of an entity");
      if (!entity) return false;
      body.entity = std::move(*entity);
      const bool fine = ParseViewBody(body);
      body.span = Since(at);
      return Append(out.bodies, std::move(body)) && fine;
    });
  }
  out.span = Since(start);
  file.declarations.emplace_back(std::move(out));
  return closed;
}

bool Parser::ParseParameters(ast::View& view) {
  do {
    if (!CountNode()) return false;
    ast::Parameter parameter;
    auto name = ParseName("the name of a parameter");
    if (!name) return false;
    parameter.name = std::move(*name);
    auto type = ParseType(false);
    if (!type) return false;
    parameter.type = std::move(*type);
    if (Accept(TokenKind::kEq)) {
      parameter.default_value = ParseUnary();
      if (!parameter.default_value) return false;
    }
    if (!Append(view.parameters, std::move(parameter))) return false;
  } while (Accept(TokenKind::kComma));
  return Expect(TokenKind::kRightParen, "',' or ')'");
}

bool Parser::ParseViewBody(ast::ViewBody& body) {
  return ParseBlock(body.end, body.one_line, false, [&] { return ParseViewClause(body); });
}

bool Parser::ParseViewClause(ast::ViewBody& body) {
  if (!CountNode()) return false;
  const Span start = Here();
  if (AcceptWord("join")) {
    ast::ViewJoin join;
    auto entity = ParseName("the name of an entity");
    if (!entity || !ExpectWord("as")) return false;
    auto alias = ParseName("a name for the joined rows");
    if (!alias || !ExpectWord("on")) return false;
    join.entity = std::move(*entity);
    join.alias = std::move(*alias);
    join.on = ParseExpression();
    if (!join.on) return false;
    join.span = Since(start);
    return Append(body.joins, std::move(join));
  }
  if (AcceptWord("where")) {
    if (body.where) sink_.Report(start, "a second 'where'", "join them with and");
    body.where = ParseExpression();
    return body.where != nullptr;
  }
  if (AcceptWord("group")) {
    do {
      auto path = ParsePathExpression();
      if (!path) return false;
      if (!Append(body.group, std::move(path))) return false;
    } while (Accept(TokenKind::kComma));
    return true;
  }
  if (AcceptWord("order")) {
    do {
      auto order = ParseOrder();
      if (!order) return false;
      if (!Append(body.order, std::move(*order))) return false;
    } while (Accept(TokenKind::kComma));
    return true;
  }
  if (AcceptWord("limit")) {
    if (Kind() == TokenKind::kInt) {
      body.limit = {std::string(text_.substr(Peek().offset, Peek().length)), Here()};
      body.limit_is_number = true;
      Advance();
      return true;
    }
    auto parameter = ParseName("a number or a parameter");
    if (!parameter) return false;
    body.limit = std::move(*parameter);
    return true;
  }
  if (AcceptWord("select")) {
    do {
      auto column = ParseColumn();
      if (!column) return false;
      if (!Append(body.select, std::move(*column))) return false;
    } while (Accept(TokenKind::kComma));
    return true;
  }
  Unexpected("'join', 'where', 'group', 'order', 'limit' or 'select'");
  return false;
}

std::optional<ast::Order> Parser::ParseOrder() {
  ast::Order order;
  order.value = ParseExpression();
  if (!order.value) return std::nullopt;
  if (!EndsItem()) {
    order.descending = AcceptWord("desc");
    if (!order.descending) AcceptWord("asc");
  }
  return order;
}

std::optional<ast::ViewColumn> Parser::ParseColumn() {
  const Nested nested(*this);
  if (!nested.Ok() || !CountNode()) return std::nullopt;
  ast::ViewColumn column;
  column.span = Here();
  if (Accept(TokenKind::kStar)) {
    column.all = true;
  } else if (Kind() == TokenKind::kName && Kind(1) == TokenKind::kLeftBrace) {
    column.relation = *ParseName("a relation");
    Span end;
    bool one_line = false;
    const int brackets = std::exchange(brackets_, 0);
    const bool closed = ParseBlock(end, one_line, false, [&] {
      auto inner = ParseColumn();
      if (!inner) return false;
      return Append(column.columns, std::move(*inner));
    });
    brackets_ = brackets;
    if (!closed) return std::nullopt;
    if (!EndsItem() && AcceptWord("order")) {
      column.order = ParseOrder();
      if (!column.order) return std::nullopt;
    }
  } else {
    column.value = ParseExpression();
    if (!column.value) return std::nullopt;
  }
  if (!column.all && !EndsItem() && AcceptWord("as")) {
    auto as = ParseName("the name of the column");
    if (!as) return std::nullopt;
    column.as = std::move(*as);
  }
  column.span = Since(column.span);
  return column;
}

}  // namespace tenon::model
