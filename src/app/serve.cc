#include "app/serve.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>

#include "app/jwt.h"
#include "app/logging.h"
#include "app/shipped_models.h"
#include "http/server.h"

#ifdef TENON_TCMALLOC
#include <gperftools/malloc_extension_c.h>
#endif

namespace tenon {
namespace {

Result<std::string> ReadFile(const std::string& path, std::size_t bytes_max) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Fail(Code::kInvalidArgument, path + " cannot be read");
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (text.size() > bytes_max) {
    return Fail(Code::kInvalidArgument, fmt::format("{} is over {} bytes", path, bytes_max));
  }
  return text;
}

// A connection is a descriptor, and the usual soft limit of 1,024 is far below what is allowed.
void RaiseDescriptorLimit(std::int64_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const auto enough = static_cast<rlim_t>(wanted) + 256;  // files, readers, logs
  if (limit.rlim_cur >= enough) return;
  limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? enough : std::min(enough, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// What checking models and planning migrations took is not needed again.
void GiveBackMemory() {
#ifdef TENON_TCMALLOC
  MallocExtension_MarkThreadIdle();  // this thread's own cache first
  MallocExtension_ReleaseFreeMemory();
#endif
}

http::ServerOptions ServerOptionsOf(const Config& config) {
  const auto seconds = [](Duration duration) {
    return std::chrono::duration_cast<std::chrono::seconds>(duration);
  };
  http::ServerOptions options;
  options.host = config.host;
  options.port = config.port;
  options.threads = static_cast<int>(config.http.threads);
  options.tls_certificate_file = config.tls.certificate;
  options.tls_key_file = config.tls.key;
  options.body_bytes_max = static_cast<std::size_t>(config.limits.body_bytes);
  options.header_bytes_max = static_cast<std::size_t>(config.limits.header_bytes);
  options.connections_max = static_cast<int>(config.limits.connections);
  options.header_timeout = seconds(config.http.header_timeout);
  options.body_timeout = seconds(config.http.body_timeout);
  options.idle_timeout = seconds(config.http.idle_timeout);
  options.write_timeout = seconds(config.http.write_timeout);
  return options;
}

void LogAccess(Logger& logger, const AccessRecord& record) {
  json::object fields{{"method", record.method},    {"path", record.path},
                      {"status", record.status},    {"took_us", record.took.count()},
                      {"bytes", record.bytes},      {"address", record.address},
                      {"trace_id", record.trace_id}};
  if (record.caller != nullptr) {
    fields["tenant"] = record.caller->tenant_slug;
    fields["user"] = record.caller->user.ToString();
  }
  if (!record.error.empty()) fields["error"] = record.error;
  logger.Write(record.status >= 500 ? "error" : "info", "request", fields);
}

void AppendListenerMetrics(const http::ServerStats& stats, std::string& out) {
  const auto line = [&](std::string_view name, std::string_view type, std::string_view help,
                        std::int64_t value) {
    fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n{} {}\n", name, help, name,
                   type, name, value);
  };
  line("tenon_http_connections", "gauge", "Open connections.", stats.connections.load());
  line("tenon_http_connections_total", "counter", "Connections since the start.",
       stats.connections_total.load());
  line("tenon_http_refused_total", "counter", "Connections refused over the limit.",
       stats.refused_total.load());
  line("tenon_http_timeouts_total", "counter", "Connections closed for being slow.",
       stats.timeouts_total.load());
}

}  // namespace

Result<std::vector<model::SourceFile>> ModelSources(const Config& config) {
  std::vector<model::SourceFile> files = ShippedModels();
  const auto add = [&](const std::filesystem::path& path) -> Result<void> {
    files.push_back({path.string(), TRY(ReadFile(path.string(), limits::kModelFileBytesMax))});
    return {};
  };
  for (const std::string& name : config.models) {
    std::error_code failed;
    if (!std::filesystem::is_directory(name, failed)) {
      TRY(add(name));
      continue;
    }
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(name, failed)) {
      if (entry.path().extension() == ".tenon") found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    for (const auto& path : found) TRY(add(path));
  }
  return files;
}

Result<NodeOptions> NodeOptionsOf(const Config& config) {
  NodeOptions options;
  options.store = PlaceOf(config);
  options.engine.cache_bytes = static_cast<std::size_t>(config.cache.bytes);
  options.indexes.graph.bytes_max = static_cast<std::size_t>(config.graph.bytes);
  options.indexes.search = config.search.index;
  options.engine.cache_ttl = std::chrono::duration_cast<std::chrono::seconds>(config.cache.ttl);
  options.api.pool.threads = static_cast<int>(config.http.read_threads);
  options.api.cors_origins = config.http.cors_origins;
  options.api.streams_per_tenant_max = static_cast<int>(config.limits.streams_per_tenant);
  options.api.rate.per_second = static_cast<double>(config.limits.requests_per_second);
  options.api.rate.burst =
      static_cast<double>(config.limits.request_burst > 0 ? config.limits.request_burst
                                                          : 2 * config.limits.requests_per_second);
  options.api.build_info = TENON_VERSION;
  options.work.workers.threads = static_cast<int>(config.tasks.threads);
  options.work.import_roots = config.ingest.import_roots;
  options.work.net_allow = config.net.allow;
  options.work.net_ca_file = config.net.ca_file;
  options.models = TRY(ModelSources(config));
  options.encryption_key = config.encryption_key;
  options.encryption_key_previous = config.encryption_key_previous;
  options.migrate = config.migrate;
  return options;
}

Result<int> Serve(const Config& config) {
  // Before any thread starts, so that all inherit it and only sigwait below sees the signals.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a file-size limit is an error of the write, not the end

  RaiseDescriptorLimit(config.limits.connections);

  Logger logger(config.log);
  for (const std::string& warning : config.warnings) logger.Write("warn", warning);
  SystemClock clock;
  SecureRandom random;
  NodeOptions options = TRY(NodeOptionsOf(config));
  options.log = [&](std::string_view level, const std::string& message) {
    logger.Write(level, message);
  };
  options.auth.jwt = TRY(JwtOptionsOf(config.jwt, options.log));
  if (config.log.access) {
    options.api.access_log = [&](const AccessRecord& record) { LogAccess(logger, record); };
  } else {
    // Failures of ours are always told.
    options.api.access_log = [&](const AccessRecord& record) {
      if (record.status >= 500) LogAccess(logger, record);
    };
  }
  std::unique_ptr<http::Server> server;
  std::mutex server_mutex;  // others use it while it is made, and while it ends
  options.api.more_metrics = [&](std::string& out) {
    const std::lock_guard lock(server_mutex);
    if (server) AppendListenerMetrics(server->stats(), out);
  };
  options.store.around_answers = [&](const std::function<void()>& answer) {
    const std::lock_guard lock(server_mutex);
    server ? server->Together(answer) : answer();
  };
  if (options.store.postgres) {
    options.store.postgres->server.keep_waiting = [&,
                                                   told = std::string()](const Error& why) mutable {
      if (told != why.message) logger.Write("warn", "waiting for the database: " + why.message);
      told = why.message;
      sigset_t pending;
      sigemptyset(&pending);
      sigpending(&pending);
      return sigismember(&pending, SIGTERM) == 0 && sigismember(&pending, SIGINT) == 0;
    };
  }
  // What is wrong with the port or the certificate is said before anything is migrated. Not kept:
  // who comes meanwhile is refused instead of waiting for us.
  TRY(http::Server::Listen(ServerOptionsOf(config), {}));
  const auto node = TRY(Node::Open(std::move(options), {clock, random}));
  {
    auto listening = TRY(http::Server::Listen(ServerOptionsOf(config), node->handler()));
    const std::lock_guard lock(server_mutex);
    server = std::move(listening);
  }
  server->Start();
  GiveBackMemory();
  const std::string url = fmt::format(
      "{}://{}:{}", config.tls.certificate.empty() ? "http" : "https", config.host, server->port());
  logger.Write("info", "serving",
               {{"url", url}, {"data", config.data}, {"version", TENON_VERSION}});
  if (!node->bootstrapped().admin_key.empty()) {
    fmt::print(
        "This is a fresh data directory. Its first key, shown this once and kept in {}:\n\n"
        "  {}\n\n",
        node->bootstrapped().key_file, node->bootstrapped().admin_key);
    std::fflush(stdout);
  }

  int signal = 0;
  sigwait(&signals, &signal);
  logger.Write("info", "stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
  node->StopStreams();
  server->Stop(std::chrono::duration_cast<std::chrono::milliseconds>(config.http.shutdown_grace));
  {
    const std::lock_guard lock(server_mutex);
    server.reset();
  }
  logger.Write("info", "stopped");
  return 0;
}

}  // namespace tenon
