// The endpoints about the server itself: /, /livez, /readyz, /metrics, /v1/whoami.
#include <fmt/format.h>

#include <utility>

#include "api/endpoints.h"
#include "auth/roles.h"
#include "base/json_text.h"

namespace tenon {
namespace {

void Sample(std::string& out, std::string_view name, std::string_view type, std::string_view help,
            double value) {
  AppendMetricHead(out, name, type, help);
  AppendMetric(out, name, {}, value);
}

double Number(std::int64_t value) { return static_cast<double>(value); }

void AppendStoreMetrics(const ApiContext& api, std::string& out) {
  const StoreStats stats = api.engine.store().Stats();
  AppendMetricHead(out, "tenon_write_queue", "gauge", "Commands that wait for the writer.");
  AppendMetric(out, "tenon_write_queue", "lane=\"interactive\"", Number(stats.queued_interactive));
  AppendMetric(out, "tenon_write_queue", "lane=\"bulk\"", Number(stats.queued_bulk));
  Sample(out, "tenon_store_commits_total", "counter", "Durable commits.", Number(stats.commits));
  Sample(out, "tenon_store_writes_total", "counter", "Commands that were written.",
         Number(stats.jobs));
  Sample(out, "tenon_store_writes_failed_total", "counter", "Commands that were refused or failed.",
         Number(stats.failed_jobs));
  Sample(out, "tenon_store_bytes", "gauge", "Size of the database.", Number(stats.database_bytes));
  Sample(out, "tenon_store_wal_bytes", "gauge", "Size of the write-ahead log.",
         Number(stats.wal_bytes));
  Sample(out, "tenon_store_fault", "gauge", "1 while writes fail.", stats.fault.empty() ? 0 : 1);
  const Engine::CacheStats cache = api.engine.cache_stats();
  Sample(out, "tenon_cache_hits_total", "counter", "Records answered from memory.",
         Number(cache.hits));
  Sample(out, "tenon_cache_misses_total", "counter", "Records that had to be read.",
         Number(cache.misses));
  Sample(out, "tenon_cache_bytes", "gauge", "Memory of the record cache.", Number(cache.bytes));
  Sample(out, "tenon_cache_entries", "gauge", "Records in the cache.", Number(cache.entries));
  Sample(out, "tenon_log_position", "gauge", "Last durable position of the log.",
         Number(api.engine.log().Last()));
}

}  // namespace

void HandleRoot(const ApiContext& api, const ExchangePtr& exchange) {
  std::string text = fmt::format(
      "Tenon {}: the system of record for what a platform team operates.\n\n"
      "  /openapi.json     every route, as OpenAPI 3.1\n"
      "  /v1/models        what is kept here\n"
      "  /v1/views         ready-made questions\n"
      "  /v1/changes       every write, as it happens\n"
      "  /livez /readyz /metrics\n\n"
      "Send your key as `Authorization: Bearer KEY`. The first one is in the file admin.key of "
      "the\n"
      "data directory. For example:\n\n"
      "  curl -H \"Authorization: Bearer $(cat data/admin.key)\" {}://{}/v1/assets?page_size=3\n",
      TENON_VERSION, exchange->request.tls ? "https" : "http",
      exchange->request.headers.Has("Host") ? exchange->request.headers.Get("Host")
                                            : std::string_view("localhost:7400"));
  static_cast<void>(api);
  exchange->SendText(200, "text/plain; charset=utf-8", std::move(text));
}

void HandleLive(const ApiContext&, const ExchangePtr& exchange) {
  exchange->SendText(200, "text/plain; charset=utf-8", "ok\n");
}

void HandleReady(const ApiContext& api, const ExchangePtr& exchange) {
  std::string reason = api.options.not_ready ? api.options.not_ready() : std::string();
  if (reason.empty()) reason = api.engine.store().Stats().fault;
  if (!reason.empty()) return exchange->Fail(Error(Code::kUnavailable, "not ready: " + reason));
  exchange->SendText(200, "text/plain; charset=utf-8", "ready\n");
}

void HandleMetrics(const ApiContext& api, const ExchangePtr& exchange) {
  std::string out;
  out.reserve(16384);
  AppendMetricHead(out, "tenon_build_info", "gauge", "What is running.");
  AppendMetric(out, "tenon_build_info",
               fmt::format("version=\"{}\",build=\"{}\"", TENON_VERSION, api.options.build_info),
               1);
  api.metrics.Append(out);
  AppendStoreMetrics(api, out);
  Sample(out, "tenon_pool_queue", "gauge", "Reads that wait for a thread.",
         static_cast<double>(api.pool.queued()));
  Sample(out, "tenon_pool_busy", "gauge", "Threads of the pool that work.",
         static_cast<double>(api.pool.busy()));
  Sample(out, "tenon_streams", "gauge", "Open event streams and long polls.",
         static_cast<double>(api.streams.total()));
  Sample(out, "tenon_auth_failures_total", "counter", "Keys and tokens that were refused.",
         Number(api.authenticator.failures_total()));
  if (api.options.more_metrics) api.options.more_metrics(out);
  exchange->SendText(200, "text/plain; version=0.0.4; charset=utf-8", std::move(out));
}

void HandleWhoAmI(const ApiContext&, const ExchangePtr& exchange) {
  const Caller& caller = exchange->caller;
  json::object answer;
  answer["tenant_id"] = caller.tenant.ToString();
  answer["tenant"] = caller.tenant_slug;
  answer["user_id"] = caller.user.ToString();
  json::array roles;
  for (std::string& name : RoleList(caller.roles)) roles.emplace_back(std::move(name));
  answer["roles"] = std::move(roles);
  answer["namespaces"] = json::array(caller.namespaces.begin(), caller.namespaces.end());
  answer["across_tenants"] = caller.across_tenants;
  answer["key_id"] = nullptr;
  if (!caller.key_id.IsNil()) answer["key_id"] = caller.key_id.ToString();
  answer["server"] = json::object{{"name", "tenon"}, {"version", TENON_VERSION}};
  exchange->SendJson(200, JsonText(answer));
}

}  // namespace tenon
