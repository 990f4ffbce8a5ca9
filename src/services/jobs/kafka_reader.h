// One kafka connector on this node: messages from its partitions to rows, offsets committed after
// the rows are written.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "net/kafka.h"
#include "services/jobs/connector.h"
#include "services/jobs/connector_reports.h"
#include "services/jobs/kafka_item.h"
#include "services/jobs/write_once.h"

namespace tenon::jobs {

struct KafkaReaderOptions {
  std::size_t batch_messages = 200;  // written in one transaction, which nobody waits long for
  std::chrono::milliseconds poll{250};
  std::chrono::milliseconds report_every{10000};
  std::chrono::milliseconds retry_first{250};  // after a write that a busy store refused; doubled
  std::chrono::milliseconds retry_max{10000};
  std::chrono::milliseconds session{45000};  // as KafkaOptions
  std::string ca_file;
  std::string worker;  // this node, in reports
};

// Shared by all readers of a node; all thread-safe, and must outlive them.
struct KafkaReaderDeps {
  const IngestDeps& ingest;
  ConnectorReports& reports;
  const net::Policy& policy;
};

struct KafkaReaderStats {
  std::int64_t written = 0, unchanged = 0, replayed = 0, skipped = 0, rejected = 0;
  std::int64_t lag = 0;  // messages that the group has not done, of the partitions that are ours
  int partitions = 0;
};

// Used by one thread, besides stats().
class KafkaReader {
 public:
  // Opens the consumer and joins its group.
  static Result<std::unique_ptr<KafkaReader>> Open(const KafkaReaderDeps& deps, Connector connector,
                                                   KafkaReaderOptions options);

  // Takes what there is, writes it, commits it and reports; waits a little when there is nothing,
  // or when what it holds could not be written yet. An error is one that will not pass: the
  // connector is to be in error.
  Result<> Step();
  // Step in its parts, for tests that end between them. Take: polls when nothing is held. Write:
  // false when what is held could not be written yet.
  Result<> Take();
  Result<bool> Write();
  void Commit();

  // Says how it does, with this state ("RUNNING", "PAUSED", "FAILED"), to reports and, when it is
  // well, by a heartbeat.
  void Report(std::string_view state, std::string_view trace);

  [[nodiscard]] KafkaReaderStats stats() const;
  [[nodiscard]] const Connector& connector() const { return connector_; }

 private:
  KafkaReader(const KafkaReaderDeps& deps, Connector connector, KafkaReaderOptions options,
              const model::Entity& entity, Caller writer);
  // Maps what is held; what cannot be mapped goes to `refused`.
  std::vector<Delivery> Map(std::vector<Refusal>& refused, std::vector<std::size_t>& of);
  void Hold(const Error& error);
  [[nodiscard]] json::object Metrics() const;

  const KafkaReaderDeps deps_;
  const Connector connector_;
  const KafkaReaderOptions options_;
  const model::Entity& entity_;
  const Caller writer_;
  const ingest::ItemMapping mapping_;
  const Nulls nulls_;
  std::unique_ptr<net::KafkaConsumer> consumer_;

  std::vector<net::KafkaMessage> held_;                             // taken, not yet written
  std::vector<std::pair<net::KafkaPartition, std::int64_t>> done_;  // written, not yet committed
  std::chrono::steady_clock::time_point not_before_{}, reported_{};
  std::chrono::milliseconds backoff_{0};
  std::string problem_;  // of the last write, or with the brokers

  mutable std::mutex mutex_;
  KafkaReaderStats stats_;  // guarded by mutex_
};

}  // namespace tenon::jobs
