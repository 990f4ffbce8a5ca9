#include "app/config_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

namespace tenon {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using Done = std::expected<void, std::string>;

constexpr std::string_view kMask = "****";

std::optional<std::int64_t> Whole(std::string_view text) {
  std::int64_t number = 0;
  auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> Bytes(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 7> kUnits = {
      {{"KiB", 1 << 10},
       {"MiB", 1 << 20},
       {"GiB", 1 << 30},
       {"kB", 1'000},
       {"MB", 1'000'000},
       {"GB", 1'000'000'000},
       {"B", 1}}};
  std::int64_t factor = 1;
  for (const auto& [unit, size] : kUnits) {
    if (!text.ends_with(unit)) continue;
    text.remove_suffix(unit.size());
    while (text.ends_with(' ')) text.remove_suffix(1);
    factor = size;
    break;
  }
  const std::optional<std::int64_t> number = Whole(text);
  if (!number || *number < 0 || *number > (std::int64_t{1} << 50) / factor) return std::nullopt;
  return *number * factor;
}

std::string Absolute(const std::string& path, const std::string& folder) {
  if (path.empty() || folder.empty() || std::filesystem::path(path).is_absolute()) return path;
  return (std::filesystem::path(folder) / path).lexically_normal().string();
}

// One value where one is wanted.
std::expected<std::string, std::string> One(const std::vector<std::string>& texts) {
  if (texts.size() == 1) return texts[0];
  return std::unexpected(std::string("takes one value, not a list"));
}

struct Setter {
  Config& config;
  const std::vector<std::string>& texts;
  const std::string& folder;

  Done operator()(const TextSetting& kind) const {
    auto text = One(texts);
    if (!text) return std::unexpected(text.error());
    if (!kind.choices.empty() && std::ranges::find(kind.choices, *text) == kind.choices.end()) {
      return std::unexpected(
          fmt::format("is one of {}, not '{}'", fmt::join(kind.choices, ", "), *text));
    }
    kind.at(config) = kind.is_path ? Absolute(*text, folder) : *text;
    return {};
  }
  Done operator()(const IntSetting& kind) const {
    auto text = One(texts);
    if (!text) return std::unexpected(text.error());
    const std::optional<std::int64_t> number = Whole(*text);
    if (!number || *number < kind.min || *number > kind.max) {
      return std::unexpected(
          fmt::format("is a whole number from {} to {}, not '{}'", kind.min, kind.max, *text));
    }
    kind.at(config) = *number;
    return {};
  }
  Done operator()(const BytesSetting& kind) const {
    auto text = One(texts);
    if (!text) return std::unexpected(text.error());
    const std::optional<std::int64_t> number = Bytes(*text);
    if (!number || *number < kind.min || *number > kind.max) {
      return std::unexpected(fmt::format(
          "is a number of bytes from {} to {}, such as 8MiB, not '{}'", kind.min, kind.max, *text));
    }
    kind.at(config) = *number;
    return {};
  }
  Done operator()(const DurationSetting& kind) const {
    auto text = One(texts);
    if (!text) return std::unexpected(text.error());
    std::optional<Duration> duration = ParseShortDuration(*text);
    if (!duration) duration = ParseDuration(*text);
    if (!duration || *duration < kind.min || *duration > kind.max) {
      return std::unexpected(
          fmt::format("is a duration from {} to {}, such as 30s or 24h, not '{}'",
                      FormatDuration(kind.min), FormatDuration(kind.max), *text));
    }
    kind.at(config) = *duration;
    return {};
  }
  Done operator()(const BoolSetting& kind) const {
    auto text = One(texts);
    if (!text) return std::unexpected(text.error());
    if (*text != "true" && *text != "false" && *text != "1" && *text != "0") {
      return std::unexpected(fmt::format("is true or false, not '{}'", *text));
    }
    kind.at(config) = *text == "true" || *text == "1";
    return {};
  }
  Done operator()(const ListSetting& kind) const {
    std::vector<std::string> items;
    for (const std::string& text : texts) {
      std::size_t start = 0;
      while (start < text.size()) {
        const std::size_t comma = std::min(text.find(',', start), text.size());
        std::string item = text.substr(start, comma - start);
        while (item.starts_with(' ')) item.erase(0, 1);
        while (item.ends_with(' ')) item.pop_back();
        if (!item.empty()) items.push_back(kind.is_path ? Absolute(item, folder) : item);
        start = comma + 1;
      }
    }
    kind.at(config) = std::move(items);
    return {};
  }
};

std::string ShowDuration(Duration duration) {
  const auto s = std::chrono::duration_cast<seconds>(duration).count();
  if (duration.count() == 0) return "0s";
  if (Duration(seconds(s)) != duration) return FormatDuration(duration);
  if (s % 86400 == 0) return fmt::format("{}d", s / 86400);
  if (s % 3600 == 0) return fmt::format("{}h", s / 3600);
  if (s % 60 == 0) return fmt::format("{}m", s / 60);
  return fmt::format("{}s", s);
}

// Hides what follows each `password=`, of "key=value" forms and of a URL's query.
void MaskPasswords(std::string& text) {
  constexpr std::string_view kName = "password";
  for (std::size_t at = text.find(kName); at != std::string::npos; at = text.find(kName, at)) {
    at += kName.size();
    std::size_t start = text.find_first_not_of(' ', at);
    if (start == std::string::npos || text[start] != '=') continue;
    start = text.find_first_not_of(' ', start + 1);
    if (start == std::string::npos) return;
    std::size_t end = start;
    if (text[start] == '\'') {
      // A quoted value ends at a quote that no backslash stands before.
      for (++end; end < text.size() && text[end] != '\''; ++end) end += text[end] == '\\' ? 1 : 0;
      end = std::min(end + 1, text.size());
    } else {
      end = std::min(text.find_first_of(" &#", start), text.size());
    }
    text.replace(start, end - start, kMask);
    at = start;
  }
}

// Hides the passwords inside a URL or a list of libpq's "key=value", so that the rest can be read.
std::string MaskUrl(std::string url) {
  MaskPasswords(url);
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const std::size_t host = scheme + 3;
  const std::size_t at = url.substr(0, url.find_first_of("?#", host)).rfind('@');
  if (at == std::string::npos || at < host) return url;
  const std::size_t colon = url.find(':', host);
  if (colon == std::string::npos || colon > at) return url;
  return url.replace(colon + 1, at - colon - 1, kMask);
}

struct Shower {
  Config& config;
  std::string operator()(const TextSetting& kind) const { return kind.at(config); }
  std::string operator()(const IntSetting& kind) const {
    return fmt::format("{}", kind.at(config));
  }
  std::string operator()(const BytesSetting& kind) const {
    return fmt::format("{}", kind.at(config));
  }
  std::string operator()(const DurationSetting& kind) const {
    return ShowDuration(kind.at(config));
  }
  std::string operator()(const BoolSetting& kind) const {
    return kind.at(config) ? "true" : "false";
  }
  std::string operator()(const ListSetting& kind) const {
    return fmt::format("{}", fmt::join(kind.at(config), ", "));
  }
};

std::vector<Setting> MakeTable() {
  constexpr std::int64_t kGiB = std::int64_t{1} << 30;
  using C = Config;
  using Text = std::string&;
  using Int = std::int64_t&;
  using Time = Duration&;
  using List = std::vector<std::string>&;
  return {
      {"data", "TENON_DATA", TextSetting{[](C& c) -> Text { return c.data; }, {}, true}},
      {"listen", "TENON_LISTEN", TextSetting{[](C& c) -> Text { return c.listen; }}},
      {"store", "TENON_STORE",
       TextSetting{[](C& c) -> Text { return c.store; }, {"sqlite", "postgres"}}},
      {"database_url", "TENON_DATABASE_URL",
       TextSetting{[](C& c) -> Text { return c.database_url; }}},
      {"database.system_url", "TENON_DATABASE_SYSTEM_URL",
       TextSetting{[](C& c) -> Text { return c.database.system_url; }}},
      {"database.owner_url", "TENON_DATABASE_OWNER_URL",
       TextSetting{[](C& c) -> Text { return c.database.owner_url; }}},
      {"database.role", "TENON_DATABASE_ROLE",
       TextSetting{[](C& c) -> Text { return c.database.role; }}},
      {"database.system_role", "TENON_DATABASE_SYSTEM_ROLE",
       TextSetting{[](C& c) -> Text { return c.database.system_role; }}},
      {"database.wait", "TENON_DATABASE_WAIT",
       DurationSetting{[](C& c) -> Time { return c.database.wait; }, seconds(0), hours(24)}},
      {"database.writers", "TENON_DATABASE_WRITERS",
       IntSetting{[](C& c) -> Int { return c.database.writers; }, 1, 256}},
      {"database.readers", "TENON_DATABASE_READERS",
       IntSetting{[](C& c) -> Int { return c.database.readers; }, 1, 256}},
      {"database.system", "TENON_DATABASE_SYSTEM",
       IntSetting{[](C& c) -> Int { return c.database.system; }, 2, 256}},
      {"database.statement_timeout", "TENON_DATABASE_STATEMENT_TIMEOUT",
       DurationSetting{[](C& c) -> Time { return c.database.statement_timeout; }, seconds(1),
                       hours(1)}},
      {"database.outage_patience", "TENON_DATABASE_OUTAGE_PATIENCE",
       DurationSetting{[](C& c) -> Time { return c.database.outage_patience; }, seconds(0),
                       hours(1)}},
      {"models", "TENON_MODELS", ListSetting{[](C& c) -> List { return c.models; }, true}},
      {"migrate", "TENON_MIGRATE", BoolSetting{[](C& c) -> bool& { return c.migrate; }}},
      {"encryption_key", "ENCRYPTION_KEY",
       TextSetting{[](C& c) -> Text { return c.encryption_key; }}, true, false},
      {"encryption_key_previous", "ENCRYPTION_KEY_PREVIOUS",
       TextSetting{[](C& c) -> Text { return c.encryption_key_previous; }}, true, false},
      {"tls.certificate", "TENON_TLS_CERTIFICATE",
       TextSetting{[](C& c) -> Text { return c.tls.certificate; }, {}, true}},
      {"tls.key", "TENON_TLS_KEY", TextSetting{[](C& c) -> Text { return c.tls.key; }, {}, true}},
      {"limits.body_bytes", "TENON_LIMITS_BODY_BYTES",
       BytesSetting{[](C& c) -> Int { return c.limits.body_bytes; }, 1 << 10,
                    static_cast<std::int64_t>(limits::kBodyBytesMax)}},
      {"limits.header_bytes", "TENON_LIMITS_HEADER_BYTES",
       BytesSetting{[](C& c) -> Int { return c.limits.header_bytes; }, 1 << 10,
                    static_cast<std::int64_t>(limits::kHeaderBytesMax)}},
      {"limits.connections", "TENON_LIMITS_CONNECTIONS",
       IntSetting{[](C& c) -> Int { return c.limits.connections; }, 1, 1'000'000}},
      {"limits.requests_per_second", "TENON_LIMITS_REQUESTS_PER_SECOND",
       IntSetting{[](C& c) -> Int { return c.limits.requests_per_second; }, 0, 10'000'000}},
      {"limits.request_burst", "TENON_LIMITS_REQUEST_BURST",
       IntSetting{[](C& c) -> Int { return c.limits.request_burst; }, 0, 10'000'000}},
      {"limits.streams_per_tenant", "TENON_LIMITS_STREAMS_PER_TENANT",
       IntSetting{[](C& c) -> Int { return c.limits.streams_per_tenant; }, 0,
                  limits::kStreamsPerTenantMax}},
      {"http.threads", "TENON_HTTP_THREADS",
       IntSetting{[](C& c) -> Int { return c.http.threads; }, 1, 256}},
      {"http.read_threads", "TENON_HTTP_READ_THREADS",
       IntSetting{[](C& c) -> Int { return c.http.read_threads; }, 1, 256}},
      {"http.cors_origins", "TENON_HTTP_CORS_ORIGINS",
       ListSetting{[](C& c) -> List { return c.http.cors_origins; }}},
      {"http.header_timeout", "TENON_HTTP_HEADER_TIMEOUT",
       DurationSetting{[](C& c) -> Time { return c.http.header_timeout; }, seconds(1), hours(1)}},
      {"http.body_timeout", "TENON_HTTP_BODY_TIMEOUT",
       DurationSetting{[](C& c) -> Time { return c.http.body_timeout; }, seconds(1), hours(1)}},
      {"http.idle_timeout", "TENON_HTTP_IDLE_TIMEOUT",
       DurationSetting{[](C& c) -> Time { return c.http.idle_timeout; }, seconds(1), hours(24)}},
      {"http.write_timeout", "TENON_HTTP_WRITE_TIMEOUT",
       DurationSetting{[](C& c) -> Time { return c.http.write_timeout; }, seconds(1), hours(24)}},
      {"http.shutdown_grace", "TENON_HTTP_SHUTDOWN_GRACE",
       DurationSetting{[](C& c) -> Time { return c.http.shutdown_grace; }, seconds(0), hours(1)}},
      {"jwt.issuer", "TENON_JWT_ISSUER", TextSetting{[](C& c) -> Text { return c.jwt.issuer; }}},
      {"jwt.audience", "TENON_JWT_AUDIENCE",
       TextSetting{[](C& c) -> Text { return c.jwt.audience; }}},
      {"jwt.jwks_file", "TENON_JWT_JWKS_FILE",
       TextSetting{[](C& c) -> Text { return c.jwt.jwks_file; }, {}, true}},
      {"jwt.jwks_url", "TENON_JWT_JWKS_URL",
       TextSetting{[](C& c) -> Text { return c.jwt.jwks_url; }}},
      {"jwt.hs256_secret", "TENON_JWT_HS256_SECRET",
       TextSetting{[](C& c) -> Text { return c.jwt.hs256_secret; }}, true},
      {"jwt.tenant_claim", "TENON_JWT_TENANT_CLAIM",
       TextSetting{[](C& c) -> Text { return c.jwt.tenant_claim; }}},
      {"jwt.groups_claim", "TENON_JWT_GROUPS_CLAIM",
       TextSetting{[](C& c) -> Text { return c.jwt.groups_claim; }}},
      {"jwt.email_claim", "TENON_JWT_EMAIL_CLAIM",
       TextSetting{[](C& c) -> Text { return c.jwt.email_claim; }}},
      {"jwt.group_roles", "TENON_JWT_GROUP_ROLES",
       ListSetting{[](C& c) -> List { return c.jwt.group_roles; }}},
      {"jwt.create_users", "TENON_JWT_CREATE_USERS",
       BoolSetting{[](C& c) -> bool& { return c.jwt.create_users; }}},
      {"cache.bytes", "TENON_CACHE_BYTES",
       BytesSetting{[](C& c) -> Int { return c.cache.bytes; }, 0, 64 * kGiB}},
      {"cache.ttl", "TENON_CACHE_TTL",
       DurationSetting{[](C& c) -> Time { return c.cache.ttl; }, seconds(1), hours(24 * 30)}},
      {"graph.bytes", "TENON_GRAPH_BYTES",
       BytesSetting{[](C& c) -> Int { return c.graph.bytes; }, 1 << 20, 64 * kGiB}},
      {"search.index", "TENON_SEARCH_INDEX",
       TextSetting{[](C& c) -> Text { return c.search.index; }, {"auto", "embedded", "postgres"}}},
      {"tasks.threads", "TENON_TASKS_THREADS",
       IntSetting{[](C& c) -> Int { return c.tasks.threads; }, 0, 64}},
      {"ingest.import_roots", "TENON_INGEST_IMPORT_ROOTS",
       ListSetting{[](C& c) -> List { return c.ingest.import_roots; }, true}},
      {"net.allow", "TENON_NET_ALLOW", ListSetting{[](C& c) -> List { return c.net.allow; }}},
      {"net.ca_file", "TENON_NET_CA_FILE",
       TextSetting{[](C& c) -> Text { return c.net.ca_file; }, {}, true}},
      {"log.level", "TENON_LOG_LEVEL",
       TextSetting{[](C& c) -> Text { return c.log.level; }, {"debug", "info", "warn", "error"}}},
      {"log.format", "TENON_LOG_FORMAT",
       TextSetting{[](C& c) -> Text { return c.log.format; }, {"text", "json"}}},
      {"log.access", "TENON_LOG_ACCESS", BoolSetting{[](C& c) -> bool& { return c.log.access; }}},
  };
}

}  // namespace

std::span<const Setting> Settings() {
  static const std::vector<Setting> kTable = MakeTable();
  return kTable;
}

Done Set(const Setting& setting, Config& config, const std::vector<std::string>& texts,
         const std::string& folder) {
  return std::visit(Setter{config, texts, folder}, setting.kind);
}

std::string Show(const Setting& setting, Config& config) {
  std::string value = std::visit(Shower{config}, setting.kind);
  if (setting.secret && !value.empty()) return std::string(kMask);
  return MaskUrl(std::move(value));
}

}  // namespace tenon
