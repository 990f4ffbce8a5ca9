#include <fmt/format.h>

#include <iostream>
#include <set>

#include "cli/commands.h"
#include "cli/parse.h"
#include "cli/session.h"

namespace tenon::cli {
namespace {

// Entities and contexts are asked of tenon itself at completion time, so that a team's own models
// complete as well.
constexpr std::string_view kEntities =
    "tenon models -o ndjson 2>/dev/null | grep -o '\"table\":\"[a-z0-9_]*\"' | cut -d'\"' -f4";
constexpr std::string_view kContexts =
    "tenon context list -o ndjson 2>/dev/null | grep -o '\"name\":\"[^\"]*\"' | cut -d'\"' -f4";

std::vector<std::string> Flags(const std::vector<Option>& options) {
  std::vector<std::string> flags;
  for (const Option& option : options) {
    flags.push_back("--" + option.name);
    if (!option.letter.empty()) flags.push_back("-" + option.letter);
  }
  return flags;
}

// What the first positional of a command completes to.
Completes First(const Command& command) {
  return command.positionals.empty() ? Completes::kNothing : command.positionals[0].completes;
}

// Options whose value is a file or folder, or one of some words, over all commands.
std::string ValueCases(std::span<const Command> commands) {
  std::set<std::string> files;
  std::map<std::string, std::string> choices;
  auto look = [&](const Option& option, bool global) {
    if (option.completes == Completes::kFile || option.completes == Completes::kDirectory) {
      files.insert("--" + option.name);
      // -o is a file for some commands and a format for the others.
      if (!option.letter.empty() && !global && option.letter != "o")
        files.insert("-" + option.letter);
    }
    if (option.choices.empty()) return;
    std::string flag = "--" + option.name;
    if (!option.letter.empty()) flag += "|-" + option.letter;
    choices[flag] = fmt::format("{}", fmt::join(option.choices, " "));
  };
  for (const Option& option : GlobalOptions()) look(option, true);
  for (const Command& command : commands) {
    for (const Option& option : command.options) look(option, false);
  }
  std::string out;
  for (const auto& [flag, words] : choices) {
    out +=
        fmt::format("    {}) COMPREPLY=($(compgen -W '{}' -- \"$cur\")); return;;\n", flag, words);
  }
  out += fmt::format("    {}) COMPREPLY=($(compgen -f -- \"$cur\")); return;;\n",
                     fmt::join(files, "|"));
  out += fmt::format("    --context) COMPREPLY=($(compgen -W \"$({})\" -- \"$cur\")); return;;\n",
                     kContexts);
  return out;
}

std::string Bash(std::span<const Command> commands) {
  std::vector<std::string> top;
  std::map<std::string, std::vector<std::string>> groups;
  std::string cases;
  for (const Command& command : commands) {
    const std::size_t blank = command.name.find(' ');
    if (blank == std::string::npos) {
      top.push_back(command.name);
    } else {
      const std::string group = command.name.substr(0, blank);
      if (!groups.contains(group)) top.push_back(group);
      groups[group].push_back(command.name.substr(blank + 1));
    }
    std::string words;
    switch (First(command)) {
      case Completes::kEntity:
        words = fmt::format("$({})", kEntities);
        break;
      case Completes::kContext:
        words = fmt::format("$({})", kContexts);
        break;
      case Completes::kCommand:
        words = "$top";
        break;
      default:
        break;
    }
    const bool file = First(command) == Completes::kFile;
    cases += fmt::format("    '{}') flags='{}'; words=\"{}\"; files={};;\n", command.name,
                         fmt::join(Flags(command.options), " "), words, file ? 1 : 0);
  }
  std::string group_cases;
  for (const auto& [group, leaves] : groups) {
    group_cases += fmt::format("    {}) group='{}';;\n", group, fmt::join(leaves, " "));
  }
  return fmt::format(R"sh(# Completion of tenon for bash: source <(tenon completion bash)
_tenon() {{
  local cur prev i word command='' group='' flags='' words='' files=0
  local top='{top}'
  local global='{global} --help'
  COMPREPLY=()
  cur="${{COMP_WORDS[COMP_CWORD]}}"
  prev="${{COMP_WORDS[COMP_CWORD-1]}}"
  case "$prev" in
{values}  esac
  local plain=0
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="${{COMP_WORDS[i]}}"
    case "$word" in -*) continue;; esac
    if [ -z "$command" ]; then
      command="$word"
      case "$command" in
{groups}      esac
    elif [ -n "$group" ] && [ $plain -eq 0 ] && [[ " $group " == *" $word "* ]]; then
      command="$command $word"
      group=''
    else
      plain=$((plain + 1))
    fi
  done
  if [ -z "$command" ]; then
    case "$cur" in
      -*) COMPREPLY=($(compgen -W "$global --version" -- "$cur"));;
      *) COMPREPLY=($(compgen -W "$top" -- "$cur"));;
    esac
    return
  fi
  if [ -n "$group" ]; then
    COMPREPLY=($(compgen -W "$group" -- "$cur"))
    return
  fi
  case "$command" in
{cases}  esac
  case "$cur" in
    -*) COMPREPLY=($(compgen -W "$flags $global" -- "$cur")); return;;
  esac
  if [ $files -eq 1 ]; then
    COMPREPLY=($(compgen -f -- "$cur"))
  elif [ $plain -eq 0 ] && [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
  fi
}}
complete -o filenames -F _tenon tenon
)sh",
                     fmt::arg("top", fmt::join(top, " ")),
                     fmt::arg("global", fmt::join(Flags(GlobalOptions()), " ")),
                     fmt::arg("values", ValueCases(commands)), fmt::arg("groups", group_cases),
                     fmt::arg("cases", cases));
}

