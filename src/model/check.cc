#include "model/check.h"

#include <fmt/format.h>

#include "base/limits.h"
#include "model/builder.h"
#include "model/expression_checker.h"
#include "model/lexer.h"
#include "model/parser.h"

namespace tenon::model {
namespace {

// An error of one line of text from outside, with a caret under the place.
Error OfExpression(std::string_view text, const Diagnostic& diagnostic) {
  Sources sources;
  // Line breaks of a filter are blanks to a reader.
  std::string line(text);
  for (char& c : line) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  sources.Add("expression", std::move(line));
  Diagnostic shown = diagnostic;
  shown.span.file = 0;
  std::string rendered = Render(sources, shown);
  const std::size_t line_end = rendered.find('\n');
  Error error(Code::kInvalidArgument, diagnostic.message);
  // The line, the caret and the hint, without "path:line:column".
  error.message += rendered.substr(line_end == rendered.npos ? rendered.size() : line_end);
  while (!error.message.empty() && error.message.back() == '\n') error.message.pop_back();
  error.details["offset"] = static_cast<std::int64_t>(diagnostic.span.offset);
  if (!diagnostic.hint.empty()) error.details["hint"] = diagnostic.hint;
  return error;
}

template <typename Parse, typename CheckIt>
Result<ExpressionPtr> FromOutside(std::string_view text, Parse parse, CheckIt check) {
  if (text.size() > limits::kExpressionBytesMax) {
    return Fail(Code::kInvalidArgument,
                fmt::format("an expression has at most {} bytes, this one has {}",
                            limits::kExpressionBytesMax, text.size()));
  }
  DiagnosticSink sink;
  const Lexed lexed = Lex(text, 0, LexMode::kFilter, sink);
  ast::ExprPtr parsed;
  if (sink.Empty()) {
    Parser parser(text, 0, lexed, LexMode::kFilter, sink);
    parsed = parse(parser);
  }
  ExpressionPtr checked;
  if (parsed && sink.Empty()) checked = check(*parsed, sink);
  if (checked && sink.Empty()) return checked;
  const auto diagnostics = sink.Take();
  if (diagnostics.empty()) return Fail(Code::kInvalidArgument, "the expression cannot be read");
  return Fail(OfExpression(text, diagnostics.front()));
}

}  // namespace

std::expected<std::shared_ptr<const Model>, std::vector<Diagnostic>> Check(const Sources& sources) {
  DiagnosticSink sink;
  std::vector<ast::File> files;
  for (std::uint32_t i = 0; i < sources.size(); ++i) {
    const std::string& text = sources.file(i).text;
    if (text.size() > limits::kModelFileBytesMax) {
      sink.Report({i, 0, 1}, fmt::format("the file has {} bytes, at most {} are read", text.size(),
                                         limits::kModelFileBytesMax));
      files.emplace_back();
      continue;
    }
    // The tokens of a file are gone before the next one is read.
    const Lexed lexed = Lex(text, i, LexMode::kModel, sink);
    files.push_back(Parser(text, i, lexed, LexMode::kModel, sink).ParseFile());
  }
  if (sink.Full()) return std::unexpected(sink.Take());
  // Also after syntax errors: what could be read is checked, so that one run shows all.
  auto model = Builder(sources, files, sink).Build();
  if (!sink.Empty() || !model) return std::unexpected(sink.Take());
  return model;
}

Result<ExpressionPtr> CheckExpression(const Model&, const Entity& entity, std::string_view text,
                                      ExpressionUse use) {
  return FromOutside(
      text, [](Parser& parser) { return parser.ParseWholeExpression(); },
      [&](const ast::Expr& parsed, DiagnosticSink& sink) {
        Scope scope;
        scope.row = &entity;
        scope.place = use == ExpressionUse::kFilter ? Place::kFilter : Place::kInMemory;
        return ExpressionChecker(scope, sink).CheckCondition(parsed);
      });
}

namespace {

Result<ExpressionPtr> CheckPathIn(Place place, const Entity& entity, std::string_view text) {
  return FromOutside(
      text, [](Parser& parser) { return parser.ParseWholePath(); },
      [&](const ast::Expr& parsed, DiagnosticSink& sink) {
        Scope scope;
        scope.row = &entity;
        scope.place = place;
        return ExpressionChecker(scope, sink).CheckPath(parsed);
      });
}

}  // namespace

Result<ExpressionPtr> CheckPath(const Model&, const Entity& entity, std::string_view text) {
  return CheckPathIn(Place::kFilter, entity, text);
}

Result<ExpressionPtr> CheckSearchPath(const Model&, const Entity& entity, std::string_view text) {
  return CheckPathIn(Place::kSearch, entity, text);
}

}  // namespace tenon::model
