#include "load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "histogram.h"

namespace tenon::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kResponseBytesMax = 64u << 20;
constexpr std::chrono::seconds kDrain{5};  // for the answers that are under way at the end

struct Wire {
  int fd = -1;
  std::string out;
  std::size_t sent = 0;
  std::string in;
  std::uint64_t number = 0;
  SteadyClock::time_point started;
  bool busy = false;
};

struct Message {
  int status = 0;
  std::size_t body_begin = 0;
  std::size_t size = 0;  // of head and body
};

bool StartsWithFold(std::string_view text, std::string_view lower) {
  if (text.size() < lower.size()) return false;
  for (std::size_t i = 0; i < lower.size(); ++i) {
    if ((text[i] | 0x20) != (lower[i] | 0x20)) return false;
  }
  return true;
}

// The response at the front of `in` once it is whole. Chunked bodies are not understood: what is
// measured here answers with a length.
std::optional<Result<Message>> Parse(std::string_view in) {
  const std::size_t head = in.find("\r\n\r\n");
  if (head == std::string_view::npos) return std::nullopt;
  Message message;
  if (head < 12 || !in.starts_with("HTTP/1.1 ")) {
    return Fail(Code::kInternal, "the answer is not HTTP/1.1");
  }
  message.status = (in[9] - '0') * 100 + (in[10] - '0') * 10 + (in[11] - '0');
  message.body_begin = head + 4;
  std::size_t length = 0;
  for (std::size_t line = in.find('\n') + 1; line < head; line = in.find('\n', line) + 1) {
    const std::string_view rest = in.substr(line);
    if (!StartsWithFold(rest, "content-length:")) continue;
    const char* digits = in.data() + line + 15;
    while (*digits == ' ') ++digits;
    std::from_chars(digits, in.data() + head, length);
    break;
  }
  if (length > kResponseBytesMax) return Fail(Code::kInternal, "the answer is too large");
  message.size = message.body_begin + length;
  if (in.size() < message.size) return std::nullopt;
  return message;
}

