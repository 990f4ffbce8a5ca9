// The configuration: every setting with its type, its default and its words, in one table; values
// from tenon.toml, TENON_* and the command line, in rising order, each with where it comes from.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/environment.h"

namespace tenon {

enum class SettingKind { kText, kPath, kInt, kFloat, kBool, kList, kSecret, kSeconds, kTable };

struct SettingInfo {
  std::string_view key;           // as in tenon.toml: "limits.body_bytes"
  SettingKind kind;
  std::string_view default_text;
  std::string_view environment;   // a name besides TENON_<KEY>: "ENCRYPTION_KEY"; or empty
  std::string_view help;
};

// Every setting there is, in the order in which `tenon config` shows them.
std::span<const SettingInfo> AllSettings();

// A checked configuration. Immutable.
class Config {
 public:
  // kInvalidArgument with file, line and the nearest right name for an unknown key; with the
  // setting's name for a value that is not of its kind.
  static Result<Config> Load(
      const cli::Settings& settings,
      const std::function<std::optional<std::string>(const std::string&)>& getenv);

  [[nodiscard]] const std::string& Text(std::string_view key) const;
  [[nodiscard]] std::int64_t Int(std::string_view key) const;
  [[nodiscard]] double Float(std::string_view key) const;
  [[nodiscard]] bool Bool(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> List(std::string_view key) const;
  // Pairs of a kTable setting (jwt.group_roles), as "group=role".
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> Table(std::string_view key) const;

  // host and port of `listen`.
  [[nodiscard]] Result<std::pair<std::string, std::uint16_t>> Listen() const;

  // For `tenon config`; secrets are masked.
  [[nodiscard]] std::vector<cli::SettingRow> Rows() const;

 private:
  struct Value {
    std::string text;    // lists and tables joined by commas
    std::string source;
  };
  Result<void> Set(std::string_view key, std::string text, std::string source);
  Result<void> ReadFile(const std::string& path);
  std::map<std::string, Value, std::less<>> values_;
};

}  // namespace tenon
