// Lifecycles and events.
#include "model/parser_nested.h"

namespace tenon::model {

bool Parser::ParseLifecycle(ast::Entity& entity, Span start) {
  ast::Lifecycle out;
  auto path = ParsePath();
  if (!path) return false;
  out.path = std::move(*path);
  bool one_line = false;
  const bool closed = ParseBlock(out.end, one_line, true, [&] {
    if (!CountNode()) return false;
    const Span at = Here();
    if (AcceptWord("initial")) {
      if (out.initial) sink_.Report(at, "a second 'initial'");
      auto state = ParseState();
      if (!state) return false;
      out.initial = std::move(*state);
      while (Accept(TokenKind::kComma)) {
        auto other = ParseState();
        if (!other || !Append(out.may_begin, std::move(*other))) return false;
      }
      return true;
    }
    if (AcceptWord("on")) {
      auto event = ParseEvent();
      if (!event) return false;
      event->span = Since(at);
      return Append(out.events, std::move(*event));
    }
    Unexpected("'initial STATE' or 'on EVENT'");
    return false;
  });
  if (!closed) return false;
  out.span = Since(start);
  entity.items.emplace_back(std::move(out));
  return true;
}

// "start PENDING, FAILED -> PROCESSING by ... { ... }": what follows `on`.
std::optional<ast::Event> Parser::ParseEvent() {
  ast::Event event;
  auto name = ParseName("the name of an event");
  if (!name) return std::nullopt;
  event.name = std::move(*name);
  if (ArrowAhead()) {
    if (Accept(TokenKind::kStar)) {
      event.any_state = true;
    } else {
      do {
        auto state = ParseState();
        if (!state) return std::nullopt;
        if (!Append(event.from, std::move(*state))) return std::nullopt;
      } while (Accept(TokenKind::kComma));
    }
    if (!Expect(TokenKind::kArrow, "'->'")) return std::nullopt;
    auto to = ParseState();
    if (!to) return std::nullopt;
    event.to = std::move(*to);
  }
  while (!EndsItem()) {
    if (Kind() == TokenKind::kString) {
      ParseDescription(event.description);
    } else if (Kind() == TokenKind::kLeftBrace) {
      if (!ParseEventBody(event)) return std::nullopt;
    } else if (AcceptWord("quiet")) {
      event.quiet = true;
    } else if (AcceptWord("by")) {
      auto roles = ParseNames("the name of a role");
      if (!roles) return std::nullopt;
      event.by = std::move(*roles);
    } else if (AcceptWord("auto")) {
      if (!ExpectWord("when")) return std::nullopt;
      event.auto_when = ParseExpression();
      if (!event.auto_when) return std::nullopt;
    } else {
      Unexpected(
          "'by', 'auto when', a description, '{', 'quiet', FROM -> TO or the end of the line");
      return std::nullopt;
    }
  }
  return event;
}

// Whether an arrow comes before anything that a list of states cannot have.
bool Parser::ArrowAhead() const {
  for (std::size_t ahead = 0; !EndsItem(ahead) || Peek(ahead).newline_before; ++ahead) {
    switch (Kind(ahead)) {
      case TokenKind::kArrow:
        return true;
      case TokenKind::kStar:
      case TokenKind::kComma:
      case TokenKind::kString:
        break;
      case TokenKind::kName: {
        // After a comma the list may go on in the next line; otherwise a new line is a new item.
        const bool after_comma = ahead > 0 && Kind(ahead - 1) == TokenKind::kComma;
        if (Peek(ahead).newline_before && !after_comma) return false;
        if (AtWord("by", ahead) || AtWord("auto", ahead) || AtWord("quiet", ahead)) return false;
        break;
      }
      default:
        return false;
    }
  }
  return false;
}

std::optional<ast::Name> Parser::ParseState() { return ParseNameOrText("the name of a state"); }

bool Parser::ParseEventBody(ast::Event& event) {
  Span end;
  return ParseBlock(end, event.one_line, false, [&] {
    if (!CountNode()) return false;
    if (AcceptWord("takes")) return ParseTakes(event);
    if (AcceptWord("set")) return ParseSet(event);
    if (AtWord("when")) {
      if (event.when) sink_.Report(Here(), "a second 'when'", "join them with and");
      Advance();
      event.when = ParseExpression();
      return event.when != nullptr;
    }
    Unexpected("'takes', 'when' or 'set'");
    return false;
  });
}

bool Parser::ParseTakes(ast::Event& event) {
  do {
    if (!CountNode()) return false;
    ast::Take take;
    auto name = ParseName("the name of a field or value");
    if (!name) return false;
    take.name = std::move(*name);
    if (AtType(0)) {
      take.type = ParseType(true);
      if (!take.type) return false;
      take.optional = take.type->nullable;
    } else {
      take.optional = !Peek().newline_before && Accept(TokenKind::kQuestion);
    }
    if (!Append(event.takes, std::move(take))) return false;
  } while (Accept(TokenKind::kComma));
  return true;
}

bool Parser::ParseSet(ast::Event& event) {
  do {
    if (!CountNode()) return false;
    auto path = ParsePath();
    if (!path || !Expect(TokenKind::kEq, "'='")) return false;
    ast::Assignment assignment;
    assignment.path = std::move(*path);
    assignment.value = ParseExpression();
    if (!assignment.value) return false;
    if (!Append(event.set, std::move(assignment))) return false;
  } while (Accept(TokenKind::kComma));
  return true;
}

}  // namespace tenon::model
