// One run of the command line: what was asked globally, where output goes, and the API, connected
// when a command first needs it.
#pragma once

#include <chrono>
#include <iosfwd>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/api.h"
#include "cli/catalog.h"
#include "cli/command.h"
#include "cli/contexts.h"
#include "cli/environment.h"
#include "cli/fields.h"
#include "cli/style.h"

namespace tenon::cli {

enum class Format { kTable, kJson, kNdjson, kYaml };

inline constexpr std::string_view kDefaultUrl = "http://127.0.0.1:7400";

// Which server, and as whom: the outcome of flags, environment, contexts and defaults.
struct Connection {
  std::string url;
  std::string key;
  std::string tenant;
  std::string ca_file;
  bool insecure = false;
  bool is_default = false;  // nothing was said: the local server
  bool in_process = false;  // --data
  std::string key_source;   // for messages: "--key", "TENON_API_KEY", "./data/admin.key"
};

// Not thread-safe.
class Session {
 public:
  Session(const Environment& environment, Arguments globals, std::span<const Command> commands);

  [[nodiscard]] const Environment& environment() const { return environment_; }
  [[nodiscard]] std::span<const Command> commands() const { return commands_; }
  [[nodiscard]] std::ostream& out() const { return *environment_.out; }
  [[nodiscard]] std::ostream& err() const { return *environment_.err; }
  [[nodiscard]] Style out_style() const { return {environment_.out_terminal && colours_}; }
  [[nodiscard]] Style err_style() const { return {environment_.err_terminal && colours_}; }
  [[nodiscard]] Format format() const { return format_; }
  [[nodiscard]] bool quiet() const { return quiet_; }
  [[nodiscard]] bool verbose() const { return verbose_; }
  // Width to cut tables to; 0 when output is not a terminal.
  [[nodiscard]] std::size_t width() const;
  [[nodiscard]] bool Interrupted() const;

  [[nodiscard]] std::string Getenv(const std::string& name) const;  // empty when not set
  // --config and --data, for the commands that work without a server.
  [[nodiscard]] Settings settings() const;
  [[nodiscard]] const Arguments& globals() const { return globals_; }

  // A line to standard error unless --quiet.
  void Note(std::string_view text) const;

  Result<Connection> ResolveConnection() const;
  Result<Api*> api();
  // Before api(): answers may take so long, unless --timeout says another.
  void SetPatience(std::chrono::seconds patience) { patience_ = patience; }
  [[nodiscard]] bool asked_server() const { return api_ != nullptr; }
  // Names of entities and views; Entity() adds what the entity's model says of it.
  Result<const Catalog*> catalog();
  Result<const EntityInfo*> Entity(const std::string& word);

  // A file, or standard input for "-". kNotFound or kTooLarge.
  [[nodiscard]] Result<std::string> ReadFile(const std::string& path) const;
  [[nodiscard]] ReadFileFn reader() const;

  [[nodiscard]] std::filesystem::path contexts_file() const;

 private:
  const Environment& environment_;
  Arguments globals_;
  std::span<const Command> commands_;
  Format format_ = Format::kTable;
  bool colours_ = true;
  bool quiet_ = false;
  bool verbose_ = false;
  std::chrono::seconds patience_{60};
  std::unique_ptr<Api> api_;
  Result<Catalog*> Names();

  std::optional<Catalog> catalog_;
};

}  // namespace tenon::cli
