#include "app/config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <toml++/toml.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <optional>
#include <sstream>

#include "app/config_settings.h"
#include "base/hash.h"
#include "base/text.h"

namespace tenon {
namespace {

namespace fs = std::filesystem;

// Variables with our prefix that are the command line's own.
constexpr std::array<std::string_view, 5> kForeign = {"TENON_URL", "TENON_API_KEY", "TENON_CONTEXT",
                                                      "TENON_TENANT", "TENON_CONFIG"};

const Setting* Find(std::string_view key) {
  for (const Setting& setting : Settings()) {
    if (setting.key == key) return &setting;
  }
  return nullptr;
}

std::string NearestKey(std::string_view key) {
  std::vector<std::string_view> keys;
  for (const Setting& setting : Settings()) {
    if (setting.file) keys.push_back(setting.key);
  }
  return std::string(Nearest(key, keys));
}

bool IsSection(const std::string& key) {
  return std::ranges::any_of(
      Settings(), [&](const Setting& setting) { return setting.key.starts_with(key + "."); });
}

// A scalar or an array of scalars as text; nullopt for anything else.
std::optional<std::vector<std::string>> Texts(const toml::node& node) {
  if (const toml::array* array = node.as_array()) {
    std::vector<std::string> texts;
    for (const toml::node& item : *array) {
      std::optional<std::vector<std::string>> one = Texts(item);
      if (item.is_array() || !one || one->size() != 1) return std::nullopt;
      texts.push_back(std::move((*one)[0]));
    }
    return texts;
  }
  if (node.is_string()) return std::vector{node.as_string()->get()};
  if (node.is_integer()) return std::vector{fmt::format("{}", node.as_integer()->get())};
  if (node.is_boolean()) {
    return std::vector<std::string>{node.as_boolean()->get() ? "true" : "false"};
  }
  return std::nullopt;
}

// Merges the sources into one Config and collects everything that is wrong.
class Loader {
 public:
  explicit Loader(const ConfigSources& sources) : sources_(sources) {
    for (const Setting& setting : Settings()) origin_[setting.key] = "default";
  }

  Result<Config> Run() {
    if (const std::optional<fs::path> file = FindFile()) ReadToml(*file);
    ReadEnvironment();
    for (const auto& [key, text] : sources_.flags) SetFlag(key);
    SplitListen();
    CheckTogether();
    if (!wrong_.fields.empty()) return Fail(std::move(wrong_));
    for (const Setting& setting : Settings()) {
      config_.entries.push_back(
          {std::string(setting.key), Show(setting, config_), origin_[setting.key]});
    }
    return std::move(config_);
  }

 private:
  void Wrong(std::string where, std::string message) {
    wrong_.fields.push_back({std::move(where), "setting", std::move(message)});
  }

  std::optional<fs::path> FindFile() {
    std::string named = sources_.file;
    if (named.empty()) named = Variable("TENON_CONFIG");
    std::error_code problem;
    if (!named.empty()) {
      if (fs::is_regular_file(named, problem)) return fs::path(named);
      Wrong(named, "there is no such configuration file");
      return std::nullopt;
    }
    const fs::path here = fs::path(sources_.working_directory) / "tenon.toml";
    if (fs::is_regular_file(here, problem)) return here.lexically_normal();
    std::string data = Variable("TENON_DATA");
    for (const auto& [key, text] : sources_.flags) {
      if (key == "data") data = text;
    }
    const fs::path inside = fs::path(data.empty() ? config_.data : data) / "tenon.toml";
    if (!fs::is_regular_file(inside, problem)) return std::nullopt;
    in_data_ = true;
    return inside.lexically_normal();
  }

  [[nodiscard]] std::string Variable(const std::string& name) const {
    auto found = sources_.environment.find(name);
    return found == sources_.environment.end() ? "" : found->second;
  }

  void ReadToml(const fs::path& file) {
    try {
      const toml::table root = toml::parse_file(file.string());
      Walk(root, "", file);
    } catch (const toml::parse_error& problem) {
      Wrong(fmt::format("{}:{}", file.string(), problem.source().begin.line),
            std::string(problem.description()));
    }
  }

