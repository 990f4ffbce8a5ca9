#include "api/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace tenon {

void AppendMetricHead(std::string& out, std::string_view name, std::string_view type,
                      std::string_view help) {
  fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void AppendMetric(std::string& out, std::string_view name, std::string_view labels, double value) {
  if (labels.empty()) {
    fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
  } else {
    fmt::format_to(std::back_inserter(out), "{}{{{}}} {}\n", name, labels, value);
  }
}

RequestMetrics::RequestMetrics(std::vector<std::string> routes)
    : routes_(std::move(routes)), counts_(std::make_unique<OfRoute[]>(routes_.size())) {}

void RequestMetrics::Count(std::size_t route, int status, std::chrono::microseconds took) {
  OfRoute& counts = counts_[std::min(route, routes_.size() - 1)];
  const auto known = std::ranges::find(kStatuses, status);
  const auto column = static_cast<std::size_t>(known - kStatuses.begin());
  counts.by_status[column].fetch_add(1, std::memory_order_relaxed);
  const auto bucket = std::ranges::lower_bound(kBucketsUs, took.count());
  const auto row = static_cast<std::size_t>(bucket - kBucketsUs.begin());
  counts.by_time[row].fetch_add(1, std::memory_order_relaxed);
  counts.total_us.fetch_add(took.count(), std::memory_order_relaxed);
}

void RequestMetrics::Append(std::string& out) const {
  AppendMetricHead(out, "tenon_http_requests_total", "counter", "Requests by route and status.");
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    for (std::size_t s = 0; s <= kStatuses.size(); ++s) {
      const std::int64_t count = counts_[i].by_status[s].load(std::memory_order_relaxed);
      if (count == 0) continue;
      const std::string status = s < kStatuses.size() ? std::to_string(kStatuses[s]) : "other";
      AppendMetric(out, "tenon_http_requests_total",
                   fmt::format("route=\"{}\",status=\"{}\"", routes_[i], status),
                   static_cast<double>(count));
    }
  }
  constexpr std::string_view kName = "tenon_http_request_duration_seconds";
  AppendMetricHead(out, kName, "histogram", "Time from a request's arrival to its answer.");
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    std::int64_t sum = 0;
    std::string lines;
    for (std::size_t b = 0; b <= kBucketsUs.size(); ++b) {
      sum += counts_[i].by_time[b].load(std::memory_order_relaxed);
      const std::string bound = b < kBucketsUs.size()
                                    ? fmt::format("{}", static_cast<double>(kBucketsUs[b]) / 1e6)
                                    : "+Inf";
      AppendMetric(lines, fmt::format("{}_bucket", kName),
                   fmt::format("route=\"{}\",le=\"{}\"", routes_[i], bound),
                   static_cast<double>(sum));
    }
    if (sum == 0) continue;
    out += lines;
    const std::string label = fmt::format("route=\"{}\"", routes_[i]);
    AppendMetric(out, fmt::format("{}_sum", kName), label,
                 static_cast<double>(counts_[i].total_us.load()) / 1e6);
    AppendMetric(out, fmt::format("{}_count", kName), label, static_cast<double>(sum));
  }
}

}  // namespace tenon
