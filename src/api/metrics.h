// Counters and histograms of the HTTP surface, in Prometheus' text format.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

// Appends "# HELP" and "# TYPE" lines.
void AppendMetricHead(std::string& out, std::string_view name, std::string_view type,
                      std::string_view help);
// Appends one sample; `labels` as `a="b",c="d"`, or empty.
void AppendMetric(std::string& out, std::string_view name, std::string_view labels, double value);

// Requests by route and status, and how long they took. Counting takes no lock.
class RequestMetrics {
 public:
  explicit RequestMetrics(std::vector<std::string> routes);

  // `route` is an index into the routes given; the last one stands for what matched none.
  void Count(std::size_t route, int status, std::chrono::microseconds took);
  void Append(std::string& out) const;

 private:
  static constexpr std::array<std::int64_t, 12> kBucketsUs = {
      100, 250, 500, 1000, 2500, 5000, 10000, 25000, 100000, 500000, 2500000, 10000000};
  static constexpr std::array<int, 20> kStatuses = {200, 201, 202, 204, 206, 304, 400,
                                                    401, 403, 404, 405, 409, 410, 412,
                                                    413, 415, 422, 429, 500, 503};
  struct OfRoute {
    std::array<std::atomic<std::int64_t>, kStatuses.size() + 1> by_status{};  // the last: others
    std::array<std::atomic<std::int64_t>, kBucketsUs.size() + 1> by_time{};
    std::atomic<std::int64_t> total_us{0};
  };
  std::vector<std::string> routes_;
  std::unique_ptr<OfRoute[]> counts_;
};

}  // namespace tenon
