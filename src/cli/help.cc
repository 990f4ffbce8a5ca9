#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/parse.h"

namespace tenon::cli {
namespace {

constexpr std::size_t kTextColumns = 96;

// Breaks `text` at blanks so that it ends before kTextColumns, each line after the first indented.
std::string Fill(std::string_view text, std::size_t indent) {
  std::string out;
  std::size_t column = indent;
  while (!text.empty()) {
    const std::size_t blank = text.find(' ');
    const std::string_view word = text.substr(0, blank);
    if (column > indent && column + 1 + word.size() > kTextColumns) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    text = blank == std::string_view::npos ? std::string_view() : text.substr(blank + 1);
  }
  return out;
}

// Two columns: names, and what they are.
std::string Rows(const std::vector<std::pair<std::string, std::string>>& rows, const Style& style) {
  std::size_t width = 0;
  for (const auto& [name, help] : rows) width = std::max(width, name.size());
  width = std::min<std::size_t>(width, 30);
  std::string out;
  for (const auto& [name, help] : rows) {
    out += "  " + style.Bold(name);
    if (name.size() > width) {
      out += "\n" + std::string(width + 4, ' ');
    } else {
      out += std::string(width + 2 - name.size(), ' ');
    }
    out += Fill(help, width + 4) + "\n";
  }
  return out;
}

std::pair<std::string, std::string> OptionRow(const Option& option) {
  std::string name =
      option.letter.empty() ? "    --" + option.name : "-" + option.letter + ", --" + option.name;
  if (!option.value.empty()) name += " " + option.value;
  std::string help = option.help;
  if (option.repeat) help += " (repeatable)";
  return {name, help};
}

std::string Usage(const Command& command) {
  std::string usage = "tenon " + command.name;
  for (const Positional& positional : command.positionals) {
    std::string word = positional.name + (positional.repeat ? "..." : "");
    usage += positional.required ? " " + word : " [" + word + "]";
  }
  return usage + " [options]";
}

}  // namespace

std::string RootHelp(std::span<const Command> commands, const Style& style) {
  std::string out =
      "Tenon: the system of record for everything a platform team operates.\n\n"
      "Usage: tenon COMMAND [ARGUMENTS] [options]\n";
  std::vector<std::string> groups;
  for (const Command& command : commands) {
    if (std::ranges::find(groups, command.group) == groups.end()) groups.push_back(command.group);
  }
  for (const std::string& group : groups) {
    out += "\n" + style.Bold(group) + "\n";
    std::vector<std::pair<std::string, std::string>> rows;
    for (const Command& command : commands) {
      if (command.group == group) rows.emplace_back(command.name, command.summary);
    }
    out += Rows(rows, Style{});
  }
  out += "\n" + style.Bold("Options for every command") + "\n";
  std::vector<std::pair<std::string, std::string>> rows;
  for (const Option& option : GlobalOptions()) rows.push_back(OptionRow(option));
  rows.emplace_back("-h, --help", "help on a command");
  rows.emplace_back("    --version", "the version");
  out += Rows(rows, Style{});
  out += "\nMore: tenon COMMAND --help, and tenon help TOPIC with one of these topics:\n";
  rows.clear();
  for (const Topic& topic : Topics()) rows.emplace_back(topic.name, topic.summary);
  out += Rows(rows, Style{});
  return out;
}

std::string GroupHelp(const std::string& group, std::span<const Command> commands,
                      const Style& style) {
  std::string out =
      "Usage: tenon " + group + " COMMAND [options]\n\n" + style.Bold("Commands") + "\n";
  std::vector<std::pair<std::string, std::string>> rows;
  for (const Command& command : commands) {
    if (command.name.starts_with(group + " ")) rows.emplace_back(command.name, command.summary);
  }
  return out + Rows(rows, Style{});
}

std::string CommandHelp(const Command& command, const Style& style) {
  std::string out =
      command.summary + ".\n\n" + style.Bold("Usage") + "\n  " + Usage(command) + "\n";
  if (!command.details.empty()) out += "\n" + command.details + "\n";
  if (!command.positionals.empty()) {
    std::vector<std::pair<std::string, std::string>> rows;
    for (const Positional& positional : command.positionals) {
      rows.emplace_back(positional.name, positional.help);
    }
    out += "\n" + style.Bold("Arguments") + "\n" + Rows(rows, Style{});
  }
  if (!command.options.empty()) {
    std::vector<std::pair<std::string, std::string>> rows;
    for (const Option& option : command.options) rows.push_back(OptionRow(option));
    out += "\n" + style.Bold("Options") + "\n" + Rows(rows, Style{});
  }
  if (!command.examples.empty()) {
    out += "\n" + style.Bold("Examples") + "\n";
    for (const std::string& example : command.examples) out += "  " + example + "\n";
  }
  return out + "\nOptions for every command: tenon --help\n";
}

}  // namespace tenon::cli
