#include "cli/commands/write.h"

#include <iostream>

#include "cli/documents.h"
#include "cli/rows.h"

namespace tenon::cli {

Result<json::object> ReadBody(Session& session, const EntityInfo& entity,
                              const Arguments& arguments, bool take_stdin) {
  json::object body;
  const std::vector<std::string> words = arguments.All("NAME=VALUE");
  std::string file = arguments.Get("file");
  if (file.empty() && words.empty() && take_stdin && !session.environment().in_terminal) file = "-";
  if (!file.empty()) {
    const std::string text = TRY(session.ReadFile(file));
    if (text.empty() && arguments.Get("file").empty()) {
      return Fail(Code::kInvalidArgument,
                  "no fields are given: name them as NAME=VALUE, in a file with -f FILE, or as an "
                  "object on standard input");
    }
    body = TRY(ReadObject(text, file == "-" ? "standard input" : file));
  }
  TRY(ReadAssignments(words, &entity, session.reader(), body));
  return body;
}

void PrintWritten(Session& session, const EntityInfo& entity, const json::value& row,
                  std::string_view done) {
  if (session.format() != Format::kTable) {
    if (!row.is_null()) PrintValue(session, row);
    return;
  }
  const std::string key = row.is_object() ? entity.KeyOf(row.get_object()) : "";
  // The key alone on standard output, so that a script can take it without -o json.
  if (!key.empty()) session.out() << key << "\n" << std::flush;
  session.Note(entity.name + " " + std::string(done));
}

http::Headers IfMatch(const Arguments& arguments) {
  http::Headers headers;
  std::string version = arguments.Get("if-match");
  if (version.empty()) return headers;
  if (version != "*" && !version.starts_with('"')) version = "\"" + version + "\"";
  headers.Set("If-Match", version);
  return headers;
}

Option FileOption() {
  return {
      "file", "FILE",          "a JSON or YAML object with fields; - is standard input", "f", false,
      {},     Completes::kFile};
}

Option IfMatchOption() {
  return {"if-match", "VERSION", "only when the row is still at this version (its ETag)"};
}

}  // namespace tenon::cli
