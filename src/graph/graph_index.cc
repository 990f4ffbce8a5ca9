#include "graph/graph_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "graph/change.h"
#include "graph/load.h"

namespace tenon {
namespace {

using std::chrono::steady_clock;

// After a load that failed for good, the same answer is given for so long.
constexpr auto kFailedFor = std::chrono::seconds(5);
constexpr std::int64_t kCatchUpRows = 1000;
constexpr std::size_t kCatchUpBytes = 4u << 20;

}  // namespace

void FairLock::lock_shared() {
  // A waiting writer holds the door.
  const std::lock_guard door(door_);
  mutex_.lock_shared();
}

void FairLock::lock() {
  writers_.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard door(door_);
  mutex_.lock();
  writers_.fetch_sub(1, std::memory_order_relaxed);
}

void GraphView::Rest() {
  if (!lock_.writer_waits()) return;
  lock_.unlock_shared();
  lock_.lock_shared();
}

GraphIndex::GraphIndex(Engine& engine, GraphOptions options)
    : engine_(engine), options_(options), sources_(engine.model()), position_(engine.log().Last()) {
  traits_.name = "graph";
  traits_.description = "the graphs in memory, for lineage";
  traits_.keeps = Keeps::kOwn;
  traits_.start = Start::kRebuild;
  traits_.types = sources_.LogTypes();
}

GraphIndex::~GraphIndex() { Stop(); }

void GraphIndex::Stop() {
  std::vector<std::thread> loaders;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    loaders.swap(loaders_);
  }
  wanted_.notify_all();
  loaded_.notify_all();
  for (std::thread& loader : loaders) loader.join();
}

Result<void> GraphIndex::Read(const Uuid& tenant, steady_clock::time_point deadline,
                              const std::function<Result<void>(GraphView&)>& work) {
  const std::shared_ptr<Cell> cell = TRY(CellOf(tenant, deadline));
  GraphView view(cell->lock, cell->graph);
  return work(view);
}

Result<std::shared_ptr<GraphIndex::Cell>> GraphIndex::CellOf(const Uuid& tenant,
                                                             steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  const auto waiting = [] {
    Error error(Code::kUnavailable, "the graph is being read into memory; try again in a moment");
    error.retry_after_s = 1;
    return error;
  };
  for (;;) {
    if (stopping_) return Fail(Code::kUnavailable, "the server is stopping");
    Slot& slot = slots_[tenant];
    if (slot.cell != nullptr) {
      slot.used = ++uses_;
      return slot.cell;
    }
    if (!slot.loading) {
      if (!slot.error.message.empty() && steady_clock::now() - slot.failed_at < kFailedFor) {
        return Fail(slot.error);
      }
      slot.loading = true;
      queue_.push_back(tenant);
      if (static_cast<int>(loaders_.size()) < options_.loaders) {
        loaders_.emplace_back([this] { LoaderLoop(); });
      }
      wanted_.notify_one();
    }
    if (loaded_.wait_until(lock, deadline) == std::cv_status::timeout) {
      const auto found = slots_.find(tenant);
      if (found == slots_.end() || found->second.cell == nullptr) return Fail(waiting());
    }
  }
}

void GraphIndex::LoaderLoop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wanted_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    const Uuid tenant = queue_.front();
    queue_.pop_front();
    lock.unlock();
    const auto start = steady_clock::now();
    auto cell = Load(tenant);
    lock.lock();
    ++loads_;
    load_seconds_ += std::chrono::duration<double>(steady_clock::now() - start).count();
    if (!cell) {
      Slot& slot = slots_[tenant];
      slot.loading = false;
      slot.error = std::move(cell).error();
      slot.failed_at = steady_clock::now();
    }
    loaded_.notify_all();
  }
}

Result<std::shared_ptr<GraphIndex::Cell>> GraphIndex::Load(const Uuid& tenant) {
  auto cell = std::make_shared<Cell>(sources_);
  const Scope scope{.tenant = tenant, .deadline = options_.load_deadline, .long_snapshot = true};
  TRY(engine_.store().Read(scope, [&](Reader& reader) -> Result<void> {
    cell->mark = TRY(MarkOf(reader, engine_.clock().Now()));
    return LoadGraph(reader, tenant, options_.bytes_max, cell->graph);
  }));
  // What was written while it was read, most of it before the follower has to wait for us.
  std::int64_t position = 0;
  {
    const std::lock_guard following(following_);
    position = position_;
  }
  TRY(CatchUp(tenant, *cell, position));
  const std::lock_guard following(following_);
  TRY(CatchUp(tenant, *cell, position_));
  cell->bytes = cell->graph.bytes();
  const std::lock_guard lock(mutex_);
  Slot& slot = slots_[tenant];
  slot.cell = cell;
  slot.loading = false;
  slot.error = {};
  slot.used = ++uses_;
  MakeRoom(tenant);
  return cell;
}

