#include "net/kafka.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>

#include "base/text.h"

namespace tenon::net {
namespace {

constexpr std::size_t kErrorText = 512;
constexpr int kCommittedMs = 2000;
constexpr int kReachMs = 1000;

using Conf = std::unique_ptr<rd_kafka_conf_t, decltype(&rd_kafka_conf_destroy)>;
using List = std::unique_ptr<rd_kafka_topic_partition_list_t,
                             decltype(&rd_kafka_topic_partition_list_destroy)>;
using Topic = std::unique_ptr<rd_kafka_topic_t, decltype(&rd_kafka_topic_destroy)>;
// rd_kafka_metadata is a function, too.
using Metadata =
    std::unique_ptr<const struct rd_kafka_metadata, decltype(&rd_kafka_metadata_destroy)>;
using Message = std::unique_ptr<rd_kafka_message_t, decltype(&rd_kafka_message_destroy)>;

List NewList(std::size_t size) {
  return {rd_kafka_topic_partition_list_new(static_cast<int>(size)),
          rd_kafka_topic_partition_list_destroy};
}

std::optional<Address> AddressOf(const sockaddr* address, std::uint16_t& port) {
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &v4.sin_addr, bytes.size());
    port = ntohs(v4.sin_port);
    return Address::V4(bytes);
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    port = ntohs(v6.sin6_port);
    return Address::V6(bytes);
  }
  return std::nullopt;
}

// Errors that no waiting mends, with what they are to whoever set the connector up.
std::optional<Code> FinalCode(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return Code::kForbidden;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
      return Code::kNotFound;
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_INVALID_GROUP_ID:
    case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
      return Code::kInvalidField;
    case RD_KAFKA_RESP_ERR__FATAL:
      return Code::kInternal;
    default:
      return std::nullopt;
  }
}

std::unexpected<Error> Wrong(std::string_view name, std::string message) {
  Error error(Code::kInvalidField, fmt::format("config.{}: {}", name, message));
  error.fields.push_back({fmt::format("config.{}", name), "format", std::move(message)});
  return Fail(std::move(error));
}

// What would be more than one broker, or a setting, in librdkafka's list.
bool IsPlain(std::string_view text) {
  return !text.empty() && text.size() <= 300 && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c < 0x7f && c != ',' && c != '/';
  });
}

Result<> Check(const KafkaOptions& options) {
  if (options.brokers.empty()) return Wrong("brokers", "needs at least one, as host:port");
  for (const std::string& broker : options.brokers) {
    if (!IsPlain(broker)) {
      return Wrong("brokers", fmt::format("'{}' is not host:port", Ellipsis(broker, 80)));
    }
  }
  if (options.topics.empty()) return Wrong("topics", "needs at least one");
  for (const std::string& topic : options.topics) {
    const bool legal = !topic.empty() && topic.size() <= 249 && topic != "." && topic != ".." &&
                       std::ranges::all_of(topic, [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
                       });
    if (!legal) {
      return Wrong("topics", fmt::format("'{}' is no topic's name: letters, digits, '.', '_' and "
                                         "'-', at most 249",
                                         Ellipsis(topic, 80)));
    }
  }
  const bool signs_in = options.security.starts_with("sasl_");
  if (signs_in && (options.mechanism.empty() || options.username.empty())) {
    return Wrong("security", options.security + " needs mechanism, username and password");
  }
  return {};
}

}  // namespace

