#include "cli/parse.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <set>

#include "base/text.h"

namespace tenon::cli {
namespace {

// CLI11 writes into variables; these live as long as one parse.
struct Values {
  std::map<std::string, std::vector<std::string>> texts;
  std::map<std::string, bool> switches;
};

std::string Spelling(const Option& option) {
  return option.letter.empty() ? "--" + option.name : "-" + option.letter + ",--" + option.name;
}

void AddOption(CLI::App& app, const Option& option, Values& values) {
  if (option.value.empty()) {
    app.add_flag(Spelling(option), values.switches[option.name]);
    return;
  }
  CLI::Option* added = app.add_option(Spelling(option), values.texts[option.name]);
  added->type_size(1)->expected(1)->allow_extra_args(false);
  added->multi_option_policy(option.repeat ? CLI::MultiOptionPolicy::TakeAll
                                           : CLI::MultiOptionPolicy::TakeLast);
}

// --verbose may be given twice, which a bool cannot tell; so it counts through `texts`.
void Collect(const std::vector<Option>& options, const CLI::App& app, const Values& values,
             Arguments& into) {
  for (const Option& option : options) {
    if (option.value.empty()) {
      const std::size_t count = app.get_option("--" + option.name)->count();
      for (std::size_t i = 0; i < count; ++i) into.Add(option.name, "true");
      continue;
    }
    for (const std::string& text : values.texts.at(option.name)) into.Add(option.name, text);
  }
}

// An option whose value is called N takes a whole number; its bounds are the command's to check.
bool IsNumber(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

Result<void> CheckChoices(const std::vector<Option>& options, const Arguments& given) {
  for (const Option& option : options) {
    for (const std::string& text : given.All(option.name)) {
      if (option.value != "N" || IsNumber(text)) continue;
      return Fail(Code::kInvalidArgument,
                  fmt::format("--{} takes a whole number, not '{}'", option.name, text));
    }
    if (option.choices.empty()) continue;
    for (const std::string& text : given.All(option.name)) {
      if (std::ranges::find(option.choices, text) != option.choices.end()) continue;
      return Fail(Code::kInvalidArgument, fmt::format("--{} takes {}, not '{}'", option.name,
                                                      fmt::join(option.choices, ", "), text));
    }
  }
  return {};
}

std::string UnknownWord(const std::string& word, const Command& command) {
  if (!word.starts_with("-")) {
    return fmt::format("tenon {} does not take '{}'; see tenon {} --help", command.name, word,
                       command.name);
  }
  std::vector<std::string> names;
  for (const Option& option : command.options) names.push_back("--" + option.name);
  for (const Option& option : GlobalOptions()) names.push_back("--" + option.name);
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string_view nearest = Nearest(word.substr(0, word.find('=')), views);
  std::string hint = nearest.empty() ? fmt::format("see tenon {} --help", command.name)
                                     : fmt::format("did you mean {}?", nearest);
  return fmt::format("tenon {} has no option '{}'; {}", command.name, word, hint);
}

Result<void> TakePositionals(const Command& command, std::vector<std::string> words,
                             Arguments& into) {
  std::size_t next = 0;
  for (const Positional& positional : command.positionals) {
    if (next >= words.size()) {
      if (!positional.required) break;
      return Fail(Code::kInvalidArgument,
                  fmt::format("{} is missing: {}; see tenon {} --help", positional.name,
                              positional.help, command.name));
    }
    do {
      into.Add(positional.name, words[next++]);
    } while (positional.repeat && next < words.size());
  }
  if (next < words.size()) {
    return Fail(Code::kInvalidArgument, UnknownWord(words[next], command));
  }
  return {};
}

// One CLI11 application with everything declared, and where its values land.
class Grammar {
 public:
  explicit Grammar(std::span<const Command> commands) : app_("tenon") {
    Prepare(app_);
    // Only the first word is a command: in `tenon do assets ID restore` the last one is not.
    app_.require_subcommand(0, 1);
    app_.add_flag("--version", version_);
    for (const Option& option : GlobalOptions()) AddOption(app_, option, globals_);
    values_.resize(commands.size());
    words_.resize(commands.size());
    for (std::size_t i = 0; i < commands.size(); ++i) AddCommand(commands[i], i);
  }

  Result<Parsed> Run(int argc, const char* const* argv, std::span<const Command> commands) {
    // What follows `--` is taken as it stands, so CLI11 does not get to see it.
    int end = 1;
    while (end < argc && std::string_view(argv[end]) != "--") ++end;
    const std::vector<std::string> verbatim(argv + std::min(end + 1, argc), argv + argc);
    try {
      app_.parse(end, argv);
    } catch (const CLI::ParseError& problem) {
      return Fail(Code::kInvalidArgument, Explain(problem, argc, argv, commands));
    }
    Parsed parsed;
    parsed.help = help_;
    parsed.version = version_;
    Collect(GlobalOptions(), app_, globals_, parsed.globals);
    TRY(CheckChoices(GlobalOptions(), parsed.globals));
    for (std::size_t i = 0; i < commands.size(); ++i) {
      if (!apps_[i]->parsed()) continue;
      parsed.command = &commands[i];
      Collect(commands[i].options, *apps_[i], values_[i], parsed.arguments);
      if (help_) return parsed;
      for (const std::string& word : app_.remaining(true)) {
        if (word == "-")
          words_[i].push_back(word);
        else
          return Fail(Code::kInvalidArgument, UnknownWord(word, commands[i]));
      }
      words_[i].insert(words_[i].end(), verbatim.begin(), verbatim.end());
      TRY(CheckChoices(commands[i].options, parsed.arguments));
      TRY(TakePositionals(commands[i], words_[i], parsed.arguments));
      return parsed;
    }
    for (const auto& [name, group] : groups_) {
      if (group->parsed()) parsed.group = name;
    }
    const std::vector<std::string> rest = app_.remaining(true);
    const auto usual = std::ranges::find_if(commands, [&](const Command& command) {
      return command.is_default && command.name.starts_with(parsed.group + " ");
    });
    if (!parsed.group.empty() && rest.empty() && !help_ && usual != commands.end()) {
      const auto index = static_cast<std::size_t>(usual - commands.begin());
      parsed.command = &*usual;
      Collect(usual->options, *groups_[parsed.group], values_[index], parsed.arguments);
      TRY(CheckChoices(usual->options, parsed.arguments));
      return parsed;
    }
    if (!rest.empty()) {
      const std::string word = parsed.group.empty() ? rest[0] : parsed.group + " " + rest[0];
      const std::string near = NearestCommand(word, commands);
      return Fail(
          Code::kInvalidArgument,
          fmt::format("'{}' is not a command; {}", word,
                      near.empty() ? "see tenon --help" : fmt::format("did you mean '{}'?", near)));
    }
    return parsed;
  }

 private:
  void Prepare(CLI::App& app) {
    app.set_help_flag();
    app.add_flag("-h,--help", help_);
    app.allow_extras();
    app.fallthrough();
  }

  void AddCommand(const Command& command, std::size_t index) {
    CLI::App* parent = &app_;
    std::string leaf = command.name;
    if (const std::size_t blank = leaf.find(' '); blank != std::string::npos) {
      const std::string group = leaf.substr(0, blank);
      leaf = leaf.substr(blank + 1);
      if (!groups_.contains(group)) {
        groups_[group] = app_.add_subcommand(group);
        Prepare(*groups_[group]);
        groups_[group]->require_subcommand(0, 1);
      }
      parent = groups_[group];
      if (command.is_default) {
        for (const Option& option : command.options) AddOption(*parent, option, values_[index]);
      }
    }
    CLI::App* app = parent->add_subcommand(leaf);
    Prepare(*app);
    for (const Option& option : command.options) AddOption(*app, option, values_[index]);
    // One list takes every word; TakePositionals divides it, so that its messages are ours.
    app->add_option("words", words_[index]);
    apps_.push_back(app);
  }

  static std::string Explain(const CLI::ParseError& problem, int argc, const char* const* argv,
                             std::span<const Command> commands) {
    // An option that wants a value and got none is the only error that CLI11 itself can find here.
    std::string message = problem.what();
    if (const std::size_t colon = message.find(": "); message.starts_with("--")) {
      message = message.substr(0, colon) + " needs a value";
    }
    std::string name;
    for (int i = 1; i < argc; ++i) {
      if (argv[i][0] != '-') name += (name.empty() ? "" : " ") + std::string(argv[i]);
    }
    for (const Command& command : commands) {
      if (name.starts_with(command.name))
        return message + "; see tenon " + command.name + " --help";
    }
    return message + "; see tenon --help";
  }

  CLI::App app_;
  bool help_ = false;
  bool version_ = false;
  Values globals_;
  std::vector<Values> values_;
  std::vector<std::vector<std::string>> words_;
  std::vector<CLI::App*> apps_;
  std::map<std::string, CLI::App*> groups_;
};

}  // namespace

const std::vector<Option>& GlobalOptions() {
  static const std::vector<Option> kOptions = {
      {"url", "URL", "server to talk to (TENON_URL; default http://127.0.0.1:7400)"},
      {"key", "KEY", "API key (TENON_API_KEY; default: ./data/admin.key for a local server)"},
      {"context",
       "NAME",
       "saved server and key to use (TENON_CONTEXT); see tenon login",
       "",
       false,
       {},
       Completes::kContext},
      {"data",
       "DIR",
       "work on this data directory in process, without a server",
       "",
       false,
       {},
       Completes::kDirectory},
      {"config",
       "FILE",
       "configuration file (TENON_CONFIG; default ./tenon.toml)",
       "",
       false,
       {},
       Completes::kFile},
      {"tenant", "SLUG", "tenant to work in, for system keys (TENON_TENANT)"},
      {"output",
       "FORMAT",
       "table, json, ndjson or yaml",
       "o",
       false,
       {"table", "json", "ndjson", "yaml"}},
      {"timeout", "SECONDS", "longest wait for an answer (default 60)"},
      {"ca-file", "FILE", "certificates to trust, PEM", "", false, {}, Completes::kFile},
      {"insecure", "", "do not verify the server's certificate"},
      {"no-color", "", "no colours (NO_COLOR)"},
      {"quiet", "", "only results and errors", "q"},
      {"verbose", "", "say what is sent and how long it took", "v"},
  };
  return kOptions;
}

Result<Parsed> Parse(int argc, const char* const* argv, std::span<const Command> commands) {
  // A command's own option hides the global one of the same name (export -o FILE).
  auto grammar = std::make_unique<Grammar>(commands);
  return grammar->Run(argc, argv, commands);
}

std::string NearestCommand(const std::string& word, std::span<const Command> commands) {
  std::vector<std::string_view> names;
  std::set<std::string> groups;
  for (const Command& command : commands) {
    names.emplace_back(command.name);
    const std::size_t blank = command.name.find(' ');
    if (blank != std::string::npos) groups.insert(command.name.substr(0, blank));
  }
  names.insert(names.end(), groups.begin(), groups.end());
  return std::string(Nearest(word, names));
}

}  // namespace tenon::cli
