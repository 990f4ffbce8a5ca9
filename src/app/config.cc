#include "app/config.h"

#include <fmt/format.h>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>

#include "base/text.h"

namespace tenon {
namespace {

constexpr SettingInfo kSettings[] = {
    {"data", SettingKind::kPath, "./data", "", "data directory"},
    {"listen", SettingKind::kText, "127.0.0.1:7400", "", "address and port; [::1]:7400 for IPv6"},
    {"store", SettingKind::kText, "sqlite", "", "where rows are kept: sqlite"},
    {"database_url", SettingKind::kSecret, "", "", "of a store that is a server"},
    {"models", SettingKind::kList, "", "", "model files or folders of your own"},
    {"migrate", SettingKind::kBool, "true", "", "bring the store to the models at the start"},
    {"threads", SettingKind::kInt, "2", "", "I/O threads"},
    {"read_threads", SettingKind::kInt, "4", "", "threads for lists, views and exports"},
    {"cache_bytes", SettingKind::kInt, "33554432", "", "memory for single records; 0 is none"},
    {"cache_ttl", SettingKind::kSeconds, "3600", "", "seconds that a record stays in the cache"},
    {"encryption_key", SettingKind::kSecret, "", "ENCRYPTION_KEY",
     "64 hex digits; seals secrets. Without it they are refused"},
    {"encryption_key_previous", SettingKind::kSecret, "", "ENCRYPTION_KEY_PREVIOUS",
     "opens what was sealed before the key was changed"},
    {"tls.certificate", SettingKind::kPath, "", "", "certificate chain, PEM"},
    {"tls.key", SettingKind::kPath, "", "", "its private key, PEM"},
    {"limits.body_bytes", SettingKind::kInt, "8388608", "", "largest request body"},
    {"limits.header_bytes", SettingKind::kInt, "16384", "", "all header lines together"},
    {"limits.connections", SettingKind::kInt, "10000", "", "open connections"},
    {"limits.streams_per_tenant", SettingKind::kInt, "100", "", "open event streams of a tenant"},
    {"limits.rate_per_second", SettingKind::kFloat, "0", "", "requests of one key; 0 is no limit"},
    {"limits.rate_burst", SettingKind::kFloat, "0", "", "requests at once above the rate"},
    {"timeouts.header", SettingKind::kSeconds, "10", "", "seconds for the head of a request"},
    {"timeouts.body", SettingKind::kSeconds, "60", "", "seconds between two pieces of a body"},
    {"timeouts.idle", SettingKind::kSeconds, "75", "", "seconds between two requests"},
    {"timeouts.write", SettingKind::kSeconds, "60", "", "seconds for a client to read an answer"},
    {"timeouts.shutdown", SettingKind::kSeconds, "30", "", "seconds to finish accepted requests"},
    {"cors.origins", SettingKind::kList, "", "", "origins of web pages that may call; * is any"},
    {"auth.failures_per_minute", SettingKind::kFloat, "30", "", "of one address, then 429"},
    {"jwt.issuer", SettingKind::kText, "", "", "iss of accepted tokens; empty: none are"},
    {"jwt.audience", SettingKind::kText, "", "", "aud of accepted tokens"},
    {"jwt.jwks_file", SettingKind::kPath, "", "", "file with the issuer's JWK Set"},
    {"jwt.hs256_secret", SettingKind::kSecret, "", "", "shared secret; empty: HS256 is refused"},
    {"jwt.tenant_claim", SettingKind::kText, "tenant", "", "claim with the tenant's id or slug"},
    {"jwt.groups_claim", SettingKind::kText, "groups", "", "claim with the groups"},
    {"jwt.email_claim", SettingKind::kText, "email", "", "claim with the user's e-mail address"},
    {"jwt.group_roles", SettingKind::kTable, "", "", "group = role"},
    {"jwt.create_users", SettingKind::kBool, "false", "", "make a user for a new subject"},
    {"log.level", SettingKind::kText, "info", "", "debug, info, warn or error"},
    {"log.format", SettingKind::kText, "text", "", "text or json"},
    {"log.requests", SettingKind::kBool, "false", "", "a line for every request"},
};

const SettingInfo* Find(std::string_view key) {
  for (const SettingInfo& info : kSettings) {
    if (info.key == key) return &info;
  }
  return nullptr;
}

std::string UnknownKey(std::string_view key) {
  std::vector<std::string_view> names;
  for (const SettingInfo& info : kSettings) names.push_back(info.key);
  const std::string_view nearest = Nearest(key, names);
  return fmt::format("there is no setting '{}'{}", Ellipsis(key, 80),
                     nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest));
}

std::string EnvironmentName(std::string_view key) {
  std::string name = "TENON_";
  for (const char c : key) {
    name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

template <typename Number>
bool IsNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= Number{};
}

std::string_view KindName(SettingKind kind) {
  switch (kind) {
    case SettingKind::kInt: return "a whole number, 0 or more";
    case SettingKind::kSeconds: return "a whole number of seconds";
    case SettingKind::kFloat: return "a number, 0 or more";
    case SettingKind::kBool: return "true or false";
    case SettingKind::kList: return "a list";
    case SettingKind::kTable: return "a table of texts";
    default: return "text";
  }
}

bool Fits(SettingKind kind, std::string_view text) {
  switch (kind) {
    case SettingKind::kInt:
    case SettingKind::kSeconds: return IsNumber<std::int64_t>(text);
    case SettingKind::kFloat: return IsNumber<double>(text);
    case SettingKind::kBool: return text == "true" || text == "false";
    default: return true;
  }
}

// A TOML value as the text that Set takes; nullopt when it is of another kind.
std::optional<std::string> TextOf(const toml::node& node, SettingKind kind) {
  if (kind == SettingKind::kList) {
    if (const auto text = node.value<std::string>()) return text;
    const toml::array* items = node.as_array();
    if (items == nullptr) return std::nullopt;
    std::string text;
    for (const toml::node& item : *items) {
      const auto one = item.value<std::string>();
      if (!one) return std::nullopt;
      text += (text.empty() ? "" : ",") + *one;
    }
    return text;
  }
  if (kind == SettingKind::kTable) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return std::nullopt;
    std::string text;
    for (const auto& [name, value] : *table) {
      const auto one = value.value<std::string>();
      if (!one) return std::nullopt;
      text += (text.empty() ? "" : ",") + std::string(name.str()) + "=" + *one;
    }
    return text;
  }
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* whole = node.as_integer()) return std::to_string(whole->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  return node.value<std::string>();
}

}  // namespace

