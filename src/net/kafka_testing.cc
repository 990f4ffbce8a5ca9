#include "net/kafka_testing.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <cassert>

namespace tenon::net {

struct MockKafka::Impl {
  rd_kafka_t* host = nullptr;      // whose threads the cluster uses
  rd_kafka_t* producer = nullptr;  // of messages
  rd_kafka_mock_cluster_t* cluster = nullptr;
};

namespace {

rd_kafka_t* NewClient(rd_kafka_type_t type, const char* bootstraps, const std::string& group) {
  std::array<char, 512> error{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_log_cb(conf, nullptr);
  if (bootstraps != nullptr) {
    rd_kafka_conf_set(conf, "bootstrap.servers", bootstraps, error.data(), error.size());
  }
  if (!group.empty()) {
    rd_kafka_conf_set(conf, "group.id", group.c_str(), error.data(), error.size());
  }
  rd_kafka_t* client = rd_kafka_new(type, conf, error.data(), error.size());
  assert(client != nullptr);
  return client;
}

}  // namespace

MockKafka::MockKafka(int brokers) : impl_(std::make_unique<Impl>()) {
  impl_->host = NewClient(RD_KAFKA_PRODUCER, nullptr, "");
  impl_->cluster = rd_kafka_mock_cluster_new(impl_->host, brokers);
  assert(impl_->cluster != nullptr);
  impl_->producer =
      NewClient(RD_KAFKA_PRODUCER, rd_kafka_mock_cluster_bootstraps(impl_->cluster), "");
}

MockKafka::~MockKafka() {
  rd_kafka_destroy(impl_->producer);
  rd_kafka_mock_cluster_destroy(impl_->cluster);
  rd_kafka_destroy(impl_->host);
}

std::vector<std::string> MockKafka::brokers() const {
  std::vector<std::string> brokers;
  std::string_view rest = rd_kafka_mock_cluster_bootstraps(impl_->cluster);
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    brokers.emplace_back(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return brokers;
}

void MockKafka::CreateTopic(const std::string& topic, int partitions) {
  const auto error = rd_kafka_mock_topic_create(impl_->cluster, topic.c_str(), partitions, 1);
  assert(error == RD_KAFKA_RESP_ERR_NO_ERROR);
  static_cast<void>(error);
}

void MockKafka::Produce(const std::string& topic, std::int32_t partition,
                        std::optional<std::string> key, std::optional<std::string> value,
                        const std::vector<std::pair<std::string, std::string>>& headers) {
  rd_kafka_headers_t* list = rd_kafka_headers_new(headers.size());
  for (const auto& [name, text] : headers) {
    rd_kafka_header_add(list, name.c_str(), -1, text.data(), static_cast<ssize_t>(text.size()));
  }
  const std::string_view no_bytes(nullptr, 0);
  const std::string_view key_bytes = key ? std::string_view(*key) : no_bytes;
  const std::string_view value_bytes = value ? std::string_view(*value) : no_bytes;
  const auto error = rd_kafka_producev(
      impl_->producer, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
      RD_KAFKA_V_KEY(const_cast<char*>(key_bytes.data()), key_bytes.size()),
      RD_KAFKA_V_VALUE(const_cast<char*>(value_bytes.data()), value_bytes.size()),
      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(list), RD_KAFKA_V_END);
  assert(error == RD_KAFKA_RESP_ERR_NO_ERROR);
  static_cast<void>(error);
  rd_kafka_flush(impl_->producer, 60000);
}

std::int64_t MockKafka::Committed(const std::string& group, const std::string& topic,
                                  std::int32_t partition) const {
  rd_kafka_t* client =
      NewClient(RD_KAFKA_CONSUMER, rd_kafka_mock_cluster_bootstraps(impl_->cluster), group);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), partition);
  const auto error = rd_kafka_committed(client, list, 60000);
  const std::int64_t offset = error == RD_KAFKA_RESP_ERR_NO_ERROR ? list->elems[0].offset : -1;
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_destroy(client);
  return offset < 0 ? -1 : offset;
}

void MockKafka::SetDown(int broker, bool down) {
  down ? rd_kafka_mock_broker_set_down(impl_->cluster, broker)
       : rd_kafka_mock_broker_set_up(impl_->cluster, broker);
}

}  // namespace tenon::net
