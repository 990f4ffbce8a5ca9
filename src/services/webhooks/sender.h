// Sends what the feeder noted. Each receiver is served by one thread at a time; changes of one
// subject go in order, and one that fails holds back only what comes after it of the same subject.
// At least once: after a crash a message may come again with the same webhook-id.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/backoff.h"
#include "base/random.h"
#include "base/seal.h"
#include "engine/engine.h"
#include "net/client.h"
#include "services/webhooks/subscriptions.h"
#include "store/lease.h"

namespace tenon::webhooks {

struct SenderOptions {
  int threads = 4;                              // at most; as many receivers are served at once
  std::size_t batch = 50;                       // of one receiver before others have their turn
  std::chrono::milliseconds poll{500};          // how often the queue is looked at
  std::chrono::milliseconds backoff_min{5000};  // doubled with each try
  std::chrono::milliseconds backoff_max{3600000};
  net::ClientOptions client{.connect_timeout = std::chrono::milliseconds(5000),
                            .idle_timeout = std::chrono::milliseconds(15000),
                            .total_timeout = std::chrono::milliseconds(30000),
                            .limits = {},
                            .redirects_max = 0};
  std::function<void(std::string_view level, const std::string& message)> log = {};
};

struct SenderDeps {
  Engine& engine;
  std::function<Result<net::ClientDeps>()>
      net;             // asked for each receiver; cheap but the first time
  const Vault* vault;  // null: subscriptions with a secret are not served
  Random& random;
  std::string node;  // another in each process: who holds the lease
};

// Thread-safe.
class Sender {
 public:
  Sender(SenderDeps deps, SenderOptions options);
  ~Sender();  // as Stop

  void Start();
  void Stop();

  // Sends what is due, on the caller's thread, each receiver one batch; how many messages were
  // tried. For tests, which do not Start.
  Result<int> Step();

  void AppendMetrics(std::string& out);

 private:
  struct Waiting {
    std::int64_t seq = 0;
    Uuid event;
    std::string subject;
    int attempts = 0;
  };
  // What became of one message.
  struct Tried {
    Waiting waiting;
    LogEntry entry;
    std::string type;
    bool arrived = false;
    bool lost = false;  // its log row is gone, or may not leave any more
    int status = 0;
    std::string error;
    std::chrono::milliseconds retry_after{0};
  };

  void Loop();
  // One look at the queue, and what it finds for one receiver; whether there was something.
  Result<bool> ServeOne();
  void MoreThreads();
  // Receivers with something due that no thread serves.
  Result<std::vector<Uuid>> Due(std::size_t limit);
  Result<int> Serve(const Uuid& subscription);
  Result<std::vector<Waiting>> Next(const Uuid& subscription);
  Tried Try(net::Client& client, const Subscription& subscription, const std::string& secret,
            const Waiting& waiting);
  Result<void> Settle(const Subscription& subscription, std::vector<Tried>& tried);
  Result<void> SettleOne(EngineWriter& writer, const Subscription& subscription, Tried& tried,
                         std::int64_t& parked);
  [[nodiscard]] std::chrono::milliseconds PauseAfter(int attempts);
  [[nodiscard]] bool Stopping();

  SenderDeps deps_;
  SenderOptions options_;
  Backoff backoff_;  // of looking at the queue
  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  bool stopping_ = false;
  std::set<Uuid> busy_;
  Lease lease_;
  std::map<Uuid, Time> resting_;  // receivers that failed: not before
  std::vector<std::thread> threads_;

  std::atomic<std::int64_t> sent_{0}, failed_{0}, parked_{0};
};

}  // namespace tenon::webhooks
