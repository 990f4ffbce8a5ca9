// The graph in memory against the tables and against a plain reference.
#include "graph/graph_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <set>

#include "events/followers.h"
#include "events/testing.h"
#include "graph/change.h"
#include "graph/export.h"
#include "graph/find.h"
#include "graph/flow.h"
#include "graph/load.h"
#include "graph/walk.h"

namespace tenon {
namespace {

using ::testing::ElementsAre;
using testing::EngineWorld;
using ::testing::HasSubstr;

bool ReadsAll(const model::Entity&) { return true; }

// Every edge of a live pair, by names: what two graphs are compared by.
std::multiset<std::string> EdgesOf(const Graph& graph) {
  std::multiset<std::string> edges;
  for (NodeNumber node = 0; node < graph.node_count(); ++node) {
    graph.ForEach(node, Side::kOut, [&](const HalfEdge& half) {
      const WholeEdge edge{node, half.node, half.edge_class};
      std::string text;
      AppendEdgeJson(graph, edge, text);
      edges.insert(text);
      // The other side knows the same edge.
      bool known = false;
      graph.ForEach(half.node, Side::kIn, [&](const HalfEdge& back) {
        known = known || (back.node == node && back.edge_class == half.edge_class);
        return true;
      });
      EXPECT_TRUE(known) << text;
      return true;
    });
  }
  return edges;
}

std::set<std::string> NodesOf(const Graph& graph) {
  std::set<std::string> nodes;
  for (NodeNumber node = 0; node < graph.node_count(); ++node) {
    if (!graph.IsLive(node)) continue;
    std::string text;
    AppendNodeJson(graph, node, std::nullopt, text);
    nodes.insert(text);
  }
  return nodes;
}

class GraphIndexTest : public ::testing::Test {
 protected:
  GraphIndexTest()
      : index_(world_.engine(), {}), followers_({world_.engine(), world_.random()}, {}) {
    followers_.Add(index_);
  }
  ~GraphIndexTest() override { index_.Stop(); }

  std::string Asset(const std::string& name, const std::string& type = "TABLE") {
    return world_.Create("assets",
                         {{"type", type}, {"name", name}, {"qualified_name", "q." + name}});
  }
  std::string Join(const std::string& from, const std::string& to,
                   const std::string& type = "DEPENDS_ON") {
    return world_.Create("relationships",
                         {{"source_asset_id", from}, {"target_asset_id", to}, {"type", type}});
  }
  void Read(const std::function<void(const Graph&)>& work) { Read(world_.tenant, work); }
  void Read(const Uuid& tenant, const std::function<void(const Graph&)>& work) {
    const auto drained = followers_.Drain();
    ASSERT_TRUE(drained) << drained.error().message;
    const auto read =
        index_.Read(tenant, std::chrono::steady_clock::now() + std::chrono::seconds(60),
                    [&](GraphView& view) -> Result<void> {
                      work(view.graph());
                      return {};
                    });
    ASSERT_TRUE(read) << read.error().message;
  }
  NodeNumber Node(const Graph& graph, const std::string& text) {
    const auto query =
        ReadNodeQuery(world_.store(), index_.sources(), world_.tenant, text, ReadsAll);
    EXPECT_TRUE(query);
    const auto node = FindNode(graph, *query, ReadsAll);
    EXPECT_TRUE(node) << (node ? "" : node.error().message);
    return node.value_or(0);
  }
  std::vector<std::string> Labels(const Graph& graph, const std::vector<WalkNode>& nodes) {
    std::vector<std::string> labels;
    for (const WalkNode& node : nodes) labels.emplace_back(graph.Label(node.node));
    return labels;
  }
  // The graph in memory is the one that the tables make.
  void ExpectAsLoaded() {
    Graph loaded(index_.sources());
    const auto read = world_.store().Read({.tenant = world_.tenant}, [&](Reader& reader) {
      return LoadGraph(reader, world_.tenant, 1u << 30, loaded);
    });
    ASSERT_TRUE(read) << read.error().message;
    Read([&](const Graph& graph) {
      EXPECT_EQ(NodesOf(graph), NodesOf(loaded));
      EXPECT_EQ(EdgesOf(graph), EdgesOf(loaded));
      EXPECT_EQ(graph.edge_count(), loaded.edge_count());
      EXPECT_EQ(graph.live_nodes(), loaded.live_nodes());
    });
  }