struct KafkaConsumer::Impl {
  Impl(KafkaOptions what, const Policy& rules) : options(std::move(what)), policy(rules) {}
  ~Impl() {
    if (client == nullptr) return;
    if (subscribed && is_reachable) {
      rd_kafka_consumer_close(client);
      rd_kafka_destroy(client);
    } else {
      // Nobody is there to take leave of.
      rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // A policy's refusal stands: the same address gets the same answer.
  void Refuse(std::string why) {
    const std::lock_guard lock(mutex);
    refusal = std::move(why);
  }
  std::string Refusal() const {
    const std::lock_guard lock(mutex);
    return refusal;
  }
  std::optional<Error> Final() const {
    if (final) return final;
    // A cluster may name brokers of which some may be reached; none is what does not mend.
    if (const std::string refused = Refusal(); !refused.empty() && !is_reachable) {
      return Error(Code::kForbidden, refused);
    }
    return std::nullopt;
  }

  void Assign(const rd_kafka_topic_partition_list_t* list) {
    rd_kafka_assign(client, list);
    assigned.clear();
    committed.clear();
    for (int i = 0; list != nullptr && i < list->cnt; ++i) {
      assigned.push_back({list->elems[i].topic, list->elems[i].partition});
    }
    ++rebalances;
    if (paused) SetPaused(true);
  }
  void SetPaused(bool pause) {
    const List list = ListOf(assigned);
    pause ? rd_kafka_pause_partitions(client, list.get())
          : rd_kafka_resume_partitions(client, list.get());
  }
  static List ListOf(const std::vector<KafkaPartition>& partitions) {
    List list = NewList(partitions.size());
    for (const KafkaPartition& at : partitions) {
      rd_kafka_topic_partition_list_add(list.get(), at.topic.c_str(), at.partition);
    }
    return list;
  }
  void LearnCommitted();

  const KafkaOptions options;
  const Policy& policy;
  rd_kafka_t* client = nullptr;
  bool subscribed = false, paused = false;
  bool is_reachable = true;
  std::string problem;
  std::optional<Error> final;
  std::vector<KafkaPartition> assigned;
  std::map<KafkaPartition, std::int64_t> committed;
  int rebalances = 0;

  mutable std::mutex mutex;
  std::string refusal;  // guarded by mutex: the library's threads connect
};

namespace {

int Connect(int socket, const sockaddr* address, int size, const char* id, const Policy& policy,
            std::string& refusal) {
  std::uint16_t port = 0;
  const auto parsed = AddressOf(address, port);
  std::string host = id == nullptr ? "" : id;
  if (const std::size_t colon = host.rfind(':'); colon != std::string::npos) host.resize(colon);
  if (!parsed) {
    refusal = "brokers are reached over IPv4 and IPv6 only";
    return EACCES;
  }
  if (auto allowed = policy.Check(host, *parsed, port); !allowed) {
    refusal = allowed.error().message;
    return EACCES;
  }
  if (::connect(socket, address, static_cast<socklen_t>(size)) == 0 || errno == EINPROGRESS) {
    return 0;
  }
  return errno;
}

KafkaMessage Take(const rd_kafka_message_t& message) {
  KafkaMessage taken;
  taken.from = {rd_kafka_topic_name(message.rkt), message.partition};
  taken.offset = message.offset;
  rd_kafka_timestamp_type_t kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  taken.timestamp_ms = rd_kafka_message_timestamp(&message, &kind);
  if (kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) taken.timestamp_ms = -1;
  if (message.key != nullptr) {
    taken.key.emplace(static_cast<const char*>(message.key), message.key_len);
  }
  if (message.payload != nullptr) {
    taken.value.emplace(static_cast<const char*>(message.payload), message.len);
  }
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return taken;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    taken.headers.emplace_back(name, value == nullptr
                                         ? std::string()
                                         : std::string(static_cast<const char*>(value), size));
  }
  return taken;
}

}  // namespace

void KafkaConsumer::Impl::LearnCommitted() {
  std::vector<KafkaPartition> unknown;
  for (const KafkaPartition& at : assigned) {
    if (!committed.contains(at)) unknown.push_back(at);
  }
  if (unknown.empty() || !is_reachable) return;
  const List list = ListOf(unknown);
  if (rd_kafka_committed(client, list.get(), kCommittedMs) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& at = list->elems[i];
    std::int64_t next = at.offset;
    if (next < 0) {
      std::int64_t low = -1, high = -1;
      if (rd_kafka_get_watermark_offsets(client, at.topic, at.partition, &low, &high) !=
          RD_KAFKA_RESP_ERR_NO_ERROR) {
        continue;
      }
      next = options.from_latest ? high : low;
    }
    if (next >= 0) committed[{at.topic, at.partition}] = next;
  }
}

KafkaConsumer::KafkaConsumer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KafkaConsumer::~KafkaConsumer() = default;

Result<std::unique_ptr<KafkaConsumer>> KafkaConsumer::Open(KafkaOptions options,
                                                           const Policy& policy) {
  TRY(Check(options));
  auto impl = std::make_unique<Impl>(std::move(options), policy);
  const KafkaOptions& given = impl->options;
  Conf conf(rd_kafka_conf_new(), rd_kafka_conf_destroy);
  std::array<char, kErrorText> text{};
  std::optional<Error> wrong;
  const auto set = [&](const char* name, const std::string& value) {
    if (wrong || rd_kafka_conf_set(conf.get(), name, value.c_str(), text.data(), text.size()) ==
                     RD_KAFKA_CONF_OK) {
      return;
    }
    wrong = Error(Code::kInvalidField, fmt::format("config: {}", text.data()));
  };
  const auto set_if = [&](const char* name, const std::string& value) {
    if (!value.empty()) set(name, value);
  };
  set("bootstrap.servers", fmt::format("{}", fmt::join(given.brokers, ",")));
  set("group.id", given.group);
  set("client.id", given.client_id);
  set("security.protocol", given.security);
  set_if("sasl.mechanisms", given.mechanism);
  set_if("sasl.username", given.username);
  set_if("sasl.password", given.password);
  set_if("ssl.ca.location", given.ca_file);
  // Offsets are committed by hand, after the write.
  set("enable.auto.commit", "false");
  set("enable.auto.offset.store", "false");
  set("auto.offset.reset", given.from_latest ? "latest" : "earliest");
  set("allow.auto.create.topics", "false");
  set("check.crcs", "true");
  set("queued.max.messages.kbytes", std::to_string(given.queued_kbytes));
  set("fetch.max.bytes", std::to_string(given.queued_kbytes * 1024));
  set("max.partition.fetch.bytes", std::to_string(given.message_kbytes * 1024));
  set("message.max.bytes",
      std::to_string(std::min(given.queued_kbytes, given.message_kbytes) * 1024));
  set("session.timeout.ms", std::to_string(given.session.count()));
  set("socket.timeout.ms", "10000");
  set("reconnect.backoff.max.ms", "5000");
  if (wrong) return Fail(*std::move(wrong));

  rd_kafka_conf_set_opaque(conf.get(), impl.get());
  rd_kafka_conf_set_log_cb(conf.get(), nullptr);
  rd_kafka_conf_set_connect_cb(
      conf.get(), [](int socket, const sockaddr* address, int size, const char* id, void* opaque) {
        auto* self = static_cast<KafkaConsumer::Impl*>(opaque);
        std::string refusal;
        const int result = Connect(socket, address, size, id, self->policy, refusal);
        if (!refusal.empty()) self->Refuse(std::move(refusal));
        return result;
      });
  rd_kafka_conf_set_error_cb(conf.get(),
                             [](rd_kafka_t*, int error, const char* reason, void* opaque) {
                               auto* self = static_cast<KafkaConsumer::Impl*>(opaque);
                               const auto code = static_cast<rd_kafka_resp_err_t>(error);
                               if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
                                 self->is_reachable = false;
                                 if (self->problem.empty()) self->problem = reason;
                               } else {
                                 self->problem = reason;
                               }
                               if (const auto final = FinalCode(code))
                                 self->final = Error(*final, reason);
                             });
  rd_kafka_conf_set_rebalance_cb(
      conf.get(), [](rd_kafka_t*, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t* list,
                     void* opaque) {
        auto* self = static_cast<KafkaConsumer::Impl*>(opaque);
        self->Assign(error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? list : nullptr);
      });
  impl->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), text.data(), text.size());
  if (impl->client == nullptr)
    return Fail(Code::kInvalidField, fmt::format("config: {}", text.data()));
  static_cast<void>(conf.release());  // the client's now
  rd_kafka_poll_set_consumer(impl->client);
  return std::unique_ptr<KafkaConsumer>(new KafkaConsumer(std::move(impl)));
}

