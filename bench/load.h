// A load generator for HTTP/1.1 on keep-alive connections, one request at a time on each. Written
// on epoll and by hand so that it costs a fraction of what any server spends on the same request:
// on a machine of two cores it must not become the limit that is measured.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tenon::bench {

struct LoadOptions {
  std::string address = "127.0.0.1";  // numeric
  std::uint16_t port = 0;
  int connections = 32;
  int threads = 1;
  double warmup_seconds = 0.5;  // not counted
  double seconds = 5;
  std::uint64_t requests_max = 0;  // stop after so many; 0: only time counts
  std::vector<int> cpus;           // of the threads in turn; empty: wherever
};

// Appends the whole request number `n`, ready for the wire. Called by all threads at once.
using MakeRequest = std::function<void(std::uint64_t n, std::string& out)>;
// Whether a response is right; by default, any 2xx is. Called by all threads at once.
using CheckResponse = std::function<bool(std::uint64_t n, int status, std::string_view body)>;

struct LoadResult {
  std::uint64_t requests = 0;  // answered rightly, within the time that counts
  std::uint64_t errors = 0;    // wrong answers and broken connections, warm-up included
  std::string first_error;
  double seconds = 0;
  double per_second = 0;
  double p50_us = 0, p90_us = 0, p99_us = 0, p999_us = 0, max_us = 0;
};

// kUnavailable when no connection can be made at the start.
Result<LoadResult> RunLoad(const LoadOptions& options, const MakeRequest& make,
                           const CheckResponse& check = {});

// GET `prefix` + one of `ids`, picked at random but the same in every run. `headers` are whole
// lines
// ("Authorization: Bearer x\r\n"). `ids` must outlive the function.
MakeRequest GetRandom(std::string prefix, const std::vector<std::string>& ids, std::string headers);
// POST of a body that `body` appends for its number.
MakeRequest Post(std::string target, std::string headers,
                 std::function<void(std::uint64_t n, std::string& out)> body);

// "93012 req/s, p50 0.31 ms, p99 0.52 ms, 465060 requests, 0 errors"
std::string Describe(const LoadResult& result);

// Binds the calling thread, and those it starts from now on, to one processor.
void PinThread(int cpu);

}  // namespace tenon::bench