// One thread with its share of the connections.
class Driver {
 public:
  Driver(const LoadOptions& options, const MakeRequest& make, const CheckResponse& check,
         std::atomic<std::uint64_t>& next)
      : options_(options), make_(make), check_(check), next_(next), epoll_(epoll_create1(0)) {}
  ~Driver() {
    for (const auto& wire : wires_) ::close(wire->fd);
    ::close(epoll_);
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  Result<> Connect(int connections) {
    for (int n = 0; n < connections; ++n) {
      auto wire = std::make_unique<Wire>();
      TRY(Open(*wire));
      wires_.push_back(std::move(wire));
    }
    return {};
  }

  void Run() {
    const auto start = SteadyClock::now();
    count_from_ = start + ToDuration(options_.warmup_seconds);
    count_to_ = count_from_ + ToDuration(options_.seconds);
    for (const auto& wire : wires_) Begin(*wire);
    std::array<epoll_event, 256> events;
    while (busy_ > 0) {
      const int count = epoll_wait(epoll_, events.data(), events.size(), 100);
      for (int i = 0; i < count; ++i) {
        auto& wire = *static_cast<Wire*>(events[static_cast<std::size_t>(i)].data.ptr);
        if ((events[static_cast<std::size_t>(i)].events & EPOLLOUT) != 0) Write(wire);
        if ((events[static_cast<std::size_t>(i)].events & ~EPOLLOUT) != 0) ReadAnswers(wire);
      }
      if (SteadyClock::now() > count_to_ + kDrain) return AddError("no answer in time");
    }
  }

  Histogram histogram;
  std::uint64_t errors = 0;
  std::string first_error;
  SteadyClock::time_point last;

 private:
  static SteadyClock::duration ToDuration(double seconds) {
    return std::chrono::duration_cast<SteadyClock::duration>(
        std::chrono::duration<double>(seconds));
  }

  Result<> Open(Wire& wire) {
    wire.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(options_.port);
    if (inet_pton(AF_INET, options_.address.c_str(), &to.sin_addr) != 1) {
      return Fail(Code::kInvalidArgument, "the address must be numeric");
    }
    if (wire.fd < 0 || ::connect(wire.fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
      return Fail(Code::kUnavailable, fmt::format("cannot connect to {}:{}: {}", options_.address,
                                                  options_.port, std::strerror(errno)));
    }
    const int on = 1;
    ::setsockopt(wire.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::fcntl(wire.fd, F_SETFL, O_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.ptr = &wire;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wire.fd, &event);
    return {};
  }

  void AddError(std::string what) {
    if (errors++ == 0) first_error = std::move(what);
  }

  void Begin(Wire& wire) {
    wire.number = next_.fetch_add(1, std::memory_order_relaxed);
    if (options_.requests_max != 0 && wire.number >= options_.requests_max) return;
    wire.out.clear();
    wire.sent = 0;
    make_(wire.number, wire.out);
    wire.started = SteadyClock::now();
    if (wire.started >= count_to_) return;
    wire.busy = true;
    ++busy_;
    Write(wire);
  }

  void Write(Wire& wire) {
    while (wire.busy && wire.sent < wire.out.size()) {
      const auto sent =
          ::send(wire.fd, wire.out.data() + wire.sent, wire.out.size() - wire.sent, MSG_NOSIGNAL);
      if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR) Break(wire, std::strerror(errno));
        return;
      }
      wire.sent += static_cast<std::size_t>(sent);
    }
  }

  void ReadAnswers(Wire& wire) {
    std::array<char, 32u << 10> buffer;
    for (;;) {
      const auto got = ::recv(wire.fd, buffer.data(), buffer.size(), 0);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (got <= 0) {
        if (wire.busy) Break(wire, got == 0 ? "the connection was closed" : std::strerror(errno));
        return;
      }
      const auto bytes = static_cast<std::size_t>(got);
      // Most answers come whole: parsed where they are.
      if (wire.in.empty()) {
        const std::size_t used = Take(wire, {buffer.data(), bytes});
        if (used < bytes) wire.in.assign(buffer.data() + used, bytes - used);
      } else {
        wire.in.append(buffer.data(), bytes);
        wire.in.erase(0, Take(wire, wire.in));
      }
      // A short read has emptied the socket; asking again would only say so.
      if (bytes < buffer.size()) return;
    }
  }

  std::size_t Take(Wire& wire, std::string_view in) {
    auto parsed = Parse(in);
    if (!parsed) return 0;
    if (!*parsed) {
      Break(wire, parsed->error().message);
      return in.size();
    }
    const Message& message = **parsed;
    const auto now = SteadyClock::now();
    const std::string_view body = in.substr(message.body_begin, message.size - message.body_begin);
    const bool right = check_ ? check_(wire.number, message.status, body)
                              : message.status >= 200 && message.status < 300;
    if (!right) {
      AddError(fmt::format("wrong answer to request {}: status {}, {}", wire.number, message.status,
                           body.substr(0, 200)));
    } else if (now >= count_from_ && now < count_to_) {
      histogram.Add(static_cast<std::uint64_t>((now - wire.started).count()));
      last = now;
    }
    wire.busy = false;
    --busy_;
    if (now < count_to_) Begin(wire);
    return message.size;
  }

  // The connection is given up and another one goes on, so that a server that closes connections
  // shows as errors rather than as silence.
  void Break(Wire& wire, std::string what) {
    AddError(std::move(what));
    if (std::exchange(wire.busy, false)) --busy_;
    ::close(wire.fd);
    wire.in.clear();
    if (Open(wire)) Begin(wire);
  }

  const LoadOptions& options_;
  const MakeRequest& make_;
  const CheckResponse& check_;
  std::atomic<std::uint64_t>& next_;
  const int epoll_;
  std::vector<std::unique_ptr<Wire>> wires_;
  int busy_ = 0;
  SteadyClock::time_point count_from_, count_to_;
};

std::uint64_t Mix(std::uint64_t x) {  // SplitMix64
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

LoadResult Summarise(const LoadOptions& options,
                     const std::vector<std::unique_ptr<Driver>>& drivers,
                     SteadyClock::time_point start) {
  LoadResult result;
  Histogram all;
  SteadyClock::time_point last = start;
  for (const auto& driver : drivers) {
    all.Merge(driver->histogram);
    result.errors += driver->errors;
    if (result.first_error.empty()) result.first_error = driver->first_error;
    last = std::max(last, driver->last);
  }
  result.requests = all.count();
  // A run that ends by its number of requests ends with the last answer.
  const double until_last =
      std::chrono::duration<double>(last - start).count() - options.warmup_seconds;
  result.seconds =
      options.requests_max == 0 ? options.seconds : std::clamp(until_last, 1e-6, options.seconds);
  result.per_second = static_cast<double>(result.requests) / result.seconds;
  const auto us = [&](double share) { return static_cast<double>(all.Quantile(share)) / 1e3; };
  result.p50_us = us(0.5);
  result.p90_us = us(0.9);
  result.p99_us = us(0.99);
  result.p999_us = us(0.999);
  result.max_us = static_cast<double>(all.max()) / 1e3;
  return result;
}

}  // namespace

Result<LoadResult> RunLoad(const LoadOptions& options, const MakeRequest& make,
                           const CheckResponse& check) {
  std::atomic<std::uint64_t> next{0};
  std::vector<std::unique_ptr<Driver>> drivers;
  const int threads = std::max(1, std::min(options.threads, options.connections));
  for (int n = 0; n < threads; ++n) {
    const int share = options.connections / threads + (n < options.connections % threads ? 1 : 0);
    drivers.push_back(std::make_unique<Driver>(options, make, check, next));
    TRY(drivers.back()->Connect(share));
  }
  const auto start = SteadyClock::now();
  std::vector<std::thread> running;
  for (std::size_t n = 0; n < drivers.size(); ++n) {
    running.emplace_back([&, n] {
      if (!options.cpus.empty()) PinThread(options.cpus[n % options.cpus.size()]);
      drivers[n]->Run();
    });
  }
  for (std::thread& thread : running) thread.join();
  return Summarise(options, drivers, start);
}

MakeRequest GetRandom(std::string prefix, const std::vector<std::string>& ids,
                      std::string headers) {
  return [begin = "GET " + std::move(prefix), &ids,
          end = " HTTP/1.1\r\nHost: bench\r\n" + std::move(headers) + "\r\n"](std::uint64_t n,
                                                                              std::string& out) {
    out.append(begin).append(ids[Mix(n) % ids.size()]).append(end);
  };
}

MakeRequest Post(std::string target, std::string headers,
                 std::function<void(std::uint64_t n, std::string& out)> body) {
  return [begin = "POST " + std::move(target) +
                  " HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n" +
                  std::move(headers) + "Content-Length: ",
          body = std::move(body)](std::uint64_t n, std::string& out) {
    thread_local std::string text;
    text.clear();
    body(n, text);
    out.append(begin).append(std::to_string(text.size())).append("\r\n\r\n").append(text);
  };
}

std::string Describe(const LoadResult& result) {
  return fmt::format("{:.0f} req/s, p50 {:.2f} ms, p99 {:.2f} ms, {} requests, {} errors{}{}",
                     result.per_second, result.p50_us / 1e3, result.p99_us / 1e3, result.requests,
                     result.errors, result.first_error.empty() ? "" : ": ", result.first_error);
}

void PinThread(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(cpu), &set);
  sched_setaffinity(0, sizeof set, &set);
}

}  // namespace tenon::bench