std::span<const SettingInfo> AllSettings() { return kSettings; }

Result<void> Config::Set(std::string_view key, std::string text, std::string source) {
  const SettingInfo* info = Find(key);
  if (info == nullptr) return Fail(Code::kInvalidArgument, source + ": " + UnknownKey(key));
  if (!Fits(info->kind, text)) {
    return Fail(Code::kInvalidArgument, fmt::format("{}: {} is {}, not '{}'", source, key,
                                                    KindName(info->kind), Ellipsis(text, 60)));
  }
  values_[std::string(key)] = {std::move(text), std::move(source)};
  return {};
}

Result<void> Config::ReadFile(const std::string& path) {
  const toml::parse_result parsed = toml::parse_file(path);
  if (!parsed) {
    return Fail(Code::kInvalidArgument,
                fmt::format("{}:{}: {}", path, parsed.error().source().begin.line,
                            parsed.error().description()));
  }
  // Tables nest one deep; a kTable setting is a leaf.
  const auto read = [&](std::string_view key, const toml::node& node) -> Result<void> {
    const std::string source = fmt::format("{}:{}", path, node.source().begin.line);
    const SettingInfo* info = Find(key);
    if (info == nullptr) return Fail(Code::kInvalidArgument, source + ": " + UnknownKey(key));
    const auto text = TextOf(node, info->kind);
    if (!text) {
      return Fail(Code::kInvalidArgument,
                  fmt::format("{}: {} is {}", source, key, KindName(info->kind)));
    }
    return Set(key, *text, source);
  };
  for (const auto& [name, node] : parsed.table()) {
    const toml::table* section = node.as_table();
    if (section == nullptr || Find(name.str()) != nullptr) {
      TRY(read(name.str(), node));
      continue;
    }
    for (const auto& [inner, value] : *section) {
      TRY(read(fmt::format("{}.{}", name.str(), inner.str()), value));
    }
  }
  return {};
}

