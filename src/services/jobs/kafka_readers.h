// The kafka connectors of this node: a reader with a thread of its own for each active one. Every
// node has all of them; the brokers share the partitions out among the nodes.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "services/jobs/kafka_reader.h"

namespace tenon::jobs {

struct KafkaReadersOptions {
  KafkaReaderOptions reader;
  // Before a connector that could not be opened for what may pass is tried again.
  std::chrono::seconds open_again{15};
};

// Thread-safe; Tick is called by one thread.
class KafkaReaders {
 public:
  KafkaReaders(const IngestDeps& deps, ConnectorReports& reports, const net::Policy& policy,
               KafkaReadersOptions options);
  ~KafkaReaders();  // as Stop

  // Begins readers for connectors that became active, ends those of others, and begins anew where
  // settings were changed or a restart was asked for. Called once a second.
  Result<> Tick();
  // Ends all readers and waits for them.
  void Stop();

  // In Prometheus' text format, by connector.
  void AppendMetrics(std::string& out) const;
  [[nodiscard]] std::size_t running() const;

 private:
  // An active connector as its row says it: when this changes, its reader begins anew.
  struct Wanted {
    Uuid tenant;
    std::string id;
    std::string version;
  };
  struct Running {
    Wanted wanted;
    std::atomic<bool> stop{false};
    std::atomic<bool> ended{false};  // its thread has nothing more to do
    std::thread thread;
    std::mutex mutex;
    KafkaReaderStats stats;  // guarded by mutex
  };
  Result<std::map<std::string, Wanted>> FindWanted() const;
  void Begin(const Wanted& wanted);
  static void End(std::vector<std::unique_ptr<Running>> ended);
  void Run(Running& running);
  // One life of a reader; an error is one that will not pass.
  Result<> Serve(Running& running);
  void Wait(const Running& running, std::chrono::milliseconds time) const;

  const IngestDeps& deps_;
  ConnectorReports& reports_;
  const net::Policy& policy_;
  const KafkaReadersOptions options_;
  mutable std::mutex mutex_;
  // Guarded by mutex_: by connector.
  std::map<std::string, std::unique_ptr<Running>> running_;
};

}  // namespace tenon::jobs
