#include "cli/commands.h"
#include "cli/session.h"

namespace tenon::cli {
namespace {

// Options that are settings of tenon.toml by another name.
constexpr std::pair<std::string_view, std::string_view> kSettings[] = {
    {"listen", "listen"},
    {"store", "store"},
    {"database-url", "database_url"},
    {"models", "models"},
    {"tls-certificate", "tls.certificate"},
    {"tls-key", "tls.key"},
    {"log-level", "log.level"},
    {"log-format", "log.format"},
};

Result<int> Run(Session& session, const Arguments& arguments) {
  if (!session.environment().serve) return Fail(Code::kUnavailable, "this build cannot serve");
  Settings settings = session.settings();
  for (const auto& [option, key] : kSettings) {
    for (std::string& value : arguments.All(std::string(option))) {
      settings.overrides.emplace_back(key, std::move(value));
    }
  }
  for (const std::string& word : arguments.All("set")) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) {
      return Fail(Code::kInvalidArgument, "--set takes KEY=VALUE, not '" + word + "'");
    }
    settings.overrides.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  return session.environment().serve(settings);
}

}  // namespace

Command ServeCommand() {
  return {
      .name = "serve",
      .group = "Server",
      .summary = "Run the server",
      .details =
          "Settings come from tenon.toml, the environment and these options, in rising\n"
          "order; tenon config shows what is in force. A fresh data directory gets its\n"
          "first key, printed once and kept in DIR/admin.key. SIGTERM ends the server in\n"
          "good order: it answers what it accepted.",
      .examples = {"tenon serve --data ./data",
                   "tenon serve --data /var/lib/tenon --listen 0.0.0.0:7400",
                   "tenon serve --set limits.body_bytes=1000000"},
      .positionals = {},
      .options =
          {{"listen", "HOST:PORT", "address to listen on (default 127.0.0.1:7400)"},
           {"store", "KIND", "sqlite, or postgres (then --database-url)"},
           {"database-url", "URL", "postgresql://USER@HOST/DATABASE?sslmode=..."},
           {"models", "PATH", "a model file or folder of your own", "", true, {}, Completes::kFile},
           {"tls-certificate", "FILE", "certificate chain, PEM", "", false, {}, Completes::kFile},
           {"tls-key", "FILE", "its private key, PEM", "", false, {}, Completes::kFile},
           {"log-level", "LEVEL", "debug, info, warn or error"},
           {"log-format", "FORMAT", "text or json"},
           {"set", "KEY=VALUE", "any other setting of tenon.toml", "", true}},
      .run = Run};
}

}  // namespace tenon::cli
