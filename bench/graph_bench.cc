// Lineage: the index against a breadth-first walk in the same SQLite file, over HTTP, and its
// memory. Search has search_bench.
//
// Usage: graph_bench BINARY WORK_DIR [EDGES [NODES]] [PART...]
// Parts: memory fill http load walk; all of them unless some are named. Without `fill`, what an
// earlier run left in WORK_DIR is used.
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "app/node.h"
#include "app/shipped_models.h"
#include "fill.h"
#include "graph/load.h"
#include "graph/walk.h"
#include "load.h"
#include "server_process.h"
#include "store/sqlite/sqlite_store.h"

namespace tenon::bench {
namespace {

using std::chrono::steady_clock;

constexpr int kStarts = 500;
constexpr int kLoads = 5;
constexpr std::uint32_t kHops = 5;

double Micros(steady_clock::time_point since) {
  return std::chrono::duration<double, std::micro>(steady_clock::now() - since).count();
}

double MedianOf(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

void Report(std::string_view what, const std::string& measured, std::string_view aim) {
  fmt::print("{:<34} {:<84} aim {}\n", what, measured, aim);
  std::fflush(stdout);
}

// What anybody would write first: a table of visited nodes, and one step after the other.
class SqliteWalk {
 public:
  explicit SqliteWalk(const std::string& file) {
    sqlite3_open_v2(file.c_str(), &db_, SQLITE_OPEN_READONLY, nullptr);
    sqlite3_exec(db_,
                 "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 4294967296;"
                 "PRAGMA cache_size = -262144;"
                 "CREATE TEMP TABLE visited (id TEXT PRIMARY KEY, depth INTEGER) WITHOUT ROWID;"
                 "CREATE INDEX temp.by_depth ON visited (depth);",
                 nullptr, nullptr, nullptr);
    Prepare("DELETE FROM visited", &clear_);
    Prepare("INSERT INTO visited VALUES (?1, 0)", &begin_);
    Prepare(
        "INSERT OR IGNORE INTO visited SELECT r.source_asset_id, ?1 + 1 FROM visited v "
        "JOIN relationships r ON r.target_asset_id = v.id JOIN assets a "
        "ON a.id = r.source_asset_id AND a.deleted_at IS NULL WHERE v.depth = ?1",
        &step_);
    Prepare("SELECT count(*) FROM visited", &count_);
  }
  ~SqliteWalk() {
    for (sqlite3_stmt* statement : {clear_, begin_, step_, count_}) sqlite3_finalize(statement);
    sqlite3_close(db_);
  }
  SqliteWalk(const SqliteWalk&) = delete;
  SqliteWalk& operator=(const SqliteWalk&) = delete;

  std::size_t Downstream(const std::string& id) {
    Run(clear_);
    sqlite3_bind_text(begin_, 1, id.c_str(), -1, SQLITE_TRANSIENT);
    Run(begin_);
    for (std::uint32_t depth = 0; depth < kHops; ++depth) {
      sqlite3_bind_int(step_, 1, static_cast<int>(depth));
      Run(step_);
    }
    sqlite3_step(count_);
    const auto count = static_cast<std::size_t>(sqlite3_column_int64(count_, 0));
    sqlite3_reset(count_);
    return count;
  }

 private:
  void Prepare(const char* sql, sqlite3_stmt** statement) {
    if (sqlite3_prepare_v2(db_, sql, -1, statement, nullptr) != SQLITE_OK) {
      fmt::print(stderr, "{}\n", sqlite3_errmsg(db_));
      std::exit(1);
    }
  }
  static void Run(sqlite3_stmt* statement) {
    while (sqlite3_step(statement) == SQLITE_ROW) {
    }
    sqlite3_reset(statement);
  }
  sqlite3* db_ = nullptr;
  sqlite3_stmt *clear_ = nullptr, *begin_ = nullptr, *step_ = nullptr, *count_ = nullptr;
};

using Load = std::function<Result<void>(Graph&)>;

// The index loaded from the file as a server does it, some times.
Result<void> TimeLoads(const GraphSources& sources, const Load& load) {
  std::vector<double> took;
  std::string size;
  for (int i = 0; i < kLoads; ++i) {
    Graph graph(sources);
    const auto begin = steady_clock::now();
    TRY(load(graph));
    took.push_back(Micros(begin) / 1e6);
    const auto bytes = static_cast<double>(graph.bytes());
    size = fmt::format("{} edges, {} nodes, {:.1f} MB, {:.1f} bytes an edge", graph.edge_count(),
                       graph.live_nodes(), bytes / 1e6,
                       bytes / static_cast<double>(graph.edge_count()));
  }
  std::ranges::sort(took);
  Report("load into the index",
         fmt::format("{} in {:.2f} s; the best of {}: {:.2f} s", size, MedianOf(took), kLoads,
                     took.front()),
         "<= 1 s for 1 M edges over 200,000 nodes");
  return {};
}

Result<void> CompareWalks(const Graph& graph, const std::string& file,
                          const std::vector<std::string>& starts) {
  SqliteWalk walk(file);
  const NodeSource& assets = *graph.sources().NodesOf("assets");
  WalkFilter filter;
  filter.kinds = {"DEPENDS_ON"};
  WalkLimits limits;
  limits.depth_max = kHops;
  limits.nodes_max = 10'000'000;
  limits.edges_max = 0;
  std::vector<double> ours, theirs;
  std::size_t reached = 0;
  for (const std::string& start : starts) {
    const NodeNumber node = graph.Find(assets, *Uuid::Parse(start));
    auto since = steady_clock::now();
    const Subgraph part = Reach(graph, {node}, filter, limits);
    ours.push_back(Micros(since));
    since = steady_clock::now();
    const std::size_t count = walk.Downstream(start);
    theirs.push_back(Micros(since));
    if (count != part.nodes.size()) {
      return Fail(Code::kInternal, fmt::format("{} reaches {} in SQLite and {} in the index", start,
                                               count, part.nodes.size()));
    }
    reached += count;
  }
  double ours_sum = 0, theirs_sum = 0;
  for (const double one : ours) ours_sum += one;
  for (const double one : theirs) theirs_sum += one;
  Report("5 hops downstream",
         fmt::format("median {:.0f} us, SQLite {:.0f} us; {:.0f} times faster (sum: {:.0f}), {} "
                     "nodes a walk",
                     MedianOf(ours), MedianOf(theirs), MedianOf(theirs) / MedianOf(ours),
                     theirs_sum / ours_sum, reached / starts.size()),
         ">= 50 times");
  return {};
}

// Server away.
Result<void> InProcess(const std::string& data, const std::vector<std::string>& starts,
                       const Uuid& tenant, bool loads, bool walks) {
  const auto model = TRY(CheckModels(ShippedModels()));
  const GraphSources sources(*model);
  SqliteOptions options;
  options.directory = data;
  auto store = TRY(SqliteStore::Open(std::move(options)));
  const Load load = [&](Graph& graph) {
    return store->Read(
        {.tenant = tenant, .deadline = std::chrono::minutes(2), .long_snapshot = true},
        [&](Reader& reader) { return LoadGraph(reader, tenant, std::size_t{4} << 30, graph); });
  };
  if (loads) TRY(TimeLoads(sources, load));
  if (walks) {
    Graph graph(sources);
    TRY(load(graph));
    TRY(CompareWalks(graph, (std::filesystem::path(data) / "tenon.db").string(), starts));
  }
  store->Close();
  return {};
}

Result<void> OverHttp(const ServerProcess& server, const std::vector<std::string>& starts) {
  const std::string headers = "Authorization: Bearer " + server.key() + "\r\n";
  std::vector<std::string> targets;
  for (const std::string& start : starts) targets.push_back("assets:" + start + "&depth=5");
  for (const int connections : {1, 8}) {
    LoadOptions options;
    options.port = server.port();
    options.connections = connections;
    options.seconds = 4;
    const auto full =
        TRY(RunLoad(options, GetRandom("/v1/graph/downstream?node=", targets, headers)));
    Report(fmt::format("HTTP downstream, {} connections", connections), Describe(full),
           "p99 < 5 ms");
    const auto counts =
        TRY(RunLoad(options, GetRandom("/v1/graph/impact?node=", targets, headers)));
    Report(fmt::format("HTTP impact, {} connections", connections), Describe(counts), "p99 < 5 ms");
  }
  return {};
}

// Ten million edges over two million nodes, as a load leaves them.
Result<void> Memory() {
  const auto model = TRY(CheckModels(ShippedModels()));
  const GraphSources sources(*model);
  constexpr std::uint32_t kNodes = 2'000'000, kEdges = 10'000'000;
  Graph graph(sources);
  const NodeSource& assets = *sources.NodesOf("assets");
  for (std::uint32_t n = 0; n < kNodes; ++n) {
    Uuid id;
    for (int i = 0; i < 4; ++i)
      id.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(n >> (8 * i));
    const NodeNumber node = graph.Touch(assets, id, "");
    graph.SetNode(node, "TABLE", fmt::format("table_{}", n));
  }
  const std::uint32_t edge_class = graph.InternEdgeClass(sources.edges().front(), "DEPENDS_ON", "");
  std::vector<WholeEdge> edges;
  edges.reserve(kEdges);
  Draw draw(7);
  for (std::uint32_t n = 0; n < kEdges; ++n) {
    edges.push_back({static_cast<NodeNumber>(draw.Below(kNodes)),
                     static_cast<NodeNumber>(draw.Skewed(kNodes)), edge_class});
  }
  const auto begin = steady_clock::now();
  graph.LoadEdges(edges);
  graph.ShrinkToFit();
  Report(
      "memory",
      fmt::format("{} edges, {} nodes: {:.0f} MB ({:.1f} bytes an edge without nodes' own), "
                  "packed in {:.1f} s",
                  graph.edge_count(), graph.live_nodes(), static_cast<double>(graph.bytes()) / 1e6,
                  16 + 8.0 * kNodes / kEdges, Micros(begin) / 1e6),
      "10 M edges within 1 GB");
  return {};
}

Result<void> Fill(const ServerProcess& server, std::int64_t edges, std::int64_t nodes) {
  LagWatch lag(server);
  const double rate = TRY(FillAssets(server, nodes, [](std::int64_t n, std::string& out) {
    fmt::format_to(std::back_inserter(out),
                   R"({{"type":"TABLE","name":"t{0}","qualified_name":"bench.t{0}"}})", n);
  }));
  const std::vector<std::string> ids = TRY(AssetIds(server, static_cast<std::size_t>(nodes)));
  Draw draw(3);
  std::mutex drawing;
  const double edge_rate =
      TRY(FillBatches(server, "relationships", edges, [&](std::int64_t, std::string& out) {
        const std::lock_guard lock(drawing);
        fmt::format_to(std::back_inserter(out),
                       R"({{"type":"DEPENDS_ON","source_asset_id":"{}","target_asset_id":"{}"}})",
                       ids[draw.Below(ids.size())], ids[draw.Skewed(ids.size())]);
      }));
  const LagWatch::Seen seen = lag.Stop();
  Report("follower lag under writes",
         fmt::format("at most {:.2f} s at {:.0f} assets/s, then {:.0f} edges/s; {} looks",
                     seen.seconds_max, rate, edge_rate, seen.looks),
         "< 1 s");
  return {};
}

struct Settings {
  std::string binary, work;
  std::int64_t edges = 1'000'000, nodes = 200'000;
  std::vector<std::string> parts;
  [[nodiscard]] bool Wants(std::string_view part) const {
    return parts.empty() || std::ranges::find(parts, part) != parts.end();
  }
};

Result<void> Run(const Settings& settings) {
  if (settings.Wants("memory")) TRY(Memory());
  const std::string data = (std::filesystem::path(settings.work) / "graph").string();
  if (settings.Wants("fill")) std::filesystem::remove_all(data);
  std::vector<std::string> starts;
  std::string tenant;
  {
    const auto server = TRY(ServerProcess::Start(settings.binary, data));
    if (settings.Wants("fill")) TRY(Fill(server, settings.edges, settings.nodes));
    const auto ids = TRY(AssetIds(server, std::numeric_limits<std::size_t>::max()));
    if (ids.empty()) return Fail(Code::kNotFound, data + " is empty; run the part 'fill' first");
    Draw draw(5);
    for (int i = 0; i < kStarts; ++i) starts.push_back(ids[draw.Below(ids.size())]);
    tenant = TRY(TenantOf(server));
    if (settings.Wants("http")) TRY(OverHttp(server, starts));
  }
  return InProcess(data, starts, *Uuid::Parse(tenant), settings.Wants("load"),
                   settings.Wants("walk"));
}

}  // namespace
}  // namespace tenon::bench

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: graph_bench BINARY WORK_DIR [EDGES [NODES]] [PART...]\n");
    return 2;
  }
  tenon::bench::Settings settings{.binary = argv[1], .work = argv[2], .parts = {}};
  std::vector<std::int64_t> numbers;
  for (int i = 3; i < argc; ++i) {
    const std::int64_t number = std::atoll(argv[i]);
    if (number > 0) {
      numbers.push_back(number);
    } else {
      settings.parts.emplace_back(argv[i]);
    }
  }
  if (!numbers.empty()) settings.edges = numbers[0];
  settings.nodes = numbers.size() > 1 ? numbers[1] : settings.edges / 5;
  const auto done = tenon::bench::Run(settings);
  if (!done) fmt::print(stderr, "{}\n", done.error().message);
  return done ? 0 : 1;
}
