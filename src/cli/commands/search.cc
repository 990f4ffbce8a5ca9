#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <iostream>

#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/rows.h"
#include "cli/table.h"

namespace tenon::cli {
namespace {

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr || value->is_null() ? "" : Cell(*value);
}

bool IsTrue(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::int64_t NumberOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

const json::object& ObjectOf(const json::object& object, std::string_view name) {
  static const json::object kNone;
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : kNone;
}

const json::array& ListOf(const json::object& object, std::string_view name) {
  static const json::array kNone;
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

// What the server marked up as HTML, for a terminal: marks become bold, entities what they stand
// for.
std::string Marked(std::string_view html, const Style& style) {
  std::string out, hit;
  bool inside = false;
  const auto put = [&](std::string_view text) { (inside ? hit : out) += text; };
  while (!html.empty()) {
    const auto take = [&](std::string_view piece) {
      if (!html.starts_with(piece)) return false;
      html.remove_prefix(piece.size());
      return true;
    };
    if (take("<mark>")) {
      inside = true;
    } else if (take("</mark>")) {
      out += style.Bold(Printable(hit));
      hit.clear();
      inside = false;
    } else if (take("&lt;")) {
      put("<");
    } else if (take("&gt;")) {
      put(">");
    } else if (take("&quot;")) {
      put("\"");
    } else if (take("&#39;")) {
      put("'");
    } else if (take("&amp;")) {
      put("&");
    } else {
      const bool space = html.front() == '\n' || html.front() == '\t';
      put(space ? std::string_view(" ") : html.substr(0, 1));
      html.remove_prefix(1);
    }
  }
  return out;
}

// The first hit that says more than the title does.
std::string Excerpt(const json::object& hit, const Style& style) {
  std::string of_title;
  for (const auto& field : ObjectOf(hit, "highlights")) {
    if (!field.value().is_string()) continue;
    const std::string plain = Marked(field.value().get_string(), Style{});
    const std::string text = Marked(field.value().get_string(), style);
    if (plain != TextOf(hit, "title")) return std::string(field.key()) + ": " + text;
    of_title = text;
  }
  return {};
}

std::string Kind(const json::object& hit) {
  const std::string type = TextOf(ObjectOf(hit, "row"), "type");
  return TextOf(hit, "entity") + (type.empty() ? "" : " " + type);
}

void PrintHits(Session& session, const json::object& answer) {
  const Style style = session.out_style();
  for (const json::value& item : ListOf(answer, "items")) {
    if (!item.is_object()) continue;
    const json::object& hit = item.get_object();
    session.out() << style.Bold(Printable(TextOf(hit, "title"))) << "  " << style.Dim(Kind(hit))
                  << "  " << TextOf(hit, "id") << "\n";
    const std::string excerpt = Excerpt(hit, style);
    if (!excerpt.empty()) session.out() << "    " << excerpt << "\n";
  }
  for (const auto& facet : ObjectOf(answer, "facets")) {
    std::string line;
    if (!facet.value().is_array()) continue;
    for (const json::value& value : facet.value().get_array()) {
      if (!value.is_object()) continue;
      line += fmt::format("{}{} {}", line.empty() ? "" : ", ",
                          Printable(TextOf(value.get_object(), "value")),
                          Grouped(NumberOf(value.get_object(), "count")));
    }
    session.out() << style.Cyan(facet.key()) << ": " << (line.empty() ? "-" : line) << "\n";
  }
}

void NoteTotal(Session& session, const json::object& answer) {
  for (const auto& word : ObjectOf(answer, "corrected")) {
    std::string instead;
    if (!word.value().is_array()) continue;
    for (const json::value& text : word.value().get_array()) {
      instead += (instead.empty() ? "" : ", ") + Cell(text);
    }
    session.Note(fmt::format("nothing has {}; looked for {}", std::string(word.key()), instead));
  }
  const std::int64_t total = NumberOf(answer, "total");
  const auto shown = static_cast<std::int64_t>(ListOf(answer, "items").size());
  const std::string count = Grouped(total) + (IsTrue(answer, "total_is_exact") ? "" : "+");
  if (total == 0) {
    session.Note("nothing found");
  } else if (shown < total) {
    session.Note(fmt::format("{} of {} shown: --limit N, --entity, --filter", shown, count));
  }
  if (IsTrue(ObjectOf(answer, "among"), "partial")) {
    session.Note("the walk stopped at its limit; what lies further is not among these");
  }
}

Result<int> Run(Session& session, const Arguments& arguments) {
  std::string text;
  for (const std::string& word : arguments.All("WORD")) text += (text.empty() ? "" : " ") + word;
  Target target("/v1/search");
  target.AddIf("q", text);
  for (const std::string& name : arguments.All("entity")) {
    target.Add("entity", TRY(session.Entity(name))->table);
  }
  target.AddIf("filter", arguments.Get("filter"));
  target.AddIf("facets", arguments.Get("facets"));
  target.AddIf("downstream_of", arguments.Get("downstream-of"));
  target.AddIf("upstream_of", arguments.Get("upstream-of"));
  target.AddIf("depth", arguments.Get("depth"));
  target.AddIf("types", arguments.Get("types"));
  target.Add("page_size", fmt::format("{}", TRY(arguments.Int("limit", 10, 1, 100))));
  if (arguments.Has("consistent")) target.Add("consistent", "true");
  Api* api = TRY(session.api());
  const json::value answer = TRY(api->Call("GET", target));
  if (!answer.is_object()) return Fail(Code::kInternal, "the server's answer is not an object");
  if (session.format() != Format::kTable) {
    PrintValue(session, answer);
    return 0;
  }
  PrintHits(session, answer.get_object());
  NoteTotal(session, answer.get_object());
  return 0;
}

}  // namespace

Command SearchCommand() {
  return {
      .name = "search",
      .group = "Rows",
      .summary = "Find rows of any kind by words",
      .details =
          "The best hits come first: the exact name, names that begin so, all words, some\n"
          "words. Words may be misspelt. \"a phrase\" stays together, -word leaves rows out.",
      .examples = {"tenon search libssl", "tenon search user orders --entity assets --facets type",
                   "tenon search python --entity assets --filter 'type = \"PACKAGE\"'",
                   "tenon search server --downstream-of libssl3"},
      .positionals = {{"WORD", "what to look for; without any, every row", false, true}},
      .options = {{"entity", "NAME", "only this entity", "", false, {}, Completes::kEntity},
                  {"filter", "EXPR", "only rows for which this holds; needs --entity"},
                  {"facets", "NAMES", "count the values of these fields: type,tags.name"},
                  {"downstream-of", "NODE", "only what depends on this node of the graph"},
                  {"upstream-of", "NODE", "only what this node depends on"},
                  {"depth", "STEPS", "of that walk: steps at most"},
                  {"types", "NAMES", "of that walk: only edges of these types"},
                  {"limit", "N", "hits at most (default 10, up to 100)"},
                  {"consistent", "", "wait until every earlier write is found"}},
      .run = Run};
}

}  // namespace tenon::cli
