#include "app/jwt.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

#include "net/client.h"

namespace tenon {
namespace {

constexpr std::size_t kJwksBytesMax = 1u << 20;

Result<std::string> ReadKeys(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Fail(Code::kInvalidArgument, path + " cannot be read");
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (text.size() > kJwksBytesMax) {
    return Fail(Code::kInvalidArgument, fmt::format("{} is over {} bytes", path, kJwksBytesMax));
  }
  return text;
}

// The URL stands in the server's own configuration, so it may lead into the server's own network.
class KeysByUrl {
 public:
  static Result<std::shared_ptr<KeysByUrl>> Create(const std::string& url) {
    auto tls = TRY(net::TlsContext::Create(""));
    return std::shared_ptr<KeysByUrl>(new KeysByUrl(url, std::move(tls)));
  }

  Result<std::string> Fetch() {
    net::ClientOptions options;
    options.connect_timeout = std::chrono::seconds(5);
    options.total_timeout = std::chrono::seconds(10);
    options.limits.body_bytes_max = kJwksBytesMax;
    net::Client client(outbound_.deps(), options);
    auto answer = TRY(client.Send({.url = url_, .headers = {{"Accept", "application/json"}}}));
    if (answer.status != 200) {
      return Fail(Code::kUnavailable, fmt::format("GET {}: status {}", url_, answer.status));
    }
    return std::move(answer.body);
  }

 private:
  KeysByUrl(std::string url, std::shared_ptr<net::TlsContext> tls)
      : url_(std::move(url)), outbound_{net::Policy::AllowAll(), {}, std::move(tls)} {}

  const std::string url_;
  net::Outbound outbound_;
};

}  // namespace

Result<JwtOptions> JwtOptionsOf(const JwtConfig& config, const LogLine& log) {
  JwtOptions jwt;
  jwt.issuer = config.issuer;
  jwt.audience = config.audience;
  jwt.hs256_secret = config.hs256_secret;
  jwt.tenant_claim = config.tenant_claim;
  jwt.groups_claim = config.groups_claim;
  jwt.email_claim = config.email_claim;
  jwt.create_users = config.create_users;
  jwt.fetch_failed = [log](const Error& error) {
    if (log) log("warn", "the keys of tokens cannot be fetched: " + error.message);
  };
  for (const std::string& pair : config.group_roles) {
    const std::size_t equals = pair.rfind('=');
    if (equals != std::string::npos) {
      jwt.group_roles.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
    }
  }
  // Asked again when a token names a key that is not known: that is how keys are rolled.
  if (!config.jwks_file.empty()) {
    jwt.jwks = TRY(ReadKeys(config.jwks_file));
    jwt.fetch_jwks = [file = config.jwks_file] { return ReadKeys(file); };
  } else if (!config.jwks_url.empty()) {
    auto keys = TRY(KeysByUrl::Create(config.jwks_url));
    jwt.fetch_jwks = [keys] { return keys->Fetch(); };
    auto first = jwt.fetch_jwks();
    if (first) {
      jwt.jwks = std::move(*first);
    } else {
      jwt.fetch_failed(first.error());
    }
  }
  return jwt;
}

}  // namespace tenon