  EngineWorld world_;
  GraphIndex index_;
  Followers followers_;
};

TEST_F(GraphIndexTest, ChangesTravelAgainstDependsOnAndAlongProduces) {
  const std::string raw = Asset("raw"), clean = Asset("clean"), report = Asset("report");
  const std::string job = Asset("job", "PIPELINE");
  Join(clean, raw);
  Join(job, clean, "USES");
  Join(job, report, "PRODUCES");
  Join(report, raw, "RELATED_TO");
  Read([&](const Graph& graph) {
    WalkFilter filter;
    const Subgraph down = Reach(graph, {Node(graph, "assets:" + raw)}, filter, {});
    EXPECT_THAT(Labels(graph, down.nodes), ElementsAre("raw", "clean", "job", "report"));
    EXPECT_EQ(down.nodes.back().depth, 3u);
    EXPECT_EQ(down.edges.size(), 3u);
    EXPECT_EQ(down.partial, Partial::kNo);

    filter.direction = Direction::kUpstream;
    const Subgraph up = Reach(graph, {Node(graph, "q.report")}, filter, {});
    EXPECT_THAT(Labels(graph, up.nodes), ElementsAre("report", "job", "clean", "raw"));

    filter.node_types = {"PIPELINE"};
    EXPECT_THAT(Labels(graph, Reach(graph, {Node(graph, "report")}, filter, {}).nodes),
                ElementsAre("report", "job"));
    filter.node_types = {};
    filter.show = {"TABLE"};
    EXPECT_THAT(Labels(graph, Reach(graph, {Node(graph, "report")}, filter, {}).nodes),
                ElementsAre("report", "clean", "raw"));

    const Paths paths = ShortestPaths(graph, Node(graph, "raw"), Node(graph, "report"), 5, {}, {});
    ASSERT_EQ(paths.paths.size(), 1u);
    EXPECT_EQ(paths.paths[0].nodes.size(), 4u);
    EXPECT_EQ(FindCycles(graph, kNoNode, 10, {}, {}).total, 0u);
  });
}

TEST_F(GraphIndexTest, LimitsMakeAnAnswerPartial) {
  const std::string hub = Asset("hub");
  for (int i = 0; i < 20; ++i) Join(Asset("leaf" + std::to_string(i)), hub);
  Read([&](const Graph& graph) {
    WalkLimits limits;
    limits.nodes_max = 5;
    const Subgraph some = Reach(graph, {Node(graph, "hub")}, {}, limits);
    EXPECT_EQ(some.nodes.size(), 5u);
    EXPECT_EQ(some.partial, Partial::kNodes);
    const Impact impact = CountReach(graph, Node(graph, "hub"), {}, {});
    EXPECT_EQ(impact.total, 20u);
    EXPECT_EQ(impact.depths.size(), 1u);
  });
}

TEST_F(GraphIndexTest, FollowsDeletionsAndRestores) {
  const std::string a = Asset("a"), b = Asset("b"), c = Asset("c");
  Join(b, a);
  const std::string edge = Join(c, b);
  const auto reached = [&] {
    std::size_t count = 0;
    Read([&](const Graph& graph) {
      count = Reach(graph, {Node(graph, "assets:" + a)}, {}, {}).nodes.size();
    });
    return count;
  };
  EXPECT_EQ(reached(), 3u);
  world_.Do(Command::Op::kDelete, "assets", b);
  EXPECT_EQ(reached(), 1u);
  ExpectAsLoaded();
  world_.Do(Command::Op::kRestore, "assets", b);
  EXPECT_EQ(reached(), 3u);
  world_.Do(Command::Op::kDelete, "relationships", edge);
  EXPECT_EQ(reached(), 2u);
  world_.Do(Command::Op::kUpdate, "assets", b, {{"name", "renamed"}});
  Read([&](const Graph& graph) { EXPECT_EQ(graph.Label(Node(graph, "assets:" + b)), "renamed"); });
  ExpectAsLoaded();
}

TEST_F(GraphIndexTest, SupersededEdgesAreWalkedOnlyWhenAskedFor) {
  const auto make = [&](const char* name) {
    return world_.Create("graph_nodes", {{"id", world_.ids().V7().ToString()},
                                         {"type", "SERVICE"},
                                         {"properties", {{"name", name}}}});
  };
  const std::string one = make("one"), two = make("two");
  const std::string edge = world_.Create("graph_edges", {{"id", world_.ids().V7().ToString()},
                                                         {"source_id", one},
                                                         {"target_id", two},
                                                         {"type", "DEPENDS_ON"}});
  Read([&](const Graph& graph) {
    EXPECT_EQ(Reach(graph, {Node(graph, "two")}, {}, {}).nodes.size(), 2u);
  });
  world_.Do(Command::Op::kEvent, "graph_edges", edge, {}, "supersede");
  Read([&](const Graph& graph) {
    EXPECT_EQ(Reach(graph, {Node(graph, "two")}, {}, {}).nodes.size(), 1u);
    WalkFilter filter;
    filter.states = {"superseded"};
    EXPECT_EQ(Reach(graph, {Node(graph, "two")}, filter, {}).nodes.size(), 2u);
  });
  ExpectAsLoaded();
}

TEST_F(GraphIndexTest, ATenantSeesItsOwnGraph) {
  Asset("mine");
  Read(world_.other, [&](const Graph& graph) {
    for (NodeNumber node = 0; node < graph.node_count(); ++node) {
      EXPECT_NE(graph.Label(node), "mine");
    }
  });
}

TEST_F(GraphIndexTest, RandomWritesLeaveWhatTheTablesHave) {
  std::mt19937 random(7);
  std::vector<std::string> assets;
  for (int i = 0; i < 15; ++i) assets.push_back(Asset("n" + std::to_string(i)));
  std::map<std::pair<std::size_t, std::size_t>, std::string> edges;
  std::set<std::size_t> deleted;
  Read([](const Graph&) {});  // from here on it follows
  for (int step = 0; step < 300; ++step) {
    const std::size_t from = random() % assets.size(), to = random() % assets.size();
    if (random() % 10 == 0) {
      const bool gone = deleted.contains(from);
      world_.Do(gone ? Command::Op::kRestore : Command::Op::kDelete, "assets", assets[from]);
      gone ? static_cast<void>(deleted.erase(from)) : static_cast<void>(deleted.insert(from));
    } else if (edges.contains({from, to})) {
      world_.Do(Command::Op::kDelete, "relationships", edges[{from, to}]);
      edges.erase({from, to});
    } else if (!deleted.contains(from) && !deleted.contains(to)) {
      edges[{from, to}] = Join(assets[from], assets[to]);
    }
    if (step % 60 == 59) ExpectAsLoaded();
  }
  EXPECT_EQ(index_.Stats().reloads_total, 0);
  // Reach against a plain walk over a map.
  std::map<std::size_t, std::vector<std::size_t>> dependants;
  for (const auto& [ends, id] : edges) {
    if (!deleted.contains(ends.first) && !deleted.contains(ends.second)) {
      dependants[ends.second].push_back(ends.first);
    }
  }
  Read([&](const Graph& graph) {
    for (std::size_t start = 0; start < assets.size(); ++start) {
      if (deleted.contains(start)) continue;
      std::set<std::size_t> seen = {start};
      std::vector<std::size_t> queue = {start};
      for (std::size_t at = 0; at < queue.size(); ++at) {
        for (const std::size_t next : dependants[queue[at]]) {
          if (seen.insert(next).second) queue.push_back(next);
        }
      }
      EXPECT_EQ(Reach(graph, {Node(graph, assets[start])}, {}, {}).nodes.size(), seen.size());
    }
  });
}

// Every way of walking against a plain one: nodes that are gone, some types only, both directions,
// edges that were packed and edges that came since.
TEST_F(GraphIndexTest, WalksReachWhatAPlainWalkReaches) {
  constexpr NodeNumber kNodes = 400;
  std::mt19937 random(11);
  const auto any = [&] { return static_cast<NodeNumber>(random() % kNodes); };
  Graph graph(index_.sources());
  const NodeSource& assets = *index_.sources().NodesOf("assets");
  for (NodeNumber n = 0; n < kNodes; ++n) {
    Uuid id;
    id.bytes = {1, static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)};
    ASSERT_EQ(graph.Touch(assets, id, ""), n);
    graph.SetNode(n, n % 3 == 0 ? "VIEW" : "TABLE", "");
  }
  const EdgeSource& edges_of = index_.sources().edges().front();
  const std::uint32_t kinds[] = {graph.InternEdgeClass(edges_of, "DEPENDS_ON", ""),
                                 graph.InternEdgeClass(edges_of, "RELATED_TO", "")};
  std::vector<WholeEdge> edges, all;
  const auto draw = [&](std::vector<WholeEdge>& into) {
    const WholeEdge edge{any(), any(), kinds[random() % 2]};
    for (const WholeEdge& known : all) {
      if (known == edge) return;
    }
    all.push_back(edge);
    into.push_back(edge);
  };
  while (edges.size() < 600) draw(edges);
  graph.LoadEdges(edges);
  std::vector<WholeEdge> later;
  while (later.size() < 100) draw(later);
  for (const WholeEdge& edge : later) graph.AddEdge(edge);
  for (NodeNumber n = 1; n < kNodes; n += 7) graph.KillNode(n);

