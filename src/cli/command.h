// A command as data: its name, its words, its options and the function that runs it. The parser,
// the help pages and shell completion all read this one description.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tenon::cli {

class Session;
class Arguments;

// What a word stands for, so that the shell can complete it.
enum class Completes { kNothing, kFile, kDirectory, kEntity, kCommand, kContext };

// --NAME VALUE, or a switch when `value` is empty.
struct Option {
  std::string name;   // "filter", without dashes
  std::string value;  // "EXPR"; empty: a switch
  std::string help;
  std::string letter = {};  // "f": also -f
  bool repeat = false;      // may be given more than once
  std::vector<std::string> choices = {};
  Completes completes = Completes::kNothing;
};

struct Positional {
  std::string name;  // "ENTITY"
  std::string help;
  bool required = true;
  bool repeat = false;  // takes all that follow
  Completes completes = Completes::kNothing;
};

struct Command {
  std::string name;     // "list", "audit verify"
  std::string group;    // heading in `tenon --help`
  std::string summary;  // one line
  std::string details;  // paragraphs; may be empty
  std::vector<std::string> examples;
  std::vector<Positional> positionals;
  std::vector<Option> options;
  // The value is the exit code: 0, or 1 for "different", "unformatted", "found something".
  Result<int> (*run)(Session& session, const Arguments& arguments) = nullptr;
  bool is_default = false;  // also of the group's name alone: `tenon tasks`
};

// What was given on the command line, by option and positional name.
class Arguments {
 public:
  void Add(const std::string& name, std::string value) {
    values_[name].push_back(std::move(value));
  }

  [[nodiscard]] bool Has(const std::string& name) const { return values_.contains(name); }
  // The last value; empty when absent.
  [[nodiscard]] std::string Get(const std::string& name) const;
  [[nodiscard]] std::string Get(const std::string& name, std::string_view otherwise) const;
  [[nodiscard]] std::vector<std::string> All(const std::string& name) const;
  // A whole number within bounds; kInvalidArgument names the option.
  [[nodiscard]] Result<std::int64_t> Int(const std::string& name, std::int64_t otherwise,
                                         std::int64_t min, std::int64_t max) const;

 private:
  std::map<std::string, std::vector<std::string>> values_;
};

}  // namespace tenon::cli