Result<Config> Config::Load(
    const cli::Settings& settings,
    const std::function<std::optional<std::string>(const std::string&)>& getenv) {
  Config config;
  for (const SettingInfo& info : kSettings) {
    config.values_[std::string(info.key)] = {std::string(info.default_text), "default"};
  }
  std::string data = config.Text("data");
  if (const auto value = getenv("TENON_DATA")) data = *value;
  for (const auto& [key, value] : settings.overrides) {
    if (key == "data") data = value;
  }
  if (!settings.config_file.empty()) {
    TRY(config.ReadFile(settings.config_file));
  } else if (const auto named = getenv("TENON_CONFIG"); named && !named->empty()) {
    TRY(config.ReadFile(*named));
  } else {
    for (const std::string& path : {std::string("tenon.toml"), data + "/tenon.toml"}) {
      std::error_code ignored;
      if (!std::filesystem::exists(path, ignored)) continue;
      TRY(config.ReadFile(path));
      break;
    }
  }
  for (const SettingInfo& info : kSettings) {
    const std::string name = EnvironmentName(info.key);
    if (const auto value = getenv(name)) TRY(config.Set(info.key, *value, name));
    if (info.environment.empty()) continue;
    const std::string other(info.environment);
    if (const auto value = getenv(other); value && !value->empty()) {
      TRY(config.Set(info.key, *value, other));
    }
  }
  std::map<std::string, int> times;
  for (const auto& [key, value] : settings.overrides) {
    const SettingInfo* info = Find(key);
    std::string text = value;
    // A list option that is given twice adds up.
    if (info != nullptr && info->kind == SettingKind::kList && times[key]++ > 0) {
      text = config.Text(key) + "," + value;
    }
    TRY(config.Set(key, std::move(text), "--" + key));
  }
  TRY(config.Listen());
  if (config.Text("store") != "sqlite") {
    return Fail(Code::kInvalidArgument, fmt::format("{}: store is sqlite, not '{}'",
                                                    config.values_.find("store")->second.source,
                                                    Ellipsis(config.Text("store"), 40)));
  }
  return config;
}

const std::string& Config::Text(std::string_view key) const {
  return values_.find(key)->second.text;
}

std::int64_t Config::Int(std::string_view key) const {
  return std::strtoll(Text(key).c_str(), nullptr, 10);
}
double Config::Float(std::string_view key) const { return std::strtod(Text(key).c_str(), nullptr); }
bool Config::Bool(std::string_view key) const { return Text(key) == "true"; }

std::vector<std::string> Config::List(std::string_view key) const {
  std::vector<std::string> items;
  std::string_view rest = Text(key);
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    std::string_view item = rest.substr(0, comma);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (!item.empty()) items.emplace_back(item);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  return items;
}

std::vector<std::pair<std::string, std::string>> Config::Table(std::string_view key) const {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& item : List(key)) {
    const std::size_t equals = item.find('=');
    if (equals == std::string::npos) continue;
    pairs.emplace_back(item.substr(0, equals), item.substr(equals + 1));
  }
  return pairs;
}

Result<std::pair<std::string, std::uint16_t>> Config::Listen() const {
  const std::string& text = Text("listen");
  const std::size_t colon = text.rfind(':');
  const std::string port = colon == std::string::npos ? "" : text.substr(colon + 1);
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (host.empty() || !IsNumber<std::int64_t>(port) || std::stoll(port) > 65535) {
    return Fail(Code::kInvalidArgument,
                fmt::format("{}: listen is HOST:PORT, such as 127.0.0.1:7400, not '{}'",
                            values_.find("listen")->second.source, Ellipsis(text, 60)));
  }
  return std::pair(host, static_cast<std::uint16_t>(std::stoi(port)));
}

std::vector<cli::SettingRow> Config::Rows() const {
  std::vector<cli::SettingRow> rows;
  for (const SettingInfo& info : kSettings) {
    const Value& value = values_.find(info.key)->second;
    const bool masked = info.kind == SettingKind::kSecret && !value.text.empty();
    rows.push_back({std::string(info.key), masked ? "****" : value.text, value.source});
  }
  return rows;
}

}  // namespace tenon
