#include "cli/help.h"

#include <fmt/format.h>

#include <iostream>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/parse.h"
#include "cli/session.h"

namespace tenon::cli {
namespace {

Result<int> Run(Session& session, const Arguments& arguments) {
  std::string word;
  for (const std::string& part : arguments.All("WORD")) word += (word.empty() ? "" : " ") + part;
  if (word.empty()) {
    session.out() << RootHelp(session.commands(), session.out_style());
    return 0;
  }
  for (const Topic& topic : Topics()) {
    if (topic.name == word) {
      session.out() << topic.text;
      return 0;
    }
  }
  for (const Command& command : session.commands()) {
    if (command.name == word) {
      session.out() << CommandHelp(command, session.out_style());
      return 0;
    }
    if (command.name.starts_with(word + " ")) {
      session.out() << GroupHelp(word, session.commands(), session.out_style());
      return 0;
    }
  }
  std::string nearest = NearestCommand(word, session.commands());
  const std::vector<Topic> topics = Topics();
  std::vector<std::string_view> names;
  for (const Topic& topic : topics) names.emplace_back(topic.name);
  if (nearest.empty()) nearest = std::string(Nearest(word, names));
  return Fail(Code::kNotFound,
              fmt::format("'{}' is neither a command nor a topic; {}", word,
                          nearest.empty() ? "see tenon --help"
                                          : fmt::format("did you mean '{}'?", nearest)));
}

Result<int> RunVersion(Session& session, const Arguments&) {
  if (session.format() == Format::kTable) {
    session.out() << "tenon " TENON_VERSION "\n";
  } else {
    session.out() << "{\"version\":\"" TENON_VERSION "\"}\n";
  }
  return 0;
}

}  // namespace

Command HelpCommand() {
  return {.name = "help",
          .group = "Other",
          .summary = "Help on a command or a topic",
          .details = "",
          .examples = {"tenon help import csv", "tenon help exit-codes"},
          .positionals = {{"WORD", "command or topic", false, true, Completes::kCommand}},
          .options = {},
          .run = Run};
}

Command VersionCommand() {
  return {.name = "version",
          .group = "Other",
          .summary = "Print the version",
          .details = "",
          .examples = {"tenon version"},
          .positionals = {},
          .options = {},
          .run = RunVersion};
}

}  // namespace tenon::cli
