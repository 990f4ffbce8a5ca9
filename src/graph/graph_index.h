// The graphs of all tenants: each loaded when it is first asked for, kept up to date by the log,
// and dropped again when others need the memory.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/engine.h"
#include "events/follower.h"
#include "graph/graph.h"
#include "graph/sources.h"

namespace tenon {

struct GraphOptions {
  std::size_t bytes_max = std::size_t{1} << 30;  // of all graphs together (graph.bytes)
  int loaders = 2;                               // graphs that are read in at a time
  // A load that takes longer has lost: its snapshot holds the write-ahead log back.
  std::chrono::milliseconds load_deadline{120000};
};

struct GraphStats {
  std::int64_t tenants = 0, nodes = 0, edges = 0, bytes = 0;
  std::int64_t loads_total = 0, evictions_total = 0, reloads_total = 0;
  double load_seconds_total = 0;
};

// Lets readers in together and writers alone, in the order of their coming: a writer is not kept
// out by readers that come one after the other.
class FairLock {
 public:
  void lock_shared();
  void unlock_shared() { mutex_.unlock_shared(); }
  void lock();
  void unlock() { mutex_.unlock(); }
  [[nodiscard]] bool writer_waits() const { return writers_.load(std::memory_order_relaxed) > 0; }

 private:
  std::mutex door_;
  std::shared_mutex mutex_;
  std::atomic<int> writers_{0};
};

// Reads of a graph while nobody changes it. Rest lets a writer in when one waits, so a long walk
// calls it between two steps (WalkLimits::rest).
class GraphView {
 public:
  GraphView(FairLock& lock, const Graph& graph) : lock_(lock), graph_(graph) {
    lock_.lock_shared();
  }
  ~GraphView() { lock_.unlock_shared(); }
  GraphView(const GraphView&) = delete;
  GraphView& operator=(const GraphView&) = delete;

  [[nodiscard]] const Graph& graph() const { return graph_; }
  void Rest();

 private:
  FairLock& lock_;
  const Graph& graph_;
};

// A follower by the name "graph"; keeps nothing but memory. Thread-safe.
class GraphIndex final : public Follower {
 public:
  GraphIndex(Engine& engine, GraphOptions options);
  ~GraphIndex() override;  // as Stop

  // Runs `work` on the tenant's graph, which is loaded first when it is not there. kUnavailable
  // when that takes longer than the deadline (it goes on, so trying again helps); kTooLarge when
  // the graph does not fit.
  Result<void> Read(const Uuid& tenant, std::chrono::steady_clock::time_point deadline,
                    const std::function<Result<void>(GraphView&)>& work);

  // Ends the loading threads.
  void Stop();

  [[nodiscard]] const GraphSources& sources() const { return sources_; }
  [[nodiscard]] GraphStats Stats();
  void AppendMetrics(std::string& out);

  // As a follower.
  [[nodiscard]] const FollowerTraits& traits() const override { return traits_; }
  Result<std::optional<std::int64_t>> Saved() override;
  Result<void> Rebuild(RebuildRun& run) override;
  Result<void> Apply(const FollowerPage& page) override;

 private:
  // One tenant's graph. Held by those who read it, also after it was dropped.
  struct Cell {
    explicit Cell(const GraphSources& sources) : graph(sources) {}
    FairLock lock;
    Graph graph;        // under lock
    SnapshotMark mark;  // what it was loaded with; the following thread's
    std::atomic<std::size_t> bytes{0};
  };
  struct Slot {
    std::shared_ptr<Cell> cell;  // null while it is loaded, and after that failed
    bool loading = false;
    Error error;  // of the last load, for those who waited
    std::chrono::steady_clock::time_point failed_at{};
    std::uint64_t used = 0;  // for dropping the one that was not used for longest
  };

  Result<std::shared_ptr<Cell>> CellOf(const Uuid& tenant,
                                       std::chrono::steady_clock::time_point deadline);
  void LoaderLoop();
  Result<std::shared_ptr<Cell>> Load(const Uuid& tenant);
  Result<void> CatchUp(const Uuid& tenant, Cell& cell, std::int64_t until);
  // False: the graph must be loaded anew.
  bool ApplyRow(Cell& cell, const LogEntry& entry);
  void Drop(const Uuid& tenant);
  // REQUIRES: mutex_ is held. Drops graphs until all fit, the one of `keep` last.
  void MakeRoom(const Uuid& keep);

  Engine& engine_;
  const GraphOptions options_;
  const GraphSources sources_;
  FollowerTraits traits_;

  // Held while a page is applied and while a loaded graph joins those that follow.
  std::mutex following_;
  std::int64_t position_ = 0;  // under following_

  std::mutex mutex_;
  std::condition_variable loaded_;  // a load has ended
  std::condition_variable wanted_;  // a load is asked for
  // Under mutex_.
  std::map<Uuid, Slot> slots_;
  std::deque<Uuid> queue_;
  std::vector<std::thread> loaders_;
  std::uint64_t uses_ = 0;
  bool stopping_ = false;
  std::int64_t loads_ = 0, evictions_ = 0, reloads_ = 0;
  double load_seconds_ = 0;
};

}  // namespace tenon
