// Lineage graphs: jobs and datasets, and columns.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "services/openlineage/marquez_rows.h"
#include "services/openlineage/names.h"

namespace tenon::openlineage {
namespace {

using EdgeSet = std::set<std::pair<std::string, std::string>>;

json::array EdgesOf(const EdgeSet& edges, const std::string& node, bool in) {
  json::array list;
  for (const auto& [origin, destination] : edges) {
    if ((in ? destination : origin) != node) continue;
    list.push_back(json::object{{"origin", origin}, {"destination", destination}});
  }
  return list;
}

// The ends of a node's edges by node, so that a graph of many edges is not read once a node.
struct Ends {
  std::map<std::string, EdgeSet> in, out;
  void Add(const std::string& origin, const std::string& destination) {
    out[origin].emplace(origin, destination);
    in[destination].emplace(origin, destination);
  }
};

struct Field {
  Name dataset;
  std::string column;
  auto operator<=>(const Field&) const = default;
  [[nodiscard]] std::string NodeId() const {
    return "datasetField:" + dataset.space + ":" + dataset.name + ":" + column;
  }
};

struct Feed {
  Field from, to;
  std::string type;
};

}  // namespace

struct MarquezWalk {
  using Snapshot = Marquez::Snapshot;

  // All edges of a node as (other, outgoing in the direction that data flows).
  static Result<std::vector<std::pair<NodeRow, bool>>> Around(Snapshot& snapshot,
                                                              const NodeRow& node) {
    std::vector<std::pair<NodeRow, bool>> around;
    const auto take = [&](Result<std::vector<NodeRow>> ends, bool downstream) -> Result<void> {
      for (NodeRow& end : TRY(std::move(ends))) around.emplace_back(std::move(end), downstream);
      return {};
    };
    if (node.is_job) {
      TRY(take(snapshot.Ends(node, kUses, true), false));
      TRY(take(snapshot.Ends(node, kProduces, true), true));
    } else {
      TRY(take(snapshot.Ends(node, kUses, false), true));
      TRY(take(snapshot.Ends(node, kProduces, false), false));
    }
    return around;
  }

  static Result<json::object> Graph(Snapshot& snapshot, const NodeRow& start, int depth) {
    std::map<std::string, NodeRow> nodes;
    std::deque<std::pair<std::string, int>> next;
    Ends ends;
    nodes.emplace(start.NodeId(), start);
    next.emplace_back(start.NodeId(), 0);
    while (!next.empty()) {
      const auto [id, distance] = std::move(next.front());
      next.pop_front();
      const NodeRow node = nodes.at(id);
      for (auto& [other, downstream] : TRY(Around(snapshot, node))) {
        const std::string other_id = other.NodeId();
        if (!nodes.contains(other_id)) {
          if (distance >= depth || nodes.size() >= kMarquezNodesMax) continue;
          next.emplace_back(other_id, distance + 1);
          nodes.emplace(other_id, std::move(other));
        }
        ends.Add(downstream ? id : other_id, downstream ? other_id : id);
      }
    }
    json::array graph;
    for (const auto& [id, node] : nodes) {
      graph.push_back(json::object{
          {"id", id},
          {"type", node.is_job ? "JOB" : "DATASET"},
          {"data", node.is_job ? TRY(snapshot.JobOf(node)) : TRY(snapshot.DatasetOf(node))},
          {"inEdges", EdgesOf(ends.in[id], id, true)},
          {"outEdges", EdgesOf(ends.out[id], id, false)}});
    }
    return json::object{{"graph", std::move(graph)}};
  }

  // What feeds a dataset's columns, or is fed by them.
  static Result<std::vector<Feed>> Feeds(Snapshot& snapshot, const NodeRow& dataset, bool in) {
    const std::vector<Value> parameters = {Value(snapshot.caller.tenant),
                                           Value(Uuid::Parse(dataset.id).value_or(Uuid{})),
                                           Value(kFeeds)};
    std::vector<std::pair<std::string, std::string>> edges;  // other asset, metadata
    TRY(snapshot.reader.Query(
        fmt::format("SELECT {}, metadata FROM relationships WHERE tenant_id = $1 AND {} = $2 AND "
                    "type = $3 ORDER BY 1 LIMIT {}",
                    in ? "source_asset_id" : "target_asset_id",
                    in ? "target_asset_id" : "source_asset_id", kMarquezNodesMax),
        parameters, [&](const Row& row) -> Result<bool> {
          edges.emplace_back(row.Text(0), row.Text(1));
          return true;
        }));
    std::vector<Feed> feeds;
    for (const auto& [id, text] : edges) {
      const auto other = TRY(snapshot.Nodes("id = $2", {Value(Uuid::Parse(id).value_or(Uuid{}))}));
      if (other.empty()) continue;
      const json::value metadata = TRY(ParseJson(text));
      const json::value* columns =
          metadata.is_object() ? metadata.get_object().if_contains("columns") : nullptr;
      if (columns == nullptr || !columns->is_array()) continue;
      const Name& source = in ? other[0].name : dataset.name;
      const Name& target = in ? dataset.name : other[0].name;
      for (const json::value& item : columns->get_array()) {
        if (!item.is_object()) continue;
        const auto member = [&](std::string_view name) {
          const json::value* value = item.get_object().if_contains(name);
          return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
        };
        if (member("source") == "*" || member("target") == "*") continue;
        feeds.push_back(
            {{source, member("source")},
             {target, member("target")},
             member("transformation").empty() ? member("type") : member("transformation")});
      }
    }
    return feeds;
  }

