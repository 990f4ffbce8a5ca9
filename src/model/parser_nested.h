// Parts of the parser that its source files share.
#pragma once

#include <fmt/format.h>

#include "base/limits.h"
#include "model/parser.h"

namespace tenon::model {

// Counts one level of nesting while it lives. Not Ok: it was one too many, and is reported.
class Parser::Nested {
 public:
  explicit Nested(Parser& parser) : parser_(parser) {
    ok_ = ++parser.depth_ <= limits::kModelNestingMax;
    if (!ok_) {
      parser.sink_.Report(parser.Here(),
                          fmt::format("nested more than {} levels deep", limits::kModelNestingMax));
    }
  }
  ~Nested() { --parser_.depth_; }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;
  [[nodiscard]] bool Ok() const { return ok_; }

 private:
  Parser& parser_;
  bool ok_;
};

// Adds to a list, which is bounded: what checks it may look at every pair.
template <typename T>
bool Parser::Append(std::vector<T>& list, T item) {
  if (list.size() >= limits::kModelItemsMax) {
    sink_.Report(Here(), fmt::format("a list has at most {} items", limits::kModelItemsMax));
    return false;
  }
  list.push_back(std::move(item));
  return true;
}

// "{ items }". `separated`: every item stands on a line of its own. Returns false only when the
// block does not open or does not close; what is wrong inside has been skipped.
template <typename ParseOne>
bool Parser::ParseBlock(Span& end, bool& one_line, bool separated, ParseOne parse_one) {
  const std::size_t open = at_;
  if (!Expect(TokenKind::kLeftBrace, "'{'")) return false;
  one_line = true;
  while (Kind() != TokenKind::kRightBrace && Kind() != TokenKind::kEnd && !AtDeclaration() &&
         !sink_.Full()) {
    const std::size_t before = at_;
    bool fine = parse_one();
    if (fine && separated && !EndsItem()) {
      Unexpected("the end of the line");
      fine = false;
    }
    if (fine) {
      if (!separated) Accept(TokenKind::kComma);
      if (at_ != before) continue;
    }
    if (at_ == before) Advance();
    SkipItem();
  }
  end = Here();
  for (std::size_t i = open + 1; i <= at_ && one_line; ++i) {
    one_line = !tokens_[i].newline_before;
  }
  if (Accept(TokenKind::kRightBrace)) return true;
  if (!sink_.Full()) {
    const Token& brace = tokens_[open];
    sink_.Report(SpanOf(brace), "this '{' is never closed");
  }
  return false;
}

}  // namespace tenon::model
