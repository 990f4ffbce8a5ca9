#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <iostream>

#include "cli/commands.h"
#include "cli/rows.h"

namespace tenon::cli {
namespace {

constexpr std::string_view kGroup = "Access";

Result<std::string> ReadKey(Session& session, const Arguments& arguments) {
  std::string key = session.globals().Get("key");
  if (!key.empty()) return key;
  if (arguments.Has("key-file")) {
    key = TRY(session.ReadFile(arguments.Get("key-file")));
  } else {
    if (session.environment().in_terminal) session.err() << "API key: " << std::flush;
    std::getline(*session.environment().in, key);
  }
  while (key.ends_with('\n') || key.ends_with('\r') || key.ends_with(' ')) key.pop_back();
  if (key.empty())
    return Fail(Code::kInvalidArgument,
                "there is no key; give it on standard input, "
                "with --key-file or with --key");
  return key;
}

Result<int> RunLogin(Session& session, const Arguments& arguments) {
  const std::string name = arguments.Get("NAME", "default");
  Context context;
  context.url = session.globals().Get("url", session.Getenv("TENON_URL"));
  if (context.url.empty()) context.url = std::string(kDefaultUrl);
  context.tenant = session.globals().Get("tenant");
  context.ca_file = session.globals().Get("ca-file");
  context.insecure = session.globals().Has("insecure");
  context.key = TRY(ReadKey(session, arguments));
  // A key that does not work is not worth saving.
  http::ClientOptions http;
  http.base_url = context.url;
  http.ca_file = context.ca_file;
  http.insecure = context.insecure;
  std::unique_ptr<Transport> transport = TRY(ConnectHttp(std::move(http)));
  Api api(std::move(transport), {.key = context.key, .tenant = context.tenant, .trace = {}},
          *session.environment().ids);
  const json::value me = TRY(api.Call("GET", Target("/v1/whoami")));
  Contexts contexts = TRY(LoadContexts(session.contexts_file()));
  contexts.named[name] = context;
  contexts.current = name;
  TRY(SaveContexts(session.contexts_file(), contexts));
  std::string who;
  if (me.is_object()) {
    for (std::string_view member : {"email", "name", "user", "tenant", "roles"}) {
      const json::value* value = me.get_object().if_contains(member);
      if (value == nullptr || value->is_null() || value->is_object()) continue;
      who += (who.empty() ? "" : ", ") + std::string(member) + " " + Cell(*value);
    }
  }
  session.Note(fmt::format("logged in to {} as context {}{}", context.url, name,
                           who.empty() ? "" : ": " + who));
  return 0;
}

Result<int> RunList(Session& session, const Arguments&) {
  const Contexts contexts = TRY(LoadContexts(session.contexts_file()));
  json::array rows;
  for (const auto& [name, context] : contexts.named) {
    rows.push_back(json::object{{"current", name == contexts.current ? "*" : ""},
                                {"name", name},
                                {"url", context.url},
                                {"tenant", context.tenant},
                                {"key", context.key.substr(0, 12) + "..."}});
  }
  RowPrinter printer(session, nullptr, {"current", "name", "url", "tenant", "key"});
  printer.Page(rows);
  printer.End();
  if (rows.empty()) session.Note("no contexts; tenon login saves one");
  return 0;
}

Result<int> Missing(const std::string& name) {
  return Fail(Code::kNotFound,
              fmt::format("there is no context '{}'; tenon context list shows them", name));
}

Result<int> RunUse(Session& session, const Arguments& arguments) {
  Contexts contexts = TRY(LoadContexts(session.contexts_file()));
  const std::string name = arguments.Get("NAME");
  if (!contexts.named.contains(name)) return Missing(name);
  contexts.current = name;
  TRY(SaveContexts(session.contexts_file(), contexts));
  session.Note("using " + name + ": " + contexts.named[name].url);
  return 0;
}

Result<int> RunCurrent(Session& session, const Arguments&) {
  const Connection connection = TRY(session.ResolveConnection());
  const Contexts contexts = TRY(LoadContexts(session.contexts_file()));
  json::object row = {
      {"context", contexts.current},
      {"url", connection.in_process ? session.globals().Get("data") : connection.url},
      {"tenant", connection.tenant},
      {"key_from", connection.key_source}};
  PrintRow(session, row);
  return 0;
}

Result<int> RunRemove(Session& session, const Arguments& arguments) {
  Contexts contexts = TRY(LoadContexts(session.contexts_file()));
  const std::string name = arguments.Get("NAME");
  if (contexts.named.erase(name) == 0) return Missing(name);
  if (contexts.current == name) contexts.current.clear();
  TRY(SaveContexts(session.contexts_file(), contexts));
  session.Note("removed " + name);
  return 0;
}

}  // namespace

Command LoginCommand() {
  return {.name = "login",
          .group = std::string(kGroup),
          .summary = "Save a server and a key as a context, and use it from now on",
          .details =
              "The key is read from standard input, so that it does not end up in the shell's\n"
              "history. It is tried first, then kept in contexts.toml, readable by you alone.",
          .examples = {"tenon login --url https://tenon.example < key.txt",
                       "tenon login staging --url https://staging.example --key-file key.txt"},
          .positionals = {{"NAME", "name of the context (default: default)", false}},
          .options =
              {{"key-file", "FILE", "read the key from a file", "", false, {}, Completes::kFile}},
          .run = RunLogin};
}

Command ContextListCommand() {
  return {.name = "context list",
          .group = std::string(kGroup),
          .summary = "List saved contexts",
          .details = "",
          .examples = {"tenon context list"},
          .positionals = {},
          .options = {},
          .run = RunList};
}

Command ContextUseCommand() {
  return {.name = "context use",
          .group = std::string(kGroup),
          .summary = "Use a saved context from now on",
          .details = "",
          .examples = {"tenon context use staging"},
          .positionals = {{"NAME", "the context", true, false, Completes::kContext}},
          .options = {},
          .run = RunUse};
}

Command ContextCurrentCommand() {
  return {.name = "context current",
          .group = std::string(kGroup),
          .summary = "Show which server and key are in use, and why",
          .details = "",
          .examples = {"tenon context current"},
          .positionals = {},
          .options = {},
          .run = RunCurrent};
}

Command ContextRemoveCommand() {
  return {.name = "context remove",
          .group = std::string(kGroup),
          .summary = "Forget a saved context",
          .details = "",
          .examples = {"tenon context remove staging"},
          .positionals = {{"NAME", "the context", true, false, Completes::kContext}},
          .options = {},
          .run = RunRemove};
}

}  // namespace tenon::cli