// The rows of the log between what the graph holds and a position that the follower has passed.
Result<void> GraphIndex::CatchUp(const Uuid& tenant, Cell& cell, std::int64_t until) {
  ReadLog read;
  read.tenant = tenant;
  read.after = cell.mark.seq;
  read.until = until;
  read.limit = kCatchUpRows;
  read.bytes_max = kCatchUpBytes;
  while (read.after < until) {
    std::vector<LogEntry> rows;
    TRY(engine_.store().Read({.tenant = tenant}, [&](Reader& reader) -> Result<void> {
      rows = TRY(Log::Read(reader, read));
      return {};
    }));
    if (rows.empty()) break;
    for (const LogEntry& entry : rows) {
      if (!ApplyRow(cell, entry)) {
        return Fail(Code::kUnavailable, "the graph changed while it was read; try again");
      }
    }
    read.after = rows.back().seq;
  }
  cell.mark.seq = std::max(cell.mark.seq, until);
  return {};
}

bool GraphIndex::ApplyRow(Cell& cell, const LogEntry& entry) {
  if (cell.mark.Covers(entry)) {
    cell.mark.unsealed.erase(entry.id);
    return true;
  }
  cell.lock.lock();
  const auto applied = ApplyChange(entry, cell.graph);
  const bool good = applied.has_value() && !cell.graph.IsMostlyDead();
  cell.lock.unlock();
  return good;
}

Result<std::optional<std::int64_t>> GraphIndex::Saved() {
  const std::lock_guard following(following_);
  return std::optional<std::int64_t>(position_);
}

Result<void> GraphIndex::Rebuild(RebuildRun& run) {
  const std::lock_guard following(following_);
  position_ = run.position;
  const std::lock_guard lock(mutex_);
  // Each is loaded again when it is next asked for.
  std::erase_if(slots_, [](const auto& slot) { return !slot.second.loading; });
  return {};
}

Result<void> GraphIndex::Apply(const FollowerPage& page) {
  const std::lock_guard following(following_);
  std::shared_ptr<Cell> cell;
  Uuid tenant;
  for (const LogEntry& entry : page.rows) {
    if (cell == nullptr || entry.tenant != tenant) {
      tenant = entry.tenant;
      const std::lock_guard lock(mutex_);
      const auto found = slots_.find(tenant);
      cell = found == slots_.end() ? nullptr : found->second.cell;
    }
    if (cell == nullptr) continue;
    if (!ApplyRow(*cell, entry)) {
      Drop(tenant);
      cell = nullptr;
      continue;
    }
    cell->bytes = cell->graph.bytes();
  }
  position_ = page.position;
  const std::lock_guard lock(mutex_);
  MakeRoom(tenant);
  return {};
}

void GraphIndex::Drop(const Uuid& tenant) {
  const std::lock_guard lock(mutex_);
  slots_.erase(tenant);
  ++reloads_;
}

void GraphIndex::MakeRoom(const Uuid& keep) {
  for (;;) {
    std::size_t total = 0;
    auto oldest = slots_.end();
    for (auto at = slots_.begin(); at != slots_.end(); ++at) {
      if (at->second.cell == nullptr) continue;
      total += at->second.cell->bytes;
      if (at->first == keep) continue;
      if (oldest == slots_.end() || at->second.used < oldest->second.used) oldest = at;
    }
    if (total <= options_.bytes_max) return;
    // When the last one outgrew the bound by itself, it goes too: loading it anew says why.
    if (oldest == slots_.end()) oldest = slots_.find(keep);
    if (oldest == slots_.end() || oldest->second.cell == nullptr) return;
    slots_.erase(oldest);
    ++evictions_;
  }
}

GraphStats GraphIndex::Stats() {
  std::vector<std::shared_ptr<Cell>> cells;
  GraphStats stats;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [tenant, slot] : slots_) {
      if (slot.cell != nullptr) cells.push_back(slot.cell);
    }
    stats.loads_total = loads_;
    stats.evictions_total = evictions_;
    stats.reloads_total = reloads_;
    stats.load_seconds_total = load_seconds_;
  }
  for (const auto& cell : cells) {
    const GraphView view(cell->lock, cell->graph);
    ++stats.tenants;
    stats.nodes += static_cast<std::int64_t>(view.graph().live_nodes());
    stats.edges += static_cast<std::int64_t>(view.graph().edge_count());
    stats.bytes += static_cast<std::int64_t>(view.graph().bytes());
  }
  return stats;
}

void GraphIndex::AppendMetrics(std::string& out) {
  const GraphStats stats = Stats();
  const auto line = [&](std::string_view name, std::string_view type, std::string_view help,
                        auto value) {
    fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n{} {}\n", name, help, name,
                   type, name, value);
  };
  line("tenon_graph_tenants", "gauge", "Graphs that are in memory.", stats.tenants);
  line("tenon_graph_nodes", "gauge", "Live nodes of them.", stats.nodes);
  line("tenon_graph_edges", "gauge", "Edges of them.", stats.edges);
  line("tenon_graph_bytes", "gauge", "Memory that they take.", stats.bytes);
  line("tenon_graph_loads_total", "counter", "Graphs that were read from the tables.",
       stats.loads_total);
  line("tenon_graph_load_seconds_total", "counter", "Time that this took.",
       stats.load_seconds_total);
  line("tenon_graph_evictions_total", "counter", "Graphs that were dropped to make room.",
       stats.evictions_total);
  line("tenon_graph_reloads_total", "counter", "Graphs that no longer fitted the log.",
       stats.reloads_total);
}

}  // namespace tenon
