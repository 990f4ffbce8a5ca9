// Graphs inside a JSON document: a canvas of nodes and edges.
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "record/functions.h"

namespace tenon {
namespace {

const json::array* Member(const json::value& graph, std::string_view name) {
  const json::object* object = graph.if_object();
  if (object == nullptr) return nullptr;
  const json::value* member = object->if_contains(name);
  return member == nullptr ? nullptr : member->if_array();
}

std::string_view TextMember(const json::value& item, std::string_view name) {
  const json::object* object = item.if_object();
  if (object == nullptr) return {};
  const json::value* member = object->if_contains(name);
  if (member == nullptr || !member->is_string()) return {};
  return {member->get_string().data(), member->get_string().size()};
}

}  // namespace

// Kahn's algorithm: take nodes that nothing points to; what is left over lies on a cycle. No
// recursion, so the size of the document is the only bound that is needed.
bool IsAcyclic(const json::value& graph) {
  const json::array* edges = Member(graph, "edges");
  if (edges == nullptr) return true;
  std::unordered_map<std::string_view, std::vector<std::string_view>> next;
  std::unordered_map<std::string_view, std::size_t> incoming;
  for (const json::value& edge : *edges) {
    const std::string_view from = TextMember(edge, "source");
    const std::string_view to = TextMember(edge, "target");
    next[from].push_back(to);
    incoming.try_emplace(from, 0);
    ++incoming[to];
  }
  std::vector<std::string_view> ready;
  for (const auto& [node, count] : incoming) {
    if (count == 0) ready.push_back(node);
  }
  std::size_t taken = 0;
  while (!ready.empty()) {
    const std::string_view node = ready.back();
    ready.pop_back();
    ++taken;
    for (const std::string_view to : next[node]) {
      if (--incoming[to] == 0) ready.push_back(to);
    }
  }
  return taken == incoming.size();
}

bool EdgesJoinNodes(const json::value& graph) {
  const json::array* edges = Member(graph, "edges");
  if (edges == nullptr) return true;
  std::unordered_map<std::string_view, bool> nodes;
  if (const json::array* listed = Member(graph, "nodes")) {
    for (const json::value& node : *listed) nodes[TextMember(node, "id")] = true;
  }
  for (const json::value& edge : *edges) {
    if (!nodes.contains(TextMember(edge, "source")) ||
        !nodes.contains(TextMember(edge, "target"))) {
      return false;
    }
  }
  return true;
}

}  // namespace tenon
