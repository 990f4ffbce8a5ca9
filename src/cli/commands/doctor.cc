#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <iostream>

#include "cli/commands.h"
#include "cli/rows.h"

namespace tenon::cli {
namespace {

std::string_view NameOf(Finding::Level level) {
  switch (level) {
    case Finding::Level::kOk:
      return "ok";
    case Finding::Level::kNote:
      return "note";
    case Finding::Level::kWarning:
      return "warning";
    case Finding::Level::kError:
      return "error";
  }
  return "";
}

std::string Mark(Finding::Level level, const Style& style) {
  switch (level) {
    case Finding::Level::kOk:
      return style.Green("ok     ");
    case Finding::Level::kNote:
      return style.Cyan("note   ");
    case Finding::Level::kWarning:
      return style.Yellow("warning");
    case Finding::Level::kError:
      return style.Red("error  ");
  }
  return "";
}

// Indexes and deliveries that have not kept up with the log.
void AskFollowers(Api& api, std::vector<Finding>& findings) {
  const Result<json::value> answer = api.Call("GET", Target("/v1/followers"));
  const json::value* items =
      answer && answer->is_object() ? answer->get_object().if_contains("items") : nullptr;
  if (items == nullptr || !items->is_array()) return;
  for (const json::value& item : items->get_array()) {
    if (!item.is_object()) continue;
    const auto text = [&](std::string_view name) {
      const json::value* value = item.get_object().if_contains(name);
      return value == nullptr || value->is_null() ? std::string() : Cell(*value);
    };
    const std::string check = "follower " + text("name"), state = text("state");
    if (state == "following") {
      findings.push_back({Finding::Level::kOk, check, "is up to date", ""});
    } else if (state == "failing") {
      findings.push_back({Finding::Level::kError, check, "fails: " + text("last_error"),
                          "tenon reindex " + text("name") + " builds it anew"});
    } else {
      findings.push_back({Finding::Level::kNote, check,
                          "is " + state + ", " + text("lag_seconds") + " s after the log", ""});
    }
  }
}

// What only a running server can tell. Not being able to ask is no error: it may well be down.
void AskServer(Session& session, std::vector<Finding>& findings) {
  Result<Connection> connection = session.ResolveConnection();
  // Opening a data directory in process would bring its tables to the models: a look changes none.
  if (!connection || connection->in_process) return;
  Result<Api*> api = session.api();
  if (!api) return;
  Result<http::ClientResponse> ready = (*api)->Send("GET", Target("/readyz"));
  if (!ready) {
    findings.push_back({Finding::Level::kNote, "server", ready.error().message, ""});
    return;
  }
  if (ready->status >= 400) {
    findings.push_back({Finding::Level::kError, "server",
                        connection->url + " is not ready: " + ErrorOf(*ready).message, ""});
    return;
  }
  findings.push_back({Finding::Level::kOk, "server", connection->url + " is ready", ""});
  Result<json::value> models = (*api)->Call("GET", Target("/v1/models"));
  if (models) {
    findings.push_back({Finding::Level::kOk, "key",
                        "the key from " + connection->key_source + " is accepted", ""});
    AskFollowers(**api, findings);
  } else {
    findings.push_back({Finding::Level::kWarning, "key", models.error().message,
                        "give one with --key, TENON_API_KEY or tenon login"});
  }
}

Result<int> Run(Session& session, const Arguments& arguments) {
  std::vector<Finding> findings;
  if (session.environment().doctor) {
    findings = TRY(session.environment().doctor(session.settings(), arguments.Has("reconcile")));
  }
  AskServer(session, findings);
  int exit_code = 0;
  json::array rows;
  for (const Finding& finding : findings) {
    if (finding.level == Finding::Level::kError) exit_code = 1;
    rows.push_back(json::object{{"level", NameOf(finding.level)},
                                {"check", finding.check},
                                {"message", finding.message},
                                {"advice", finding.advice}});
  }
  if (session.format() != Format::kTable) {
    RowPrinter printer(session, nullptr, {});
    printer.Page(rows);
    printer.End();
    return exit_code;
  }
  const Style style = session.out_style();
  for (const Finding& finding : findings) {
    session.out() << Mark(finding.level, style) << "  " << style.Bold(finding.check) << ": "
                  << finding.message << "\n";
    if (!finding.advice.empty()) session.out() << "           " << finding.advice << "\n";
  }
  return exit_code;
}

}  // namespace

Command DoctorCommand() {
  return {.name = "doctor",
          .group = "Server",
          .summary = "Look for what is wrong with a data directory and its server",
          .details =
              "Checks permissions, the file's integrity, the audit chain, the age of the\n"
              "first key, disk space, configuration and version. Exits 1 on an error.",
          .examples = {"tenon doctor", "tenon doctor --data /var/lib/tenon --reconcile"},
          .positionals = {},
          .options = {{"reconcile", "", "also log rows that were changed outside of Tenon"}},
          .run = Run};
}

}  // namespace tenon::cli
