#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <iostream>
#include <map>
#include <optional>

#include "cli/commands.h"
#include "cli/graph_tree.h"
#include "cli/progress.h"
#include "cli/rows.h"

namespace tenon::cli {
namespace {

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr || value->is_null() ? "" : Cell(*value);
}

std::int64_t NumberOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

const json::array& ListOf(const json::object& object, std::string_view name) {
  static const json::array kNone;
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

// "libssl3", or an entity and a name: "assets libssl3".
Result<std::string> NodeName(Session& session, const std::vector<std::string>& words) {
  if (words.size() == 1) return words[0];
  if (words.size() != 2) {
    return Fail(Code::kInvalidArgument, "one node is a name, or an entity and a name");
  }
  const EntityInfo* entity = TRY(session.Entity(words[0]));
  return entity->table + ":" + words[1];
}

void AddWalkOptions(const Arguments& arguments, Target& target) {
  for (const char* name : {"direction", "depth", "types", "states", "show", "limit"}) {
    target.AddIf(name, arguments.Get(name));
  }
  target.AddIf("node_types", arguments.Get("over"));
  target.AddIf("format", arguments.Get("as"));
  if (arguments.Has("consistent")) target.Add("consistent", "true");
}

// Another format goes out as it comes; nullopt then.
Result<std::optional<json::object>> Ask(Session& session, const Arguments& arguments,
                                        Target target) {
  AddWalkOptions(arguments, target);
  Api* api = TRY(session.api());
  if (const std::string as = arguments.Get("as"); !as.empty() && as != "json") {
    TRY(api->Stream(target, {}, [&](std::string_view piece) {
      session.out().write(piece.data(), static_cast<std::streamsize>(piece.size()));
      return static_cast<bool>(session.out());
    }));
    return std::optional<json::object>{};
  }
  json::value answer = TRY(api->Call("GET", target));
  if (!answer.is_object()) return Fail(Code::kInternal, "the server's answer is not an object");
  for (const json::value& note : ListOf(answer.get_object(), "notes")) session.Note(Cell(note));
  return std::optional<json::object>(std::move(answer.get_object()));
}

bool WantsJson(const Session& session) { return session.format() != Format::kTable; }

// What was cut off, and how to see it.
void NotePartial(Session& session, const json::object& answer) {
  const std::string reason = TextOf(answer, "reason");
  if (reason == "deadline") {
    session.Note("the walk took too long; this is what it found: --depth N or --types narrow it");
  } else if (!reason.empty()) {
    session.Note("there are more, these are the nearest: --limit N, or tenon graph impact counts");
  }
}

// --- walks ---------------------------------------------------------------------------------------

void PrintFlat(Session& session, const json::object& answer) {
  json::array rows;
  for (const json::value& item : ListOf(answer, "nodes")) {
    if (!item.is_object()) continue;
    const json::object& node = item.get_object();
    rows.push_back(json::object{{"depth", NumberOf(node, "depth")},
                                {"label", NodeTitle(node)},
                                {"type", TextOf(node, "type")},
                                {"id", TextOf(node, "id")}});
  }
  RowPrinter printer(session, nullptr, {"depth", "label", "type", "id"});
  printer.Page(rows);
  printer.End();
}

Result<int> Walk(Session& session, const Arguments& arguments, std::string_view endpoint) {
  const std::string node = TRY(NodeName(session, arguments.All("NODE")));
  const auto answer =
      TRY(Ask(session, arguments, Target("/v1/graph").Segment(endpoint).Add("node", node)));
  if (!answer) return 0;
  if (WantsJson(session)) {
    PrintValue(session, *answer);
    return 0;
  }
  if (arguments.Has("flat")) {
    PrintFlat(session, *answer);
  } else {
    session.out() << RenderTree(*answer, session.out_style());
  }
  NotePartial(session, *answer);
  return 0;
}

// The other walks begin at one node; this one is of several, so there is no tree.
Result<int> RunSubgraph(Session& session, const Arguments& arguments) {
  std::string nodes;
  for (const std::string& name : arguments.All("NODE")) nodes += (nodes.empty() ? "" : ",") + name;
  const auto answer =
      TRY(Ask(session, arguments, Target("/v1/graph").Segment("subgraph").Add("nodes", nodes)));
  if (!answer) return 0;
  if (WantsJson(session)) {
    PrintValue(session, *answer);
    return 0;
  }
  PrintFlat(session, *answer);
  NotePartial(session, *answer);
  return 0;
}

Result<int> RunNeighbours(Session& session, const Arguments& arguments) {
  return Walk(session, arguments, "neighbours");
}
Result<int> RunUpstream(Session& session, const Arguments& arguments) {
  return Walk(session, arguments, "upstream");
}
Result<int> RunDownstream(Session& session, const Arguments& arguments) {
  return Walk(session, arguments, "downstream");
}

// --- impact --------------------------------------------------------------------------------------

std::string TypesOf(const json::object& counts) {
  std::string text;
  for (const json::value& item : ListOf(counts, "types")) {
    if (!item.is_object()) continue;
    const json::object& type = item.get_object();
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", Grouped(NumberOf(type, "count")),
                        TextOf(type, "type"));
  }
  return text;
}

Result<int> RunImpact(Session& session, const Arguments& arguments) {
  const std::string node = TRY(NodeName(session, arguments.All("NODE")));
  const auto answer = TRY(Ask(session, arguments, Target("/v1/graph/impact").Add("node", node)));
  if (!answer) return 0;
  if (WantsJson(session)) {
    PrintValue(session, *answer);
    return 0;
  }
  const json::value* start = answer->if_contains("start");
  const std::string title =
      start != nullptr && start->is_object() ? NodeTitle(start->get_object()) : node;
  session.out() << fmt::format(
      "{} of {}: {}{}\n", TextOf(*answer, "direction"), title, Grouped(NumberOf(*answer, "total")),
      NumberOf(*answer, "total") == 0 ? "" : " (" + TypesOf(*answer) + ")");
  json::array rows;
  for (const json::value& item : ListOf(*answer, "depths")) {
    if (!item.is_object()) continue;
    rows.push_back(json::object{{"depth", NumberOf(item.get_object(), "depth")},
                                {"count", NumberOf(item.get_object(), "count")},
                                {"types", TypesOf(item.get_object())}});
  }
  if (!rows.empty()) {
    RowPrinter printer(session, nullptr, {"depth", "count", "types"});
    printer.Page(rows);
    printer.End();
  }
  NotePartial(session, *answer);
  return 0;
}

// --- paths and cycles ----------------------------------------------------------------------------

// "curl -DEPENDS_ON-> libcurl4 <-PRODUCES- job"
std::string PathLine(const json::object& path, const Style& style) {
  const json::array& nodes = ListOf(path, "nodes");
  const json::array& edges = ListOf(path, "edges");
  std::string line;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!nodes[i].is_object()) continue;
    if (i > 0 && i - 1 < edges.size() && edges[i - 1].is_object()) {
      const json::object& edge = edges[i - 1].get_object();
      const bool along = TextOf(edge, "to") == TextOf(nodes[i].get_object(), "id");
      const std::string kind = TextOf(edge, "type");
      line += " " + style.Dim(along ? "-" + kind + "->" : "<-" + kind + "-") + " ";
    }
    line += NodeTitle(nodes[i].get_object());
  }
  return line;
}

