// Settings of the HTTP surface; app/ fills them from the configuration.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/exchange.h"
#include "api/pool.h"
#include "api/router.h"
#include "auth/token_buckets.h"
#include "base/limits.h"

namespace tenon {

struct ApiOptions {
  PoolOptions pool;
  // Requests of one API key or user; burst 0: no limit.
  BucketOptions rate{.per_second = 0, .burst = 0, .keys_max = 65536};
  int streams_per_tenant_max = limits::kStreamsPerTenantMax;
  int exports_per_tenant_max = 2;
  std::chrono::seconds heartbeat{15};     // of event streams
  std::vector<std::string> cors_origins;  // "https://console.example"; "*": any; empty: off
  std::string position_key;               // 32 bytes, LoadPositionKey
  std::function<void(const AccessRecord&)> access_log;  // null: none; called on any thread
  // Why the server should get no requests now; null or empty: ready.
  std::function<std::string()> not_ready;
  // Appends further metrics (listener, followers) in Prometheus' text format.
  std::function<void(std::string&)> more_metrics;
  std::string build_info;     // commit and compiler, for metrics and whoami
  std::vector<Route> routes;  // of services: inlets, search, graph
};

}  // namespace tenon