  void Walk(const toml::table& table, const std::string& prefix, const fs::path& file) {
    for (const auto& [name, node] : table) {
      const std::string key = prefix + std::string(name.str());
      const std::string place = fmt::format("{}:{}", file.string(), name.source().begin.line);
      const Setting* setting = Find(key);
      if (setting == nullptr) {
        const toml::table* inner = node.as_table();
        if (inner != nullptr && IsSection(key)) {
          Walk(*inner, key + ".", file);
        } else {
          Unknown(place, key);
        }
        continue;
      }
      if (!setting->file) {
        Wrong(place, fmt::format("{} does not belong into a file; set the variable {}", key,
                                 setting->variable));
        continue;
      }
      if (key == "data" && in_data_) {
        Wrong(place, "data cannot be set by the file that lies in the data directory");
        continue;
      }
      if (std::optional<std::vector<std::string>> texts = Texts(node)) {
        Take(*setting, *texts, file.parent_path().string(), place);
      } else {
        Wrong(place, key + " cannot be written like this");
      }
    }
  }

  void Unknown(const std::string& place, const std::string& key) {
    const std::string nearest = NearestKey(key);
    Wrong(place, fmt::format("'{}' is no setting; {}", key,
                             nearest.empty() ? "tenon config lists them"
                                             : fmt::format("did you mean {}?", nearest)));
  }

  void Take(const Setting& setting, const std::vector<std::string>& texts,
            const std::string& folder, const std::string& place) {
    if (auto done = Set(setting, config_, texts, folder); !done) {
      Wrong(place, fmt::format("{} {}", setting.key, done.error()));
      return;
    }
    origin_[setting.key] = place;
  }

  void ReadEnvironment() {
    std::vector<std::string_view> names;
    for (const Setting& setting : Settings()) {
      names.push_back(setting.variable);
      const std::string text = Variable(std::string(setting.variable));
      // An empty variable is how a shell or a unit file takes one back.
      if (!text.empty()) Take(setting, {text}, "", std::string(setting.variable));
    }
    for (const auto& [name, text] : sources_.environment) {
      if (!name.starts_with("TENON_") || std::ranges::find(kForeign, name) != kForeign.end() ||
          std::ranges::find(names, name) != names.end()) {
        continue;
      }
      // Not an error: Kubernetes sets TENON_PORT and its like for a service called tenon.
      const std::string_view nearest = Nearest(name, names);
      config_.warnings.push_back(
          fmt::format("{} is no setting and is not used{}", name,
                      nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest)));
    }
  }

  // Several flags of one key together are its list; of the others the last one counts.
  void SetFlag(const std::string& key) {
    const Setting* setting = Find(key);
    if (setting == nullptr) return Unknown("--set " + key, key);
    std::vector<std::string> texts;
    for (const auto& [other, text] : sources_.flags) {
      if (other == key) texts.push_back(text);
    }
    if (!std::holds_alternative<ListSetting>(setting->kind)) texts = {texts.back()};
    Take(*setting, texts, "", "flag");
  }