Result<int> RunPaths(Session& session, const Arguments& arguments) {
  Target target("/v1/graph/paths");
  target.Add("from", arguments.Get("FROM")).Add("to", arguments.Get("TO"));
  target.AddIf("count", arguments.Get("count"));
  const auto answer = TRY(Ask(session, arguments, std::move(target)));
  if (!answer) return 0;
  if (WantsJson(session)) {
    PrintValue(session, *answer);
    return 0;
  }
  for (const json::value& path : ListOf(*answer, "paths")) {
    if (path.is_object()) {
      session.out() << PathLine(path.get_object(), session.out_style()) << "\n";
    }
  }
  if (ListOf(*answer, "paths").empty()) session.Note("no way leads from one to the other");
  NotePartial(session, *answer);
  return 0;
}

Result<int> RunCycles(Session& session, const Arguments& arguments) {
  Target target("/v1/graph/cycles");
  if (arguments.Has("NODE")) target.Add("node", TRY(NodeName(session, arguments.All("NODE"))));
  target.AddIf("count", arguments.Get("count"));
  const auto answer = TRY(Ask(session, arguments, std::move(target)));
  if (!answer) return 0;
  if (WantsJson(session)) {
    PrintValue(session, *answer);
    return 0;
  }
  for (const json::value& item : ListOf(*answer, "cycles")) {
    if (!item.is_object()) continue;
    const json::value* example = item.get_object().if_contains("example");
    session.out() << fmt::format("{} nodes: ", Grouped(NumberOf(item.get_object(), "size")));
    if (example != nullptr && example->is_object()) {
      session.out() << PathLine(example->get_object(), session.out_style());
    }
    session.out() << "\n";
  }
  if (NumberOf(*answer, "total") == 0) session.Note("nothing goes in circles");
  NotePartial(session, *answer);
  return 0;
}

