// Entities: fields and clauses. Lifecycles and events are in parse_event.cc.
#include <array>

#include "model/parser_nested.h"
#include "model/words.h"

namespace tenon::model {
namespace {

constexpr std::array<std::string_view, 19> kClauseWords = {
    "key",     "unique",     "index", "lifecycle", "on",       "soft", "append",
    "written", "idempotent", "check", "purge",     "notify",   "edge", "node",
    "many",    "search",     "quota", "permit",    "partition"};

constexpr std::array<std::string_view, 21> kModifierWords = {
    "key",     "tenant",  "namespace", "unique",  "lock",  "search",  "facet",
    "once",    "hidden",  "redact",    "auto",    "was",   "example", "globally",
    "created", "updated", "creator",   "updater", "agent", "address", "job"};

bool IsClauseWord(std::string_view word) {
  return std::find(kClauseWords.begin(), kClauseWords.end(), word) != kClauseWords.end();
}

}  // namespace

bool Parser::ParseEntity(ast::File& file, Span start, bool extend, bool global) {
  Advance();
  ast::Entity out;
  out.extend = extend;
  out.global = global;
  auto name = ParseName("the entity's name");
  if (!name) return false;
  out.name = std::move(*name);
  while (!extend && Kind() == TokenKind::kName) {
    const bool table = AtWord("in");
    if (!table && !AtWord("was")) break;
    Advance();
    auto word = ParseName(table ? "the name of its table" : "the earlier name of its table");
    if (!word) return false;
    (table ? out.table : out.was) = std::move(*word);
  }
  if (!extend) ParseDescription(out.description);
  const bool closed = ParseBlock(out.end, out.one_line, true, [&] { return ParseItem(out); });
  out.span = Since(start);
  file.declarations.emplace_back(std::move(out));
  return closed;
}

bool Parser::ParseItem(ast::Entity& entity) {
  if (!CountNode()) return false;
  if (entity.items.size() >= limits::kModelItemsMax) {
    sink_.Report(
        Here(), fmt::format("an entity has at most {} fields and clauses", limits::kModelItemsMax));
    SkipToDeclaration();
    return false;
  }
  if (Kind() != TokenKind::kName) {
    Unexpected("a field or a clause");
    return false;
  }
  return AtField() ? ParseField(entity) : ParseClause(entity);
}

// The rule of docs/language.md, "Field or clause?".
bool Parser::AtField() const {
  const std::string_view word = Word();
  if (!IsClauseWord(word)) return true;
  if (word == "lifecycle") {  // a column named like a type may have a lifecycle
    std::size_t ahead = 2;
    while (Kind(ahead) == TokenKind::kDot) ahead += 2;
    if (Kind(ahead) == TokenKind::kLeftBrace) return false;
  }
  if (!AtType(1)) return false;
  if (word == "check") {
    switch (Kind(2)) {  // only a field can have these after its type
      case TokenKind::kLeftParen:
      case TokenKind::kQuestion:
      case TokenKind::kArrow:
      case TokenKind::kEq:
      case TokenKind::kString:
      case TokenKind::kEnd:
      case TokenKind::kRightBrace:
        return true;
      default:
        break;
    }
    if (Kind(1) == TokenKind::kLeftBracket || Peek(2).newline_before) return true;
    const std::string_view next = Word(2);
    return std::find(kModifierWords.begin(), kModifierWords.end(), next) != kModifierWords.end() ||
           next == "by" || next == "v4" ||
           (!next.empty() && next.front() >= 'A' && next.front() <= 'Z');
  }
  if ((word == "search" || word == "index") &&
      (Kind(2) == TokenKind::kComma || Kind(2) == TokenKind::kDot || AtWord("gin", 2))) {
    return false;
  }
  return true;
}

bool Parser::ParseField(ast::Entity& entity) {
  const Span start = Here();
  ast::Field field;
  auto name = ParseName("the name of a field");
  if (!name) return false;
  field.name = std::move(*name);
  if (!AtType(0) && !EndsItem() && Kind() == TokenKind::kName) {
    std::vector<std::string_view> candidates(kTypeWords.begin(), kTypeWords.end());
    std::string hint = DidYouMean(Word(), candidates);
    const std::string_view word = Word();
    if (word == "string" || word == "varchar") hint = "text(n)";
    if (word == "integer" || word == "bigint") hint = "int";
    if (word == "timestamp" || word == "timestamptz" || word == "datetime") hint = "time";
    if (word == "boolean") hint = "bool";
    if (word == "jsonb") hint = "json";
    if (word == "numeric") hint = "decimal(p, s)";
    std::vector<std::string_view> clauses(kClauseWords.begin(), kClauseWords.end());
    const std::string clause = DidYouMean(field.name.text, clauses);
    if (hint.empty() && !clause.empty()) {
      sink_.Report(field.name.span,
                   fmt::format("'{}' begins neither a field nor a clause", field.name.text),
                   clause);
    } else {
      Unexpected("a type", hint.starts_with("did") || hint.empty() ? hint : "write " + hint);
      field.broken = true;
      field.span = Since(start);
      entity.items.emplace_back(std::move(field));
    }
    return false;
  }
  auto type = ParseType(false);
  bool fine = type.has_value();
  field.broken = !fine;
  if (type) field.type = std::move(*type);
  while (fine && !EndsItem()) fine = ParseModifier(field);
  field.span = Since(start);
  entity.items.emplace_back(std::move(field));  // also when a modifier is wrong: it has a name
  return fine;
}

bool Parser::ParseModifier(ast::Field& field) {
  const Span here = Here();
  const auto mark = [&](Span& at) {
    if (at.length > 0) sink_.Report(here, fmt::format("'{}' is given twice", Word()));
    at = here;
    Advance();
    return true;
  };
  if (Kind() == TokenKind::kString) {
    ParseDescription(field.description);
    return true;
  }
  if (Kind() == TokenKind::kArrow) return ParseReference(field);
  if (Accept(TokenKind::kEq)) {
    if (field.default_value) sink_.Report(here, "a second default");
    field.default_value = ParseExpression();
    return field.default_value != nullptr;
  }
  const std::string_view word = Word();
  if (word == "key") return mark(field.key);
  if (word == "tenant") return mark(field.tenant);
  if (word == "namespace") return mark(field.namespace_label);
  if (word == "lock") return mark(field.lock);
  if (word == "search") return mark(field.search);
  if (word == "facet") return mark(field.facet);
  if (word == "once") return mark(field.once);
  if (word == "hidden") return mark(field.hidden);
  if (word == "redact") return mark(field.redact);
  if (word == "unique") {
    mark(field.unique);
    if (!EndsItem() && AtWord("globally")) mark(field.globally);
    return true;
  }
  if (word == "auto" || word == "was") {
    Advance();
    auto name =
        ParseName(word == "auto" ? "created, updated, creator, updater, agent, address or job"
                                 : "the column's earlier name");
    if (!name) return false;
    (word == "auto" ? field.automatic : field.was) = std::move(*name);
    return true;
  }
  if (word == "example") {
    Advance();
    field.example = ParseUnary();
    return field.example != nullptr;
  }
  Unexpected("a modifier, a default, a description or the end of the line",
             word.empty() ? "" : DidYouMean(word, kModifierWords));
  return false;
}

bool Parser::ParseReference(ast::Field& field) {
  if (field.reference) sink_.Report(Here(), "a second reference");
  Advance();
  ast::Reference reference;
  auto target = ParseName("the entity that is referenced");
  if (!target) return false;
  reference.target = std::move(*target);
  if (!EndsItem() && AcceptWord("as")) {
    auto reverse = ParseName("the name of the relation back");
    if (!reverse) return false;
    reference.reverse = std::move(*reverse);
  }
  if (!EndsItem() && AcceptWord("on")) {
    if (!ExpectWord("delete")) return false;
    auto what = ParseName("cascade, restrict, null or the name of an event");
    if (!what) return false;
    reference.on_delete = std::move(*what);
  }
  field.reference = std::move(reference);
  return true;
}

bool Parser::ParseClause(ast::Entity& entity) {
  const Span start = Here();
  const std::string_view word = Word();
  Advance();
  if (word == "key") return ParseKey(entity, start);
  if (word == "unique") return ParseIndex(entity, start, true);
  if (word == "index") return ParseIndex(entity, start, false);
  if (word == "lifecycle") return ParseLifecycle(entity, start);
  if (word == "soft") return ParseSoftDelete(entity, start);
  if (word == "idempotent") return ParseIdempotent(entity, start);
  if (word == "purge") return ParsePurge(entity, start);
  if (word == "notify") return ParseNotify(entity, start);
  if (word == "edge") return ParseEdge(entity, start);
  if (word == "many") return ParseMany(entity, start);
  if (word == "quota") return ParseQuota(entity, start);
  if (word == "permit") return ParsePermit(entity, start);
  if (word == "on") {
    auto event = ParseEvent();
    if (!event) return false;
    event->span = Since(start);
    entity.items.emplace_back(std::move(*event));
    return true;
  }
  if (word == "append") {
    ast::AppendOnly clause;
    if (!ExpectWord("only")) return false;
    if (!EndsItem() && AcceptWord("except")) {
      auto names = ParseNames("the name of an event");
      if (!names) return false;
      clause.except = std::move(*names);
    }
    clause.span = Since(start);
    entity.items.emplace_back(std::move(clause));
    return true;
  }
  if (word == "written") {
    if (!ExpectWord("by") || !ExpectWord("engine")) return false;
    entity.items.emplace_back(ast::WrittenBy{Since(start)});
    return true;
  }
  if (word == "check") return ParseCheck(entity, start);
  if (word == "node") {
    if (!ExpectWord("label")) return false;
    auto field = ParseName("the field with the label");
    if (!field) return false;
    entity.items.emplace_back(ast::NodeLabel{Since(start), std::move(*field)});
    return true;
  }
  if (word == "search") return ParseSearch(entity, start);
  if (!ExpectWord("by") || !ExpectWord("month")) return false;  // partition
  entity.items.emplace_back(ast::Partition{Since(start)});
  return true;
}

bool Parser::ParseCheck(ast::Entity& entity, Span start) {
  ast::Check check;
  check.condition = ParseExpression();
  if (!check.condition) return false;
  if (Kind() != TokenKind::kString || EndsItem()) {
    Unexpected("an operator, or the message that a caller gets, in quotes");
    return false;
  }
  check.message = {DecodeString(text_.substr(Peek().offset, Peek().length)), Here()};
  Advance();
  check.span = Since(start);
  entity.items.emplace_back(std::move(check));
  return true;
}

bool Parser::ParseSearch(ast::Entity& entity, Span start) {
  ast::Search search;
  do {
    if (!CountNode()) return false;
    auto path = ParsePathExpression();
    if (!path) return false;
    if (!Append(search.paths, std::move(path))) return false;
  } while (Accept(TokenKind::kComma));
  search.span = Since(start);
  entity.items.emplace_back(std::move(search));
  return true;
}

bool Parser::ParseKey(ast::Entity& entity, Span start) {
  if (!Expect(TokenKind::kLeftParen, "a type (for a field named key) or '('")) return false;
  ++brackets_;
  auto names = ParseNames("the name of a field");
  const bool closed = names && Expect(TokenKind::kRightParen, "',' or ')'");
  --brackets_;
  if (!closed) return false;
  entity.items.emplace_back(ast::KeyClause{Since(start), std::move(*names)});
  return true;
}

bool Parser::ParseIndex(ast::Entity& entity, Span start, bool unique) {
  ast::IndexClause index;
  index.unique = unique;
  const bool path_gin = Kind() == TokenKind::kName && Kind(1) != TokenKind::kLeftParen;
  if (Kind() == TokenKind::kName && !EndsItem()) {
    // "NAME (", "NAME F gin" or "F gin": with two names before gin, the first is the index's.
    const bool has_name = !path_gin || (Kind(1) == TokenKind::kName && !AtWord("gin", 1));
    if (has_name) index.name = *ParseName("the name of the index");
  }
  if (path_gin && !unique && Kind() == TokenKind::kName && !EndsItem()) {
    auto path = ParsePath();
    if (!path || !ExpectWord("gin")) return false;
    index.gin = true;
    index.columns.push_back({std::move(*path), false});
  } else {
    if (Kind() != TokenKind::kLeftParen || EndsItem()) {
      Unexpected("the columns in brackets, or a type (for a field of this name)");
      return false;
    }
    if (!ParseColumns(index.columns)) return false;
    if (!EndsItem() && unique && AcceptWord("globally")) index.globally = true;
    if (!EndsItem() && AcceptWord("where")) {
      index.where = ParseExpression();
      if (!index.where) return false;
    }
  }
  index.span = Since(start);
  entity.items.emplace_back(std::move(index));
  return true;
}

bool Parser::ParseColumns(std::vector<ast::Column>& columns) {
  Advance();
  ++brackets_;
  bool fine = true;
  do {
    auto path = ParsePath();
    fine = path.has_value() && CountNode();
    if (!fine) break;
    ast::Column column{std::move(*path), false};
    column.descending = AcceptWord("desc");
    if (!column.descending) AcceptWord("asc");
    fine = Append(columns, std::move(column));
    if (!fine) break;
  } while (Accept(TokenKind::kComma));
  fine = fine && Expect(TokenKind::kRightParen, "',' or ')'");
  --brackets_;
  return fine;
}

bool Parser::ParseSoftDelete(ast::Entity& entity, Span start) {
  if (!ExpectWord("delete") || !ExpectWord("by")) return false;
  auto path = ParsePath();
  if (!path) return false;
  ast::SoftDelete clause;
  clause.path = std::move(*path);
  if (!EndsItem() && AcceptWord("as")) {
    auto shape = ParseName("the shape of the mark");
    if (!shape) return false;
    clause.shape = std::move(*shape);
  }
  clause.span = Since(start);
  entity.items.emplace_back(std::move(clause));
  return true;
}

bool Parser::ParseIdempotent(ast::Entity& entity, Span start) {
  if (!ExpectWord("by")) return false;
  ast::Idempotent clause;
  if (Accept(TokenKind::kLeftParen)) {
    ++brackets_;
    auto names = ParseNames("the name of a field");
    const bool closed = names && Expect(TokenKind::kRightParen, "',' or ')'");
    --brackets_;
    if (!closed) return false;
    clause.fields = std::move(*names);
  } else {
    auto field = ParseName("'(' and fields, or FIELD = EXPRESSION");
    if (!field || !Expect(TokenKind::kEq, "'='")) return false;
    clause.field = std::move(*field);
    clause.value = ParseExpression();
    if (!clause.value) return false;
  }
  clause.span = Since(start);
  entity.items.emplace_back(std::move(clause));
  return true;
}

bool Parser::ParsePurge(ast::Entity& entity, Span start) {
  if (!ExpectWord("when")) return false;
  ast::Purge clause;
  clause.when = ParseExpression();
  if (!clause.when) return false;
  while (!EndsItem()) {
    if (AcceptWord("export")) {
      clause.archive = true;
      continue;
    }
    const Span at = Here();
    if (!ExpectWord("daily") || !ExpectWord("at")) return false;
    const auto hours = ParseInt("the hour");
    if (!hours || !Expect(TokenKind::kColon, "':'")) return false;
    const auto minutes = ParseInt("the minutes");
    if (!minutes) return false;
    if (*hours < 0 || *hours > 23 || *minutes < 0 || *minutes > 59) {
      sink_.Report(Since(at), "not a time of day", "from 00:00 to 23:59, in UTC");
      return false;
    }
    clause.daily_at_minutes = static_cast<int>(*hours * 60 + *minutes);
  }
  clause.span = Since(start);
  entity.items.emplace_back(std::move(clause));
  return true;
}

bool Parser::ParseNotify(ast::Entity& entity, Span start) {
  ast::Notify clause;
  auto type = ParseName("the type of the notification");
  if (!type) return false;
  clause.type = std::move(*type);
  if (AcceptWord("to")) {
    auto channels = ParseNames("the name of a channel");
    if (!channels) return false;
    clause.channels = std::move(*channels);
  }
  if (!ExpectWord("when")) return false;
  clause.when = ParseExpression();
  if (!clause.when) return false;
  if (Kind() == TokenKind::kLeftBrace && !Peek().newline_before) {
    Span end;
    bool one_line = false;
    const bool closed = ParseBlock(end, one_line, false, [&] {
      if (!CountNode()) return false;
      auto path = ParsePathExpression();
      if (!path) return false;
      return Append(clause.payload, std::move(path));
    });
    if (!closed) return false;
  }
  clause.span = Since(start);
  entity.items.emplace_back(std::move(clause));
  return true;
}

bool Parser::ParseEdge(ast::Entity& entity, Span start) {
  auto from = ParseName("the field with the source");
  if (!from || !Expect(TokenKind::kArrow, "'->'")) return false;
  auto to = ParseName("the field with the target");
  if (!to || !ExpectWord("kind")) return false;
  ast::Edge clause;
  clause.from = std::move(*from);
  clause.to = std::move(*to);
  clause.kind = ParseExpression();
  if (!clause.kind) return false;
  clause.span = Since(start);
  entity.items.emplace_back(std::move(clause));
  return true;
}

bool Parser::ParseMany(ast::Entity& entity, Span start) {
  auto name = ParseName("the name of the relation");
  if (!name || !Expect(TokenKind::kArrow, "'->'")) return false;
  auto target = ParseName("the entity at the other end");
  if (!target || !ExpectWord("through")) return false;
  auto through = ParseName("the entity between them");
  if (!through) return false;
  entity.items.emplace_back(
      ast::Many{Since(start), std::move(*name), std::move(*target), std::move(*through)});
  return true;
}

bool Parser::ParseQuota(ast::Entity& entity, Span start) {
  ast::Quota clause;
  auto name = ParseName("the name of the quota");
  if (!name) return false;
  clause.name = std::move(*name);
  if (!EndsItem() && Accept(TokenKind::kEq)) {
    clause.max = ParseInt("the default limit");
    if (!clause.max) return false;
  }
  clause.span = Since(start);
  entity.items.emplace_back(std::move(clause));
  return true;
}

bool Parser::ParsePermit(ast::Entity& entity, Span start) {
  ast::Permit clause;
  auto role = ParseName("the name of a role");
  if (!role || !Expect(TokenKind::kColon, "':'")) return false;
  clause.role = std::move(*role);
  auto actions = ParseNames("read, create, update, delete, restore or the name of an event");
  if (!actions) return false;
  clause.actions = std::move(*actions);
  clause.span = Since(start);
  entity.items.emplace_back(std::move(clause));
  return true;
}

}  // namespace tenon::model
