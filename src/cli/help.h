// The pages of `tenon --help`, `tenon COMMAND --help` and `tenon help TOPIC`, made from the
// descriptions of the commands.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/style.h"

namespace tenon::cli {

struct Topic {
  std::string name;
  std::string summary;
  std::string text;
};

std::string RootHelp(std::span<const Command> commands, const Style& style);
// Of `tenon audit`: its commands.
std::string GroupHelp(const std::string& group, std::span<const Command> commands,
                      const Style& style);
std::string CommandHelp(const Command& command, const Style& style);

std::vector<Topic> Topics();

}  // namespace tenon::cli