Result<> KafkaConsumer::Validate(std::chrono::milliseconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  const auto left = [&] {
    const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    return std::clamp<std::int64_t>(rest.count(), 1, 1000);
  };
  // In slices, to hear meanwhile of what will not pass.
  const auto wait = [&](auto ask, std::string_view what) -> Result<> {
    for (;;) {
      const rd_kafka_resp_err_t error = ask(static_cast<int>(left()));
      rd_kafka_consumer_poll(impl_->client, 0);
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
      if (const auto final = impl_->Final()) return Fail(*final);
      if (const std::string refused = impl_->Refusal(); !refused.empty()) {
        return Fail(Code::kForbidden, refused);
      }
      if (const auto code = FinalCode(error)) {
        return Fail(*code, fmt::format("{}: {}", what, rd_kafka_err2str(error)));
      }
      if (std::chrono::steady_clock::now() < until) continue;
      return Fail(Code::kUnavailable,
                  fmt::format("{}: {}{}{}", what, rd_kafka_err2str(error),
                              impl_->problem.empty() ? "" : "; ", impl_->problem));
    }
  };
  std::vector<KafkaPartition> partitions;
  for (const std::string& name : impl_->options.topics) {
    const Topic topic(rd_kafka_topic_new(impl_->client, name.c_str(), nullptr),
                      rd_kafka_topic_destroy);
    const struct rd_kafka_metadata* raw = nullptr;
    TRY(wait([&](int ms) { return rd_kafka_metadata(impl_->client, 0, topic.get(), &raw, ms); },
             "no broker answered"));
    const Metadata metadata(raw, rd_kafka_metadata_destroy);
    for (int i = 0; i < metadata->topic_cnt; ++i) {
      const rd_kafka_metadata_topic& found = metadata->topics[i];
      if (name != found.topic) continue;
      if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return Fail(FinalCode(found.err).value_or(Code::kUnavailable),
                    fmt::format("topic {}: {}", name, rd_kafka_err2str(found.err)));
      }
      for (int p = 0; p < found.partition_cnt; ++p) {
        partitions.push_back({name, found.partitions[p].id});
      }
    }
  }
  const List list = Impl::ListOf(partitions);
  return wait([&](int ms) { return rd_kafka_committed(impl_->client, list.get(), ms); },
              fmt::format("the group {}", impl_->options.group));
}