// --- columns -------------------------------------------------------------------------------------

Result<int> RunColumns(Session& session, const Arguments& arguments) {
  std::vector<std::string> words = arguments.All("NODE");
  Target target("/v1/graph/columns");
  target.Add("node", TRY(NodeName(session, words)));
  target.AddIf("column", arguments.Get("column"));
  const auto answer = TRY(Ask(session, arguments, std::move(target)));
  if (!answer) return 0;
  if (WantsJson(session)) {
    PrintValue(session, *answer);
    return 0;
  }
  std::map<std::string, std::string> labels;
  for (const json::value& item : ListOf(*answer, "nodes")) {
    if (!item.is_object()) continue;
    labels[TextOf(item.get_object(), "id")] = NodeTitle(item.get_object());
  }
  json::array rows;
  for (const json::value& item : ListOf(*answer, "edges")) {
    if (!item.is_object()) continue;
    const json::object& edge = item.get_object();
    rows.push_back(
        json::object{{"column", labels[TextOf(edge, "from")] + "." + TextOf(edge, "from_column")},
                     {"edge", TextOf(edge, "edge_type")},
                     {"with", labels[TextOf(edge, "to")] + "." + TextOf(edge, "to_column")},
                     {"type", TextOf(edge, "type")},
                     {"transformation", TextOf(edge, "transformation")}});
  }
  RowPrinter printer(session, nullptr, {"column", "edge", "with", "type", "transformation"});
  printer.Page(rows);
  printer.End();
  if (rows.empty()) session.Note("no edge tells of columns here");
  NotePartial(session, *answer);
  return 0;
}

// --- what they take ------------------------------------------------------------------------------

Option Types() { return {"types", "NAMES", "only edges of these types, with commas"}; }
Option Depth() { return {"depth", "STEPS", "steps at most, or all"}; }
Option Limit() { return {"limit", "N", "nodes at most (default 1000)"}; }
Option States() {
  return {"states", "NAMES", "edges in these states; else all but pending and superseded"};
}
Option Over() { return {"over", "TYPES", "walk only over nodes of these types or tables"}; }
Option Show() { return {"show", "TYPES", "show only nodes of these types or tables"}; }
Option Way() {
  return {"direction", "WAY", "upstream, downstream, or in, out: along the arrows' own direction",
          "",          false, {"upstream", "downstream", "in", "out", "both"}};
}
Option As() {
  return {"as", "FORMAT", "write the graph in this format",
          "",   false,    {"json", "graphml", "dot", "mermaid", "csv", "csv-nodes"}};
}
Option Consistent() { return {"consistent", "", "wait until every earlier write is in the graph"}; }
Option Flat() { return {"flat", "", "a table with ids instead of a tree"}; }
Positional Node(bool required) {
  return {"NODE", "a name or an id; or an entity and a name", required, true, Completes::kEntity};
}