  for (int round = 0; round < 200; ++round) {
    const NodeNumber start = any();
    WalkFilter filter;
    filter.direction = std::array{Direction::kOut, Direction::kIn, Direction::kBoth}[random() % 3];
    if (round % 2 == 1) filter.kinds = {"DEPENDS_ON"};
    if (round % 5 == 1) filter.node_types = {"TABLE"};
    if (round % 5 == 2) filter.show = {"VIEW"};
    WalkLimits limits{.depth_max = 1 + static_cast<std::uint32_t>(round % 6)};
    std::map<NodeNumber, std::uint32_t> depths = {{start, 0}};
    for (std::uint32_t depth = 0; depth < limits.depth_max; ++depth) {
      for (const WholeEdge& edge : all) {
        if (round % 2 == 1 && edge.edge_class != kinds[0]) continue;
        for (const bool along : {true, false}) {
          if (filter.direction == (along ? Direction::kIn : Direction::kOut)) continue;
          const NodeNumber from = along ? edge.from : edge.to, to = along ? edge.to : edge.from;
          const auto here = depths.find(from);
          if (here == depths.end() || here->second != depth || !graph.IsLive(to)) continue;
          if (round % 5 == 1 && to % 3 == 0) continue;
          depths.try_emplace(to, depth + 1);
        }
      }
    }
    std::map<NodeNumber, std::uint32_t> shown;
    std::vector<std::size_t> counts;
    for (const auto& [node, depth] : depths) {
      if (depth > counts.size()) counts.resize(depth);
      const bool hidden = round % 5 == 2 && node % 3 != 0;
      if (depth > 0 && !hidden) ++counts[depth - 1];
      if (depth == 0 || !hidden) shown.emplace(node, depth);
    }
    std::map<NodeNumber, std::uint32_t> reached;
    for (const WalkNode& node : Reach(graph, {start}, filter, limits).nodes) {
      reached.emplace(node.node, node.depth);
    }
    EXPECT_EQ(reached, shown) << round;
    const Impact impact = CountReach(graph, start, filter, limits);
    std::vector<std::size_t> counted;
    for (const auto& by_class : impact.depths) {
      counted.push_back(0);
      for (const auto& [node_class, count] : by_class) counted.back() += count;
    }
    EXPECT_EQ(counted, counts) << round;
  }
}

TEST_F(GraphIndexTest, CirclesAreToldAndEndAWalk) {
  const std::string a = Asset("a"), b = Asset("b"), c = Asset("c");
  Join(a, b);
  Join(b, c);
  Join(c, a);
  Join(Asset("d"), a);
  Read([&](const Graph& graph) {
    const Cycles cycles = FindCycles(graph, kNoNode, 10, {}, {});
    ASSERT_EQ(cycles.total, 1u);
    EXPECT_EQ(cycles.cycles[0].size, 3u);
    EXPECT_EQ(cycles.cycles[0].example.nodes.size(), 4u);
    EXPECT_EQ(Reach(graph, {Node(graph, "a")}, {}, {}).nodes.size(), 4u);
    EXPECT_EQ(FindCycles(graph, Node(graph, "d"), 10, {}, {}).total, 0u);
  });
}

TEST_F(GraphIndexTest, ExportsEscapeWhatPeopleTyped) {
  const std::string a = Asset("=1+\"<&>\\\n"), b = Asset("b");
  Join(b, a);
  Read([&](const Graph& graph) {
    const Subgraph part = Reach(graph, {Node(graph, "assets:" + a)}, {}, {});
    EXPECT_THAT(ExportSubgraph(graph, part, GraphFormat::kGraphMl),
                HasSubstr(">=1+&quot;&lt;&amp;&gt;\\\n</data>"));
    EXPECT_THAT(ExportSubgraph(graph, part, GraphFormat::kDot), HasSubstr(R"("=1+\"<&>\\ ")"));
    EXPECT_THAT(ExportSubgraph(graph, part, GraphFormat::kMermaid),
                HasSubstr("[\"#61;1+#34;#60;#38;#62;#92; \"]"));
    EXPECT_THAT(ExportSubgraph(graph, part, GraphFormat::kCsv), HasSubstr(R"("'=1+""<&>\)"));
    EXPECT_TRUE(ParseJson(ExportSubgraph(graph, part, GraphFormat::kJson)));
  });
}

}  // namespace
}  // namespace tenon