  void SplitListen() {
    const std::string& listen = config_.listen;
    const std::size_t colon = listen.rfind(':');
    std::string host = listen.substr(0, colon);
    const std::string digits = colon == std::string::npos ? "7400" : listen.substr(colon + 1);
    int port = -1;
    auto [stop, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    const bool bare_ipv6 = host.find(':') != std::string::npos && !host.starts_with('[');
    if (problem != std::errc() || stop != digits.data() + digits.size() || port < 0 ||
        port > 65535 || bare_ipv6) {
      Wrong(origin_["listen"], fmt::format("listen is HOST:PORT or [IPV6]:PORT, not '{}'", listen));
      return;
    }
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    config_.host = host.empty() ? "0.0.0.0" : host;
    config_.port = static_cast<std::uint16_t>(port);
  }

  void CheckTogether() {
    if (config_.tls.certificate.empty() != config_.tls.key.empty()) {
      Wrong(origin_[config_.tls.key.empty() ? "tls.certificate" : "tls.key"],
            "tls.certificate and tls.key go together");
    }
    CheckVaultKey("encryption_key", config_.encryption_key);
    CheckVaultKey("encryption_key_previous", config_.encryption_key_previous);
    if (config_.encryption_key.empty() && !config_.encryption_key_previous.empty()) {
      Wrong(origin_["encryption_key_previous"],
            "ENCRYPTION_KEY_PREVIOUS needs ENCRYPTION_KEY, the key in force");
    }
    CheckJwt();
    CheckDatabase();
    if (config_.limits.request_burst == 0) {
      config_.limits.request_burst = 2 * config_.limits.requests_per_second;
    }
  }

  void CheckVaultKey(std::string_view key, const std::string& hex) {
    if (hex.empty()) return;
    const std::optional<std::string> bytes = FromHex(hex);
    if (!bytes || bytes->size() != 32) {
      Wrong(origin_[key], "is 64 hex digits; make one with: openssl rand -hex 32");
    }
  }

  void CheckDatabase() {
    if (config_.store == "postgres" && config_.database_url.empty()) {
      Wrong(origin_["store"],
            "store = postgres needs database_url (TENON_DATABASE_URL), such as "
            "postgresql://tenon@db.example.com/tenon?sslmode=verify-full");
    }
    if (config_.store == "sqlite" && !config_.database_url.empty()) {
      config_.warnings.push_back(
          "database_url is not used: the store is sqlite. For PostgreSQL set store = postgres "
          "(TENON_STORE)");
    }
    if (config_.database.role == config_.database.system_role) {
      Wrong(origin_["database.role"],
            "database.role and database.system_role are two roles: row-level security holds for "
            "the first and not for the second");
    }
  }

  void CheckJwt() {
    const JwtConfig& jwt = config_.jwt;
    const char* keys = !jwt.jwks_file.empty()      ? "jwt.jwks_file"
                       : !jwt.jwks_url.empty()     ? "jwt.jwks_url"
                       : !jwt.hs256_secret.empty() ? "jwt.hs256_secret"
                                                   : nullptr;
    if (jwt.issuer.empty() && keys != nullptr) {
      Wrong(origin_[keys], "keys for tokens need jwt.issuer and jwt.audience");
    }
    if (!jwt.jwks_file.empty() && !jwt.jwks_url.empty()) {
      Wrong(origin_["jwt.jwks_url"], "give jwt.jwks_file or jwt.jwks_url, not both");
    }
    if (!jwt.jwks_url.empty() && !jwt.jwks_url.starts_with("https://") &&
        !jwt.jwks_url.starts_with("http://")) {
      Wrong(origin_["jwt.jwks_url"], "jwt.jwks_url begins with https:// or http://");
    }
    if (!jwt.issuer.empty() && jwt.audience.empty()) {
      Wrong(origin_["jwt.issuer"], "jwt.issuer needs jwt.audience");
    }
    if (!jwt.issuer.empty() && keys == nullptr) {
      Wrong(origin_["jwt.issuer"],
            "jwt.issuer needs jwt.jwks_url, jwt.jwks_file or jwt.hs256_secret");
    }
    if (!jwt.hs256_secret.empty() && jwt.hs256_secret.size() < 32) {
      Wrong(origin_["jwt.hs256_secret"], "jwt.hs256_secret is at least 32 bytes long");
    }
    for (const std::string& pair : jwt.group_roles) {
      const std::size_t equals = pair.rfind('=');
      if (equals == std::string::npos || equals == 0 || equals + 1 == pair.size()) {
        Wrong(origin_["jwt.group_roles"],
              fmt::format("jwt.group_roles holds GROUP=ROLE, not '{}'", pair));
      }
    }
  }

  const ConfigSources& sources_;
  Config config_;
  std::map<std::string_view, std::string> origin_;
  bool in_data_ = false;
  Error wrong_{Code::kInvalidArgument, "the configuration is wrong"};
};

}  // namespace

Result<Config> LoadConfig(const ConfigSources& sources) { return Loader(sources).Run(); }

std::map<std::string, std::string> ProcessEnvironment() {
  std::map<std::string, std::string> variables;
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view pair = *at;
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return variables;
}

}  // namespace tenon