Command WalkCommand(std::string name, std::string summary, std::vector<std::string> examples,
                    Result<int> (*run)(Session&, const Arguments&)) {
  return {
      .name = "graph " + std::move(name),
      .group = "Graph",
      .summary = std::move(summary),
      .details = "",
      .examples = std::move(examples),
      .positionals = {Node(true)},
      .options = {Depth(), Types(), States(), Over(), Show(), Limit(), As(), Flat(), Consistent()},
      .run = run};
}

}  // namespace

Command GraphNeighboursCommand() {
  Command command = WalkCommand("neighbours", "Show what is joined to a node",
                                {"tenon graph neighbours assets libssl3",
                                 "tenon graph neighbours users ada@example.com --types OWNS"},
                                RunNeighbours);
  command.options.insert(command.options.begin(), Way());
  return command;
}

Command GraphUpstreamCommand() {
  return WalkCommand("upstream", "Show what a node depends on or was made from",
                     {"tenon graph upstream assets libssl3",
                      "tenon graph upstream shop.orders --depth 2 --as mermaid"},
                     RunUpstream);
}

Command GraphDownstreamCommand() {
  return WalkCommand("downstream", "Show what depends on a node or is made from it",
                     {"tenon graph downstream assets libssl3",
                      "tenon graph downstream libssl3 --flat --limit 10000",
                      "tenon graph downstream libssl3 --as dot | dot -Tsvg > libssl3.svg"},
                     RunDownstream);
}

Command GraphImpactCommand() {
  return {.name = "graph impact",
          .group = "Graph",
          .summary = "Count what depends on a node, by depth and type",
          .details = "",
          .examples = {"tenon graph impact assets libssl3",
                       "tenon graph impact shop.orders --direction upstream"},
          .positionals = {Node(true)},
          .options = {Way(), Depth(), Types(), States(), Over(), Show(), Consistent()},
          .run = RunImpact};
}

Command GraphPathsCommand() {
  return {.name = "graph paths",
          .group = "Graph",
          .summary = "Show the shortest ways from one node to another",
          .details = "",
          .examples = {"tenon graph paths curl libc6",
                       "tenon graph paths assets:curl assets:libc6 --count 20"},
          .positionals = {{"FROM", "a node: a name, an id, or ENTITY:NAME"}, {"TO", "another one"}},
          .options = {{"count", "N", "ways at most (default 5)"},
                      Way(),
                      Depth(),
                      Types(),
                      States(),
                      Over(),
                      As(),
                      Consistent()},
          .run = RunPaths};
}

Command GraphCyclesCommand() {
  return {.name = "graph cycles",
          .group = "Graph",
          .summary = "Show what depends on itself: groups that go in circles",
          .details = "",
          .examples = {"tenon graph cycles", "tenon graph cycles assets libc6"},
          .positionals = {Node(false)},
          .options = {{"count", "N", "groups at most (default 20)"},
                      Types(),
                      States(),
                      Over(),
                      As(),
                      Consistent()},
          .run = RunCycles};
}

Command GraphSubgraphCommand() {
  return {
      .name = "graph subgraph",
      .group = "Graph",
      .summary = "Show several nodes and what is around them, as one graph",
      .details = "",
      .examples = {"tenon graph subgraph libssl3 zlib1g",
                   "tenon graph subgraph assets:libssl3 assets:zlib1g --as dot | dot -Tsvg > "
                   "both.svg"},
      .positionals = {{"NODE", "a name, an id, or ENTITY:NAME; several", true, true}},
      .options = {Way(), Depth(), Types(), States(), Over(), Show(), Limit(), As(), Consistent()},
      .run = RunSubgraph};
}

Command GraphColumnsCommand() {
  return {.name = "graph columns",
          .group = "Graph",
          .summary = "Show which columns a table's columns are made from",
          .details = "",
          .examples = {"tenon graph columns shop.daily_revenue --column total",
                       "tenon graph columns shop.orders --direction downstream"},
          .positionals = {Node(true)},
          .options = {{"column", "NAME", "only this column"},
                      Way(),
                      Depth(),
                      Types(),
                      States(),
                      Limit(),
                      Consistent()},
          .run = RunColumns};
}

}  // namespace tenon::cli
