#include <fmt/format.h>

#include <array>

#include "base/error.h"
#include "cli/help.h"

namespace tenon::cli {
namespace {

std::string ExitCodes() {
  struct Row {
    int code;
    std::string_view meaning;
  };
  constexpr std::array<Row, 2> kOwn = {{
      {0, "done"},
      {1,
       "done, and the answer is no: diff found a difference, fmt --check an unformatted file, "
       "audit verify a fault, doctor or check an error"},
  }};
  std::string out = "The exit code says what kind of failure it was; scripts may rely on it.\n\n";
  for (const Row& row : kOwn) out += fmt::format("  {:>3}  {}\n", row.code, row.meaning);
  // One line for each exit code of the error table, with every problem that ends in it.
  std::array<std::string, 256> lines;
  for (int i = 0; i <= static_cast<int>(Code::kOutcomeUnknown); ++i) {
    const CodeInfo& info = Info(static_cast<Code>(i));
    std::string& line = lines[static_cast<std::size_t>(info.exit_code)];
    line += fmt::format("{}{} (HTTP {})", line.empty() ? "" : ", ", info.name, info.http_status);
  }
  for (std::size_t code = 0; code < lines.size(); ++code) {
    if (!lines[code].empty()) out += fmt::format("  {:>3}  {}\n", code, lines[code]);
  }
  out +=
      "  130  interrupted (Ctrl-C)\n"
      "  141  the reader of standard output went away\n\n"
      "A command line that cannot be read ends with 2; a server that cannot be reached with 10.\n";
  return out;
}

constexpr std::string_view kFields =
    R"(create, update, do and view take NAME=VALUE words. The model says what a value is:

  name=orders              text stays text
  priority=5               a number for int and float fields; decimal(p,s) keeps its digits
  enabled=true             true or false for bool fields
  description=null         null for a field that may be null (for the text: description:="null")
  metadata={"a":1}         JSON for json, list and map fields
  metadata.owner=ops       one member of a JSON field; update leaves the other members alone
  priority:=5              := takes JSON as it stands, whatever the model says
  canvas_json=@flow.json   @FILE is the content of a file, @- of standard input
  description=\@home       a backslash keeps a leading @ as it is

Fields may also come from a file or standard input as one JSON or YAML object: -f FILE, -f -.
Words after it win over the file.
)";

constexpr std::string_view kFilters = R"(--filter takes an expression of the model language:

  name = "orders"                       text in double quotes; enum names stand bare
  type = TABLE and not name like "tmp%"
  priority in (1, 2, 3) or priority is null
  created_at > now() - 1h               durations: 250ms 30s 15m 24h 30d 2w
  metadata.owner.team = "core"          a path into JSON
  asset.name = "orders"                 forward over a reference
  steps.status = FAILED                 backward: any of the rows that point here

--order-by takes fields with asc or desc: --order-by 'name, created_at desc'.
The whole grammar is in docs/language.md.
)";

constexpr std::string_view kEnvironment =
    R"(Environment variables of the command line; a flag wins over each:

  TENON_URL         server to talk to (default http://127.0.0.1:7400)
  TENON_API_KEY     API key; never put one into a command line that others can see
  TENON_CONTEXT     saved context to use; see tenon login
  TENON_TENANT      tenant to work in, for system keys
  TENON_CONFIG      configuration file of serve, plan, migrate, backup, doctor
  NO_COLOR          no colours when set (no-color.org)
  XDG_CONFIG_HOME   where contexts.toml is kept (default ~/.config)

The server's own settings are TENON_* as well; tenon config lists them with what is in force.

Which server is used, the first that is given: --data DIR (no server at all), --url or TENON_URL,
--context or TENON_CONTEXT, the current context, http://127.0.0.1:7400. With that last one, and no
key given, ./data/admin.key is used when it can be read.
)";

}  // namespace

std::vector<Topic> Topics() {
  return {
      {"environment", "environment variables, and how the server and key are chosen",
       std::string(kEnvironment)},
      {"exit-codes", "what each exit code means", ExitCodes()},
      {"fields", "NAME=VALUE words: numbers, null, JSON, files", std::string(kFields)},
      {"filters", "the expressions of --filter and --order-by", std::string(kFilters)},
  };
}

}  // namespace tenon::cli
