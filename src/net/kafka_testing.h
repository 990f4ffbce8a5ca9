// For tests: a Kafka cluster in this process (librdkafka's own), on loopback ports.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::net {

// Why librdkafka does not run in this build; null: it does. For GTEST_SKIP.
inline const char* WhyNoKafka() {
#ifdef __SANITIZE_THREAD__
  return "librdkafka starts its threads by thrd_create, which GCC's ThreadSanitizer does not know";
#else
  return nullptr;
#endif
}

class MockKafka {
 public:
  explicit MockKafka(int brokers = 1);
  ~MockKafka();

  // "127.0.0.1:PORT" of each broker.
  [[nodiscard]] std::vector<std::string> brokers() const;
  void CreateTopic(const std::string& topic, int partitions);
  // Produces one message and waits until the cluster has it; without a value it is a tombstone.
  void Produce(const std::string& topic, std::int32_t partition, std::optional<std::string> key,
               std::optional<std::string> value,
               const std::vector<std::pair<std::string, std::string>>& headers = {});
  // What the group has committed in the partition; -1: nothing.
  [[nodiscard]] std::int64_t Committed(const std::string& group, const std::string& topic,
                                       std::int32_t partition) const;
  // Brokers are numbered from 1.
  void SetDown(int broker, bool down);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tenon::net