  static Result<json::object> Columns(Snapshot& snapshot, const NodeRow& dataset,
                                      const std::string& column, int depth, bool downstream) {
    std::map<Field, std::vector<Feed>> inputs;
    std::set<Field> fields;
    Ends ends;
    for (const bool in : {true, false}) {
      if (!in && !downstream) break;
      // What was reached of each dataset by so many steps; empty: all its columns.
      std::deque<std::pair<Field, int>> next = {{{dataset.name, column}, 0}};
      std::set<Field> seen;
      std::map<Name, std::vector<Feed>> known;
      while (!next.empty() && fields.size() < kMarquezNodesMax) {
        const auto [field, distance] = std::move(next.front());
        next.pop_front();
        if (distance >= depth || !seen.insert(field).second) continue;
        if (!known.contains(field.dataset)) {
          const auto node = snapshot.Node(field.dataset, false);
          if (!node) continue;
          known[field.dataset] = TRY(Feeds(snapshot, *node, in));
        }
        for (const Feed& feed : known[field.dataset]) {
          const Field& here = in ? feed.to : feed.from;
          const Field& there = in ? feed.from : feed.to;
          if (!field.column.empty() && here.column != field.column) continue;
          fields.insert({here, there});
          inputs[feed.to].push_back(feed);
          ends.Add(feed.from.NodeId(), feed.to.NodeId());
          next.emplace_back(there, distance + 1);
        }
      }
    }
    return Render(snapshot, fields, inputs, ends);
  }

  static Result<json::object> Render(Snapshot& snapshot, const std::set<Field>& fields,
                                     std::map<Field, std::vector<Feed>>& inputs, Ends& ends) {
    std::map<Name, json::array> types;
    json::array graph;
    for (const Field& field : fields) {
      if (!types.contains(field.dataset)) {
        const auto node = snapshot.Node(field.dataset, false);
        types[field.dataset] = node ? TRY(snapshot.FieldsOf(*node)) : json::array();
      }
      json::value type;
      for (const json::value& known : types[field.dataset]) {
        if (known.at("name").as_string() == field.column) type = known.at("type");
      }
      json::array feeds;
      std::set<Field> listed;
      for (const Feed& feed : inputs[field]) {
        if (!listed.insert(feed.from).second) continue;
        feeds.push_back(json::object{{"namespace", feed.from.dataset.space},
                                     {"dataset", feed.from.dataset.name},
                                     {"datasetVersion", nullptr},
                                     {"field", feed.from.column},
                                     {"transformationDescription", nullptr},
                                     {"transformationType", feed.type}});
      }
      const std::string id = field.NodeId();
      json::object data{{"namespace", field.dataset.space}, {"dataset", field.dataset.name},
                        {"datasetVersion", nullptr},        {"field", field.column},
                        {"fieldType", std::move(type)},     {"transformationDescription", nullptr},
                        {"transformationType", nullptr},    {"inputFields", std::move(feeds)}};
      graph.push_back(json::object{{"id", id},
                                   {"type", "DATASET_FIELD"},
                                   {"data", std::move(data)},
                                   {"inEdges", EdgesOf(ends.in[id], id, true)},
                                   {"outEdges", EdgesOf(ends.out[id], id, false)}});
    }
    return json::object{{"graph", std::move(graph)}};
  }
};

Result<json::object> Marquez::Lineage(const Caller& caller, const std::string& node, int depth) {
  return Read(caller, [&](Snapshot& snapshot) -> Result<json::object> {
    return MarquezWalk::Graph(snapshot, TRY(snapshot.NodeById(node)), depth);
  });
}

Result<json::object> Marquez::ColumnLineage(const Caller& caller, const std::string& node,
                                            int depth, bool downstream) {
  return Read(caller, [&](Snapshot& snapshot) -> Result<json::object> {
    constexpr std::string_view kFieldPrefix = "datasetField:";
    if (!node.starts_with(kFieldPrefix)) {
      const NodeRow start = TRY(snapshot.NodeById(node));
      if (!start.is_job) return MarquezWalk::Columns(snapshot, start, "", depth, downstream);
      // Of a job: the columns of what it writes.
      json::array graph;
      std::set<std::string> seen;
      for (const NodeRow& output : TRY(snapshot.Ends(start, kProduces, true))) {
        json::object part = TRY(MarquezWalk::Columns(snapshot, output, "", depth, downstream));
        for (json::value& field : part.at("graph").as_array()) {
          if (seen.insert(std::string(field.at("id").as_string())).second) {
            graph.push_back(std::move(field));
          }
        }
      }
      return json::object{{"graph", std::move(graph)}};
    }
    // The column may hold colons too, but rarely does: the last one ends the dataset.
    const std::size_t last = node.rfind(':');
    const NodeRow dataset = TRY(snapshot.NodeById(
        "dataset:" + node.substr(kFieldPrefix.size(), last - kFieldPrefix.size())));
    return MarquezWalk::Columns(snapshot, dataset, node.substr(last + 1), depth, downstream);
  });
}

}  // namespace tenon::openlineage
