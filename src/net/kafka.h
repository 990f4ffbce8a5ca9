// A consumer of a Kafka cluster, as part of a group: a narrow view of librdkafka, which only
// kafka.cc knows. Every connection, also to brokers that the cluster itself names, is made under
// the policy.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/policy.h"

namespace tenon::net {

struct KafkaOptions {
  std::vector<std::string> brokers;  // "host:port"; some of the cluster's
  std::vector<std::string> topics;   // by name; no patterns
  std::string group;
  std::string client_id = "tenon";
  std::string security = "plaintext";  // ssl, sasl_plaintext, sasl_ssl
  std::string mechanism;               // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512
  std::string username, password;
  std::string ca_file;        // PEM, trusted instead of the system's; empty: the system's
  bool from_latest = false;   // where a group without an offset begins
  int queued_kbytes = 4096;   // fetched ahead, of all partitions together
  int message_kbytes = 1024;  // asked for of a partition at a time
  std::chrono::milliseconds session{45000};  // silent for so long: out of the group
};

struct KafkaPartition {
  std::string topic;
  std::int32_t partition = 0;
  auto operator<=>(const KafkaPartition&) const = default;
};

struct KafkaMessage {
  KafkaPartition from;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = -1;    // -1: the message has none
  std::optional<std::string> key;    // bytes
  std::optional<std::string> value;  // bytes; nullopt is what compaction calls a tombstone
  std::vector<std::pair<std::string, std::string>> headers;
};

// How far the group is in a partition that this consumer has. -1: not known yet.
struct KafkaProgress {
  KafkaPartition at;
  std::int64_t committed = -1;  // the next message that the group is to read
  std::int64_t end = -1;        // the next message that will be produced
};

// Used by one thread; the library's own threads stay inside. Whatever it reports it reports through
// the calls here.
class KafkaConsumer {
 public:
  // Opens a client; no connection is waited for. kInvalidField names the option that is wrong.
  static Result<std::unique_ptr<KafkaConsumer>> Open(KafkaOptions options, const Policy& policy);
  // Leaves the group; nothing is committed that was not committed before.
  ~KafkaConsumer();

  // Whether the cluster answers, lets us in, and has the topics and a coordinator for the group.
  // Joins nothing. kUnavailable (no broker answers), kForbidden (the policy, the password, the
  // cluster's own rules), kNotFound (a topic).
  Result<> Validate(std::chrono::milliseconds timeout);

  // Joins the group. Partitions come and go from now on, inside Poll.
  Result<> Subscribe();

  // Up to `most` messages, in the order of each partition, waiting for the first. Errors are what
  // will not pass by itself: kForbidden (the policy, a wrong password, the cluster's rules),
  // kNotFound (a topic is gone), kInternal (the library gave up). Brokers that are away are no
  // error: see problem().
  Result<std::vector<KafkaMessage>> Poll(std::size_t most, std::chrono::milliseconds timeout);

  // Says to the group that all messages before these offsets are done, and waits for its answer.
  // Of partitions that are no longer ours nothing is said. kUnavailable: say it again later.
  Result<> Commit(const std::vector<std::pair<KafkaPartition, std::int64_t>>& next);

  // Fetches nothing until Resume; to be polled all the same, or the group takes us for dead.
  void Pause();
  void Resume();

  // The partitions that we have now.
  [[nodiscard]] std::vector<KafkaProgress> Progress();
  // Bytes of the newest problem with a broker, and whether none can be reached now. Empty: none.
  [[nodiscard]] std::string problem() const;
  [[nodiscard]] bool reachable() const;
  // Grows with each assignment and each revocation.
  [[nodiscard]] int rebalances() const;

 private:
  struct Impl;
  explicit KafkaConsumer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tenon::net
