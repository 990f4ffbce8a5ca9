#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <iostream>

#include "cli/commands.h"
#include "cli/diff.h"
#include "cli/documents.h"
#include "cli/match.h"
#include "cli/report.h"
#include "cli/rows.h"
#include "cli/yaml.h"

namespace tenon::cli {
namespace {

Result<std::vector<Document>> ReadFiles(Session& session, const Arguments& arguments) {
  std::vector<std::string> files = arguments.All("file");
  if (files.empty()) {
    if (session.environment().in_terminal) {
      return Fail(Code::kInvalidArgument, "name the documents with -f FILE, or -f - to type them");
    }
    files.emplace_back("-");
  }
  std::vector<Document> all;
  for (const std::string& file : files) {
    const std::string text = TRY(session.ReadFile(file));
    for (Document& document : TRY(ReadDocuments(text, file == "-" ? "standard input" : file))) {
      all.push_back(std::move(document));
    }
  }
  return all;
}

struct Applied {
  std::string what;  // created, updated, unchanged
  std::string key;
  std::string title;
};

struct ApplyOptions {
  bool dry_run = false;
  bool secrets = false;
};

Result<Applied> ApplyOne(Session& session, Document& document, const ApplyOptions& options) {
  const EntityInfo* entity = TRY(session.Entity(document.entity));
  Api* api = TRY(session.api());
  DropEngineFields(*entity, document.fields);
  std::optional<StoredRow> stored = TRY(FindStored(*api, *entity, document.fields));
  Applied applied;
  applied.title = Title(*entity, document.fields);
  Target target("/v1");
  target.Segment(entity->table);
  if (!stored) {
    applied.what = "created";
    if (options.dry_run) return applied;
    const json::value row = TRY(api->Call("POST", target, json::value(document.fields)));
    if (row.is_object()) applied.key = entity->KeyOf(row.get_object());
    return applied;
  }
  applied.key = stored->key;
  const json::object changes = Changes(*entity, stored->row, document.fields, options.secrets);
  applied.what = changes.empty() ? "unchanged" : "updated";
  if (changes.empty() || options.dry_run) return applied;
  target.Segment(stored->key);
  http::Headers headers;
  headers.Set("Content-Type", "application/merge-patch+json");
  if (!stored->etag.empty()) headers.Set("If-Match", stored->etag);
  TRY(api->Call("PATCH", target, json::value(changes), headers));
  return applied;
}

void PrintApplied(Session& session, const Applied& applied) {
  const Style style = session.out_style();
  session.out() << applied.title << " "
                << (applied.what == "created"   ? style.Green(applied.what)
                    : applied.what == "updated" ? style.Yellow(applied.what)
                                                : style.Dim(applied.what))
                << "\n"
                << std::flush;
}

Result<int> RunApply(Session& session, const Arguments& arguments) {
  std::vector<Document> documents = TRY(ReadFiles(session, arguments));
  const ApplyOptions options{arguments.Has("dry-run"), arguments.Has("secrets")};
  json::array rows;
  int exit_code = 0;
  for (Document& document : documents) {
    if (session.Interrupted()) break;
    Result<Applied> applied = ApplyOne(session, document, options);
    if (!applied) {
      // Each document stands for itself; but without a server none of the others can succeed.
      const Code code = applied.error().code;
      if (code == Code::kUnavailable || code == Code::kUnauthenticated) {
        return Fail(std::move(applied).error().In(document.place));
      }
      if (exit_code == 0) exit_code = Info(code).exit_code;
      session.err() << RenderError(std::move(applied).error().In(document.place), {},
                                   session.err_style());
      continue;
    }
    if (session.format() == Format::kTable) {
      PrintApplied(session, *applied);
    } else {
      rows.push_back(
          json::object{{"row", applied->title}, {"key", applied->key}, {"result", applied->what}});
    }
  }
  if (session.format() != Format::kTable) {
    RowPrinter printer(session, nullptr, {});
    printer.Page(rows);
    printer.End();
  }
  return exit_code;
}

// The stored row with just the members that the document speaks of.
json::value Restrict(const json::value& stored, const json::value& wanted) {
  if (!stored.is_object() || !wanted.is_object()) return stored;
  json::object kept;
  for (const auto& member : wanted.get_object()) {
    if (const json::value* there = stored.get_object().if_contains(member.key())) {
      kept[member.key()] = Restrict(*there, member.value());
    }
  }
  return kept;
}

Result<bool> DiffOne(Session& session, Document& document) {
  const EntityInfo* entity = TRY(session.Entity(document.entity));
  Api* api = TRY(session.api());
  DropEngineFields(*entity, document.fields);
  std::optional<StoredRow> stored = TRY(FindStored(*api, *entity, document.fields));
  const Style style = session.out_style();
  const std::string title = Title(*entity, document.fields);
  std::string before;
  if (stored) {
    const json::object changes = Changes(*entity, stored->row, document.fields, false);
    if (changes.empty()) return false;
    // What only looks different (a time in another zone) is shown as it is stored.
    for (auto& member : document.fields) {
      const json::value* there = stored->row.if_contains(member.key());
      if (there != nullptr && !changes.contains(member.key())) {
        member.value() = Restrict(*there, member.value());
      }
    }
    before = ToYaml(Restrict(json::value(stored->row), json::value(document.fields)));
  }
  session.out() << style.Bold("--- " + (stored ? title + " (stored)" : std::string("nothing")))
                << "\n"
                << style.Bold("+++ " + title + " (" + document.place + ")") << "\n"
                << UnifiedDiff(before, ToYaml(json::value(document.fields)), style) << std::flush;
  return true;
}

Result<int> RunDiff(Session& session, const Arguments& arguments) {
  std::vector<Document> documents = TRY(ReadFiles(session, arguments));
  bool different = false;
  for (Document& document : documents) {
    Result<bool> one = DiffOne(session, document);
    if (!one) return Fail(std::move(one).error().In(document.place));
    different = different || *one;
  }
  return different ? 1 : 0;
}

Option DocumentsOption() {
  return {"file", "FILE",          "documents, YAML or JSON; - is standard input", "f", true,
          {},     Completes::kFile};
}

constexpr std::string_view kDocuments =
    "A document is an object with its entity and its fields, in a member `fields` or inline:\n\n"
    "  entity: Asset\n"
    "  qualified_name: shop.orders\n"
    "  name: orders\n"
    "  type: TABLE\n\n"
    "Many stand in one file, between lines of ---, as an array, or one a line. The row is found\n"
    "by its key, else by the unique fields that the document has.";

}  // namespace

Command ApplyCommand() {
  return {.name = "apply",
          .group = "Documents",
          .summary = "Create or change rows so that they are as documents say",
          .details = std::string(kDocuments) +
                     " What already is so is left alone,\nso applying twice changes nothing.",
          .examples = {"tenon apply -f catalog.yaml", "tenon apply -f a.yaml -f b.json --dry-run",
                       "tenon get assets ID -o yaml | sed '1i entity: Asset' | tenon apply -f -"},
          .positionals = {},
          .options = {DocumentsOption(),
                      {"dry-run", "", "say what would happen, change nothing"},
                      {"secrets", "", "send secrets again; what is stored cannot be compared"}},
          .run = RunApply};
}

Command DiffCommand() {
  return {.name = "diff",
          .group = "Documents",
          .summary = "Show what apply would change, as a unified difference",
          .details =
              std::string(kDocuments) + "\nExits 0 when nothing differs and 1 when something does.",
          .examples = {"tenon diff -f catalog.yaml"},
          .positionals = {},
          .options = {DocumentsOption()},
          .run = RunDiff};
}

}  // namespace tenon::cli
