// Filling a server through its batches, and watching its followers meanwhile.
#pragma once

#include <atomic>
#include <cmath>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"
#include "server_process.h"

namespace tenon::bench {

// Numbers that look random and are the same in every run (SplitMix64).
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Next() {
    std::uint64_t x = (state_ += 0x9e3779b97f4a7c15ULL);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
  }
  std::uint64_t Below(std::uint64_t n) { return Next() % n; }
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
  // Small numbers far more often: the square of an even draw.
  std::uint64_t Skewed(std::uint64_t n) {
    const double unit = Unit();
    return static_cast<std::uint64_t>(unit * unit * static_cast<double>(n));
  }
  // As words of a language are: number k with weight 1 / (k + 1), by the inverse of the sum.
  std::uint64_t Zipf(std::uint64_t n) {
    const double k = std::exp(Unit() * std::log(static_cast<double>(n) + 1)) - 1;
    return static_cast<std::uint64_t>(k) % n;
  }

 private:
  std::uint64_t state_;
};

// POST /v1/TABLE:batch from two threads, bodies by `append(n)`, which more than one thread calls;
// rows a second. Rows that are there already count as written.
using AppendRow = std::function<void(std::int64_t n, std::string& out)>;
Result<double> FillBatches(const ServerProcess& server, std::string_view table, std::int64_t rows,
                           const AppendRow& append);
Result<double> FillAssets(const ServerProcess& server, std::int64_t rows, const AppendRow& append);

// Ids of the server's assets, at most so many.
Result<std::vector<std::string>> AssetIds(const ServerProcess& server, std::size_t count);
// The id of the key's tenant.
Result<std::string> TenantOf(const ServerProcess& server);

// Looks at GET /v1/followers twenty times a second, from its start on.
class LagWatch {
 public:
  struct Seen {
    double seconds_max = 0;
    std::int64_t rows_max = 0;
    std::int64_t looks = 0;
  };
  explicit LagWatch(const ServerProcess& server);
  ~LagWatch();
  Seen Stop();

 private:
  std::atomic<bool> stop_{false};
  Seen seen_;
  std::thread thread_;
};

}  // namespace tenon::bench
