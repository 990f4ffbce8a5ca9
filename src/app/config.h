// The server's configuration: tenon.toml, TENON_* environment variables and flags, in rising order.
// config_settings.cc is the one table of settings; docs/operations.md explains each.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/result.h"

namespace tenon {

// Where configuration is looked for. Tests fill it by hand.
struct ConfigSources {
  std::string file;                                        // --config; must exist when given
  std::map<std::string, std::string> environment;          // every variable of the process
  std::vector<std::pair<std::string, std::string>> flags;  // key as in tenon.toml -> text
  std::string working_directory = ".";                     // where ./tenon.toml is looked for
};

struct TlsConfig {
  std::string certificate;  // PEM files; both or neither
  std::string key;
};

struct LimitsConfig {
  std::int64_t body_bytes = static_cast<std::int64_t>(limits::kBodyBytesMax);
  std::int64_t header_bytes = static_cast<std::int64_t>(limits::kHeaderBytesMax);
  std::int64_t connections = 10000;
  std::int64_t requests_per_second = 0;  // of one key; 0: no limit
  std::int64_t request_burst = 0;        // 0: twice requests_per_second
  std::int64_t streams_per_tenant = limits::kStreamsPerTenantMax;
};

struct HttpConfig {
  std::int64_t threads = 2;               // that read requests and answer from the cache
  std::int64_t read_threads = 4;          // for lists, views and exports
  std::vector<std::string> cors_origins;  // empty: CORS is off
  Duration header_timeout = std::chrono::seconds(10);
  Duration body_timeout = std::chrono::seconds(60);
  Duration idle_timeout = std::chrono::seconds(75);
  Duration write_timeout = std::chrono::seconds(60);
  Duration shutdown_grace = std::chrono::seconds(15);
};

struct JwtConfig {
  std::string issuer;  // empty: tokens are refused
  std::string audience;
  std::string jwks_file;     // a JWK Set kept in a file
  std::string jwks_url;      // or fetched from the issuer
  std::string hs256_secret;  // or a shared secret of at least 32 bytes
  std::string tenant_claim = "tenant";
  std::string groups_claim = "groups";
  std::string email_claim = "email";
  std::vector<std::string> group_roles;  // "platform-team=admin"
  bool create_users = false;
};

struct CacheConfig {
  std::int64_t bytes = 32 << 20;
  Duration ttl = std::chrono::hours(1);
};

// Of store = "postgres".
struct DatabaseConfig {
  std::string system_url;  // empty: database_url
  std::string owner_url;   // empty: database_url
  std::string role = "tenon_app";
  std::string system_role = "tenon_system";
  Duration wait = std::chrono::seconds(60);  // for a server that is not there at the start
  std::int64_t writers = 16, readers = 8, system = 8;     // connections
  Duration statement_timeout = std::chrono::seconds(10);  // of a statement of a write
  Duration outage_patience = std::chrono::seconds(2);     // then writes are answered 503
};

struct GraphConfig {
  std::int64_t bytes = std::int64_t{1} << 30;  // of all tenants' graphs in memory together
};

struct SearchConfig {
  // "embedded": a file of each node; "postgres": one index for all nodes, in the database. "auto":
  // the store's, where that is possible.
  std::string index = "auto";
};

// Background tasks, and what imports and connectors may reach.
struct TasksConfig {
  std::int64_t threads = 2;  // 0: this node runs none
};

struct IngestConfig {
  std::vector<std::string> import_roots;  // empty: the server reads no local files
};

struct NetConfig {
  std::vector<std::string> allow;  // networks and hosts beside the public internet
  std::string ca_file;             // PEM, trusted besides the system's
};

struct LogConfig {
  std::string level = "info";   // debug, info, warn, error
  std::string format = "text";  // text, json
  bool access = false;          // a line for each request
};

// One setting as `tenon config` shows it.
struct ConfigEntry {
  std::string key;
  std::string value;   // secrets masked
  std::string source;  // "default", "/etc/tenon/tenon.toml:3", "TENON_LISTEN", "flag"
};

struct Config {
  std::string data = "./data";
  std::string host = "127.0.0.1";
  std::uint16_t port = 7400;  // from listen = "host:port"; 0: any free one
  std::string listen = "127.0.0.1:7400";
  std::string store = "sqlite";
  std::string database_url;
  DatabaseConfig database;
  std::vector<std::string> models;  // files and folders beside the shipped models
  bool migrate = true;              // bring the store to the models, unless data would go
  std::string encryption_key;       // 64 hex digits, or empty: secrets are refused
  std::string encryption_key_previous;
  TlsConfig tls;
  LimitsConfig limits;
  HttpConfig http;
  JwtConfig jwt;
  CacheConfig cache;
  GraphConfig graph;
  SearchConfig search;
  TasksConfig tasks;
  IngestConfig ingest;
  NetConfig net;
  LogConfig log;

  std::vector<ConfigEntry> entries;   // every setting, in the order of the table
  std::vector<std::string> warnings;  // such as a TENON_ variable that is no setting
};

// Reads, merges and checks everything. kInvalidArgument lists every wrong setting in Error::fields:
// path is its place ("tenon.toml:3", "TENON_LISTEN"), message what is wrong and the nearest right
// key where there is one.
Result<Config> LoadConfig(const ConfigSources& sources);

// The variables of this process.
std::map<std::string, std::string> ProcessEnvironment();

}  // namespace tenon
