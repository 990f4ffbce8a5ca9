#include "services/jobs/kafka_readers.h"

#include <fmt/format.h>

#include <array>

#include "base/hash.h"
#include "base/limits.h"
#include "base/text.h"

namespace tenon::jobs {
namespace {

constexpr std::chrono::milliseconds kSlice{50};
constexpr std::size_t kErrorMax = 2000;
constexpr std::string_view kActive =
    "SELECT c.org_id, c.connector_id, c.config, c.restarted_at, c.created_by FROM "
    "connector_configs c JOIN tenants t ON t.id = c.org_id WHERE c.type = 'kafka' AND c.status = "
    "'active' AND t.status = 'ACTIVE' ORDER BY c.connector_id LIMIT $1";

}  // namespace

KafkaReaders::KafkaReaders(const IngestDeps& deps, ConnectorReports& reports,
                           const net::Policy& policy, KafkaReadersOptions options)
    : deps_(deps), reports_(reports), policy_(policy), options_(std::move(options)) {}

KafkaReaders::~KafkaReaders() { Stop(); }

Result<std::map<std::string, KafkaReaders::Wanted>> KafkaReaders::FindWanted() const {
  std::map<std::string, Wanted> wanted;
  if (deps_.engine.model().FindTable("connector_configs") == nullptr) return wanted;
  const Value most(static_cast<std::int64_t>(limits::kKafkaReadersMax));
  TRY(deps_.engine.store().Read({.tenant = {}, .across_tenants = true}, [&](Reader& reader) {
    wanted.clear();
    return reader.Query(kActive, std::span(&most, 1), [&](const Row& row) -> Result<bool> {
      const auto tenant = Uuid::Parse(row.Text(0));
      if (!tenant) return true;
      std::string version(row.Text(2));
      for (const int column : {3, 4}) {
        version += '\n';
        if (!row.IsNull(column)) version += row.Text(column);
      }
      // A digest: sealed secrets need not lie about in memory.
      Wanted one{*tenant, std::string(row.Text(1)), ToHex(Sha256(version))};
      wanted.emplace(one.id, std::move(one));
      return true;
    });
  }));
  return wanted;
}

Result<> KafkaReaders::Tick() {
  std::map<std::string, Wanted> wanted = TRY(FindWanted());
  std::vector<std::unique_ptr<Running>> ended;
  {
    const std::lock_guard lock(mutex_);
    for (auto at = running_.begin(); at != running_.end();) {
      const auto found = wanted.find(at->first);
      if (found != wanted.end() && found->second.version == at->second->wanted.version &&
          !at->second->ended) {
        wanted.erase(found);
        ++at;
      } else {
        ended.push_back(std::move(at->second));
        at = running_.erase(at);
      }
    }
  }
  End(std::move(ended));
  for (const auto& [id, one] : wanted) Begin(one);
  return {};
}

void KafkaReaders::Begin(const Wanted& wanted) {
  auto running = std::make_unique<Running>();
  running->wanted = wanted;
  Running* raw = running.get();
  const std::lock_guard lock(mutex_);
  running_[wanted.id] = std::move(running);
  raw->thread = std::thread([this, raw] {
    Run(*raw);
    raw->ended = true;
  });
}

void KafkaReaders::End(std::vector<std::unique_ptr<Running>> ended) {
  for (const auto& running : ended) running->stop = true;
  for (const auto& running : ended) running->thread.join();
}

void KafkaReaders::Stop() {
  std::vector<std::unique_ptr<Running>> ended;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [id, running] : running_) ended.push_back(std::move(running));
    running_.clear();
  }
  End(std::move(ended));
}

void KafkaReaders::Wait(const Running& running, std::chrono::milliseconds time) const {
  const auto until = std::chrono::steady_clock::now() + time;
  while (!running.stop && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(kSlice);
  }
}

void KafkaReaders::Run(Running& running) {
  const Wanted& wanted = running.wanted;
  while (!running.stop) {
    auto served = Serve(running);
    if (served) break;
    const Error& error = served.error();
    (void)reports_.Failed(wanted.tenant, wanted.id, options_.reader.worker, error);
    json::object report{{"state", "FAILED"}, {"trace", Ellipsis(error.message, kErrorMax)}};
    (void)reports_.Worker(wanted.tenant, wanted.id, options_.reader.worker, std::move(report));
    if (error.code == Code::kUnavailable || error.code == Code::kDeadline ||
        error.code == Code::kInternal) {
      Wait(running, options_.open_again);
      continue;
    }
    Connector named;
    named.tenant = wanted.tenant;
    named.id = wanted.id;
    if (FireEvent(deps_.engine, named, "fail",
                  {{"error_message", Ellipsis(error.message, kErrorMax)}})) {
      break;  // until somebody resumes it
    }
    Wait(running, options_.open_again);
  }
}

Result<> KafkaReaders::Serve(Running& running) {
  Connector connector = TRY(LoadConnector(deps_, running.wanted.tenant, running.wanted.id));
  if (connector.status != "active") return {};
  const auto reader =
      TRY(KafkaReader::Open({deps_, reports_, policy_}, std::move(connector), options_.reader));
  while (!running.stop) {
    TRY(reader->Step());
    const std::lock_guard lock(running.mutex);
    running.stats = reader->stats();
  }
  reader->Report("PAUSED", "");
  return {};
}

std::size_t KafkaReaders::running() const {
  const std::lock_guard lock(mutex_);
  return running_.size();
}

void KafkaReaders::AppendMetrics(std::string& out) const {
  std::map<std::string, KafkaReaderStats> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, running] : running_) {
      const std::lock_guard inner(running->mutex);
      all[id] = running->stats;
    }
  }
  constexpr std::array<std::pair<std::string_view, std::int64_t KafkaReaderStats::*>, 5> kOutcomes =
      {{{"written", &KafkaReaderStats::written},
        {"unchanged", &KafkaReaderStats::unchanged},
        {"replayed", &KafkaReaderStats::replayed},
        {"skipped", &KafkaReaderStats::skipped},
        {"rejected", &KafkaReaderStats::rejected}}};
  out +=
      "# HELP tenon_kafka_messages_total Messages that kafka connectors took on this node since "
      "they began, by what became of them.\n# TYPE tenon_kafka_messages_total counter\n";
  for (const auto& [id, stats] : all) {
    for (const auto& [outcome, count] : kOutcomes) {
      out += fmt::format("tenon_kafka_messages_total{{connector=\"{}\",outcome=\"{}\"}} {}\n", id,
                         outcome, stats.*count);
    }
  }
  out +=
      "# HELP tenon_kafka_lag_messages Messages that the group has not done, of the partitions "
      "that this node has.\n# TYPE tenon_kafka_lag_messages gauge\n";
  for (const auto& [id, stats] : all) {
    out += fmt::format("tenon_kafka_lag_messages{{connector=\"{}\"}} {}\n", id, stats.lag);
  }
  out +=
      "# HELP tenon_kafka_partitions Partitions that this node has.\n# TYPE "
      "tenon_kafka_partitions gauge\n";
  for (const auto& [id, stats] : all) {
    out += fmt::format("tenon_kafka_partitions{{connector=\"{}\"}} {}\n", id, stats.partitions);
  }
}

}  // namespace tenon::jobs
