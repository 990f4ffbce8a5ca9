// From the words of the command line to a command and its arguments (CLI11 behind it).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"

namespace tenon::cli {

struct Parsed {
  const Command* command = nullptr;  // null: only --help, --version or a group of commands
  std::string group;                 // "audit" of a bare `tenon audit`
  bool help = false;
  bool version = false;
  Arguments globals;
  Arguments arguments;
};

// Options that every command takes.
const std::vector<Option>& GlobalOptions();

// kInvalidArgument says what is wrong with the words, with the nearest right one where there is.
Result<Parsed> Parse(int argc, const char* const* argv, std::span<const Command> commands);

// The commands of `commands` nearest to `word`, for "did you mean"; empty when none is near.
std::string NearestCommand(const std::string& word, std::span<const Command> commands);

}  // namespace tenon::cli
