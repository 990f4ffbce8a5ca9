#include "services/jobs/kafka_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "services/ingest/json_fields.h"

namespace tenon::jobs {
namespace {

constexpr std::string_view kRoute = "kafka";

Nulls NullsOf(const Connector& connector) {
  const std::string nulls = ingest::TextIn(connector.config, "nulls");
  if (nulls == "delete") return Nulls::kDelete;
  return nulls == "skip" ? Nulls::kSkip : Nulls::kReject;
}

}  // namespace

KafkaReader::KafkaReader(const KafkaReaderDeps& deps, Connector connector,
                         KafkaReaderOptions options, const model::Entity& entity, Caller writer)
    : deps_(deps),
      connector_(std::move(connector)),
      options_(std::move(options)),
      entity_(entity),
      writer_(std::move(writer)),
      mapping_(MappingOf(connector_)),
      nulls_(NullsOf(connector_)) {}

Result<std::unique_ptr<KafkaReader>> KafkaReader::Open(const KafkaReaderDeps& deps,
                                                       Connector connector,
                                                       KafkaReaderOptions options) {
  net::KafkaOptions kafka = TRY(KafkaOptionsOf(connector));
  kafka.client_id = "tenon-" + options.worker;
  kafka.ca_file = options.ca_file;
  kafka.session = options.session;
  const std::string table = MappingOf(connector).table;
  const model::Entity* entity = deps.ingest.engine.model().FindTable(table);
  if (entity == nullptr) {
    return Fail(Code::kInvalidField, fmt::format("config.entity: there is no table {}", table));
  }
  Caller writer = TRY(WriterOf(deps.ingest, connector));
  std::unique_ptr<KafkaReader> reader(
      new KafkaReader(deps, std::move(connector), std::move(options), *entity, std::move(writer)));
  reader->consumer_ = TRY(net::KafkaConsumer::Open(std::move(kafka), deps.policy));
  TRY(reader->consumer_->Subscribe());
  return reader;
}

Result<> KafkaReader::Step() {
  TRY(Take());
  if (TRY(Write())) Commit();
  if (std::chrono::steady_clock::now() - reported_ >= options_.report_every) {
    Report("RUNNING", problem_.empty() ? consumer_->problem() : problem_);
  }
  return {};
}

Result<> KafkaReader::Take() {
  // While something is held nothing more is fetched; polled all the same, to stay in the group.
  held_.empty() ? consumer_->Resume() : consumer_->Pause();
  auto messages = TRY(consumer_->Poll(options_.batch_messages, options_.poll));
  std::ranges::move(messages, std::back_inserter(held_));
  return {};
}

std::vector<Delivery> KafkaReader::Map(std::vector<Refusal>& refused,
                                       std::vector<std::size_t>& of) {
  std::vector<Delivery> deliveries;
  for (std::size_t i = 0; i < held_.size(); ++i) {
    auto item = ReadKafkaItem(mapping_, nulls_, held_[i]);
    if (!item) {
      refused.push_back(KafkaRefusal(held_[i], item.error()));
      continue;
    }
    if (item->kind == KafkaItem::Kind::kSkip) continue;
    Delivery delivery{.command = {}, .key = KafkaReplayKey(connector_.id, held_[i])};
    delivery.command.entity = &entity_;
    if (item->kind == KafkaItem::Kind::kDelete) {
      delivery.command.op = Command::Op::kDelete;
      delivery.command.id = std::move(item->id);
    } else {
      delivery.command.upsert = true;
      delivery.command.body = std::move(item->row);
    }
    deliveries.push_back(std::move(delivery));
    of.push_back(i);
  }
  return deliveries;
}

// Not now: later, and longer each time.
void KafkaReader::Hold(const Error& error) {
  backoff_ = std::clamp(backoff_ * 2, options_.retry_first, options_.retry_max);
  not_before_ = std::chrono::steady_clock::now() + backoff_;
  if (problem_ == error.message) return;
  problem_ = error.message;
  (void)deps_.reports.Failed(connector_.tenant, connector_.id, options_.worker, error);
}

Result<bool> KafkaReader::Write() {
  if (held_.empty()) return true;
  if (std::chrono::steady_clock::now() < not_before_) return false;
  std::vector<Refusal> refused;
  std::vector<std::size_t> of;
  const std::vector<Delivery> deliveries = Map(refused, of);
  KafkaReaderStats counted;
  counted.skipped = static_cast<std::int64_t>(held_.size() - deliveries.size() - refused.size());
  auto delivered = WriteOnce(deps_.ingest.engine, writer_, kRoute, deliveries);
  if (!delivered) {
    const Code code = delivered.error().code;
    if (code == Code::kForbidden || code == Code::kUnauthenticated) {
      return Fail(std::move(delivered).error());
    }
    Hold(delivered.error());
    return false;
  }
  for (std::size_t i = 0; i < delivered->size(); ++i) {
    const Delivered& one = (*delivered)[i];
    const bool was_gone =
        deliveries[i].command.op == Command::Op::kDelete && one.error.code == Code::kNotFound;
    if (one.kind == Delivered::Kind::kRefused && !was_gone) {
      refused.push_back(KafkaRefusal(held_[of[i]], one.error));
    } else if (one.kind == Delivered::Kind::kWritten) {
      ++counted.written;
    } else {
      ++(one.kind == Delivered::Kind::kReplayed ? counted.replayed : counted.unchanged);
    }
  }
  // Before the offsets: what is refused must not be lost either.
  if (auto kept = deps_.reports.Refuse(connector_.tenant, connector_.id, refused); !kept) {
    Hold(kept.error());
    return false;
  }
  std::map<net::KafkaPartition, std::int64_t> next(done_.begin(), done_.end());
  for (const net::KafkaMessage& message : held_) next[message.from] = message.offset + 1;
  done_.assign(next.begin(), next.end());
  held_.clear();
  backoff_ = std::chrono::milliseconds(0);
  problem_.clear();
  const std::lock_guard lock(mutex_);
  stats_.written += counted.written;
  stats_.unchanged += counted.unchanged;
  stats_.replayed += counted.replayed;
  stats_.skipped += counted.skipped;
  stats_.rejected += static_cast<std::int64_t>(refused.size());
  return true;
}

void KafkaReader::Commit() {
  if (done_.empty()) return;
  // A group that does not hear of it now hears of it with the next batch.
  if (consumer_->Commit(done_)) done_.clear();
}

json::object KafkaReader::Metrics() const {
  const KafkaReaderStats now = stats();
  return {{"rows_written", now.written},  {"rows_unchanged", now.unchanged + now.replayed},
          {"rows_skipped", now.skipped},  {"rows_rejected", now.rejected},
          {"partitions", now.partitions}, {"lag", now.lag},
          {"worker", options_.worker}};
}

void KafkaReader::Report(std::string_view state, std::string_view trace) {
  reported_ = std::chrono::steady_clock::now();
  const bool well = consumer_->reachable() && held_.empty();
  json::array partitions;
  std::int64_t lag = 0;
  const std::vector<net::KafkaProgress> progress = consumer_->Progress();
  for (const net::KafkaProgress& one : progress) {
    json::object partition{{"topic", one.at.topic}, {"partition", one.at.partition}};
    if (one.committed >= 0) partition["offset"] = one.committed;
    if (one.end >= 0) partition["end"] = one.end;
    if (one.committed >= 0 && one.end >= 0) {
      partition["lag"] = one.end - one.committed;
      lag += one.end - one.committed;
    }
    partitions.push_back(std::move(partition));
  }
  {
    const std::lock_guard lock(mutex_);
    stats_.lag = lag;
    stats_.partitions = static_cast<int>(progress.size());
  }
  json::object report{{"state", state},
                      {"partitions", std::move(partitions)},
                      {"rebalances", consumer_->rebalances()},
                      {"metrics", Metrics()}};
  ingest::PutUnlessEmpty(report, "trace", trace);
  (void)deps_.reports.Worker(connector_.tenant, connector_.id, options_.worker, std::move(report));
  // Silence is how others learn that it is not well. Somebody may have paused it meanwhile.
  if (well && state == "RUNNING") {
    (void)FireEvent(deps_.ingest.engine, connector_, "heartbeat", {{"metrics", Metrics()}});
  }
}

KafkaReaderStats KafkaReader::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

}  // namespace tenon::jobs