Result<> KafkaConsumer::Subscribe() {
  const List list = NewList(impl_->options.topics.size());
  for (const std::string& topic : impl_->options.topics) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  const rd_kafka_resp_err_t error = rd_kafka_subscribe(impl_->client, list.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Fail(FinalCode(error).value_or(Code::kUnavailable), rd_kafka_err2str(error));
  }
  impl_->subscribed = true;
  return {};
}

Result<std::vector<KafkaMessage>> KafkaConsumer::Poll(std::size_t most,
                                                      std::chrono::milliseconds timeout) {
  std::vector<KafkaMessage> messages;
  const int rebalances = impl_->rebalances;
  while (messages.size() < most) {
    const int wait = messages.empty() ? static_cast<int>(timeout.count()) : 0;
    const Message message(rd_kafka_consumer_poll(impl_->client, wait), rd_kafka_message_destroy);
    if (!message) break;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      impl_->is_reachable = true;
      impl_->problem.clear();
      messages.push_back(Take(*message));
      // What was taken before a rebalance is done before what comes after it.
      if (impl_->rebalances != rebalances) break;
      continue;
    }
    impl_->problem = rd_kafka_message_errstr(message.get());
    if (const auto code = FinalCode(message->err)) {
      impl_->final = Error(*code, impl_->problem);
    }
    break;
  }
  if (messages.empty()) {
    if (auto final = impl_->Final()) return Fail(*std::move(final));
  }
  return messages;
}

Result<> KafkaConsumer::Commit(const std::vector<std::pair<KafkaPartition, std::int64_t>>& next) {
  const List list = NewList(next.size());
  for (const auto& [at, offset] : next) {
    if (std::ranges::find(impl_->assigned, at) == impl_->assigned.end()) continue;
    rd_kafka_topic_partition_list_add(list.get(), at.topic.c_str(), at.partition)->offset = offset;
  }
  if (list->cnt == 0) return {};
  const rd_kafka_resp_err_t error = rd_kafka_commit(impl_->client, list.get(), 0);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Fail(Code::kUnavailable, fmt::format("commit: {}", rd_kafka_err2str(error)));
  }
  impl_->is_reachable = true;
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& at = list->elems[i];
    if (at.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      impl_->committed[{at.topic, at.partition}] = at.offset;
    }
  }
  return {};
}

void KafkaConsumer::Pause() {
  if (!std::exchange(impl_->paused, true)) impl_->SetPaused(true);
}

void KafkaConsumer::Resume() {
  if (std::exchange(impl_->paused, false)) impl_->SetPaused(false);
}

std::vector<KafkaProgress> KafkaConsumer::Progress() {
  impl_->LearnCommitted();
  std::vector<KafkaProgress> progress;
  for (const KafkaPartition& at : impl_->assigned) {
    KafkaProgress one{.at = at};
    std::int64_t low = -1;
    if (rd_kafka_get_watermark_offsets(impl_->client, at.topic.c_str(), at.partition, &low,
                                       &one.end) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        one.end < 0) {
      one.end = -1;
    }
    if (const auto found = impl_->committed.find(at); found != impl_->committed.end()) {
      one.committed = found->second;
      // The watermark is as old as the last fetch, the commit is not.
      if (one.end >= 0) one.end = std::max(one.end, one.committed);
    }
    progress.push_back(std::move(one));
  }
  return progress;
}

std::string KafkaConsumer::problem() const { return impl_->problem; }

bool KafkaConsumer::reachable() const {
  if (impl_->is_reachable) return true;
  const struct rd_kafka_metadata* raw = nullptr;
  if (rd_kafka_metadata(impl_->client, 0, nullptr, &raw, kReachMs) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return false;
  }
  rd_kafka_metadata_destroy(raw);
  impl_->is_reachable = true;
  impl_->problem.clear();
  return true;
}

int KafkaConsumer::rebalances() const { return impl_->rebalances; }

}  // namespace tenon::net
