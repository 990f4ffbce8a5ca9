#include "cli/graph_tree.h"

#include <boost/json/array.hpp>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "cli/rows.h"
#include "cli/table.h"

namespace tenon::cli {
namespace {

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value == nullptr || value->is_null() ? "" : Cell(*value);
}

const json::array& ListOf(const json::object& object, std::string_view name) {
  static const json::array kNone;
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

class Tree {
 public:
  Tree(const json::object& answer, const Style& style) : style_(style) {
    for (const json::value& item : ListOf(answer, "nodes")) {
      if (!item.is_object()) continue;
      const json::object& node = item.get_object();
      const json::value* depth = node.if_contains("depth");
      const std::int64_t at = depth != nullptr && depth->is_int64() ? depth->get_int64() : 0;
      const std::string id = TextOf(node, "id");
      nodes_.emplace(id, std::pair(&node, at));
      order_.push_back(id);
    }
    for (const json::value& item : ListOf(answer, "edges")) {
      if (!item.is_object()) continue;
      const std::string from = TextOf(item.get_object(), "from");
      const std::string to = TextOf(item.get_object(), "to");
      Join(from, to);
      Join(to, from);
    }
  }

  std::string Render() {
    std::string out;
    for (const std::string& id : order_) {
      // The starts, and what was reached over nodes that are not shown.
      if (children_of_.contains(id)) continue;
      out += Line(id) + "\n";
      Below(id, out);
    }
    return out;
  }

 private:
  // The first edge to a node of the next depth is the one that it was reached by.
  void Join(const std::string& parent, const std::string& child) {
    const auto above = nodes_.find(parent), below = nodes_.find(child);
    if (above == nodes_.end() || below == nodes_.end()) return;
    if (below->second.second != above->second.second + 1) return;
    if (children_of_.insert(child).second) children_[parent].push_back(child);
  }

  std::string Line(const std::string& id) const {
    const json::object& node = *nodes_.at(id).first;
    return NodeTitle(node) + "  " + style_.Dim(Printable(TextOf(node, "type")));
  }

  // Without recursion: a chain may be as deep as the graph has nodes.
  void Below(const std::string& root, std::string& out) {
    struct Open {
      const std::vector<std::string>* children;
      std::size_t next;
    };
    std::vector<Open> open;
    const auto enter = [&](const std::string& id) {
      const auto found = children_.find(id);
      if (found != children_.end()) open.push_back({&found->second, 0});
    };
    enter(root);
    std::string indent;
    constexpr std::size_t kIndentMax = 60;  // levels; deeper ones stand no further in
    while (!open.empty()) {
      Open& here = open.back();
      if (here.next == here.children->size()) {
        open.pop_back();
        continue;
      }
      const std::string& id = (*here.children)[here.next++];
      indent.clear();
      for (std::size_t i = 0; i + 1 < open.size() && i < kIndentMax; ++i) {
        indent += open[i].next == open[i].children->size() ? "   " : "│  ";
      }
      const bool last = here.next == here.children->size();
      out += style_.Dim(indent + (last ? "└─ " : "├─ ")) + Line(id) + "\n";
      enter(id);
    }
  }

  const Style style_;
  std::map<std::string, std::pair<const json::object*, std::int64_t>> nodes_;
  std::vector<std::string> order_;
  std::map<std::string, std::vector<std::string>> children_;
  std::set<std::string> children_of_;  // those that have a parent
};

}  // namespace

std::string NodeTitle(const json::object& node) {
  const std::string label = TextOf(node, "label");
  return Printable(label.empty() ? TextOf(node, "id") : label);
}

std::string RenderTree(const json::object& answer, const Style& style) {
  return Tree(answer, style).Render();
}

}  // namespace tenon::cli