std::string Escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\'')
      out += "'\\''";
    else if (c == ':')
      out += "\\:";
    else
      out += c;
  }
  return out;
}

// zsh understands bash's completion functions; on top of them it gets the summaries.
std::string Zsh(std::span<const Command> commands) {
  std::string described;
  std::set<std::string> seen;
  for (const Command& command : commands) {
    const std::size_t blank = command.name.find(' ');
    const std::string name = command.name.substr(0, blank);
    if (!seen.insert(name).second) continue;
    described += fmt::format(
        "    '{}:{}'\n", name,
        blank == std::string::npos ? Escaped(command.summary) : "see tenon " + name + " --help");
  }
  return fmt::format(R"sh(#compdef tenon
# Completion of tenon for zsh: source <(tenon completion zsh)
autoload -U +X bashcompinit && bashcompinit
{bash}
_tenon_zsh() {{
  if (( CURRENT == 2 )) && [[ "${{words[2]}}" != -* ]]; then
    local -a commands
    commands=(
{described}    )
    _describe 'command' commands
  else
    _bash_complete -o filenames -F _tenon
  fi
}}
compdef _tenon_zsh tenon
)sh",
                     fmt::arg("bash", Bash(commands)), fmt::arg("described", described));
}

Result<int> Run(Session& session, const Arguments& arguments) {
  const std::string shell = arguments.Get("SHELL");
  if (shell == "bash") {
    session.out() << Bash(session.commands());
  } else if (shell == "zsh") {
    session.out() << Zsh(session.commands());
  } else {
    return Fail(Code::kInvalidArgument, "there is completion for bash and zsh, not for " + shell);
  }
  return 0;
}

}  // namespace

Command CompletionCommand() {
  return {.name = "completion",
          .group = "Other",
          .summary = "Print a shell's completion of tenon",
          .details = "",
          .examples = {"source <(tenon completion bash)",
                       "tenon completion zsh > \"${fpath[1]}/_tenon\""},
          .positionals = {{"SHELL", "bash or zsh"}},
          .options = {},
          .run = Run};
}

}  // namespace tenon::cli
