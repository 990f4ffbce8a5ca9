#include "graph/find.h"

#include <fmt/format.h>

#include <utility>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "graph/export.h"
#include "record/sql.h"

namespace tenon {
namespace {

constexpr std::size_t kCandidatesMax = 10;
constexpr std::size_t kNameBytesMax = 2000;

bool HasIdForm(const NodeSource& source, std::string_view text) {
  switch (source.key->type.kind) {
    case model::TypeKind::kUuid:
      return Uuid::Parse(text).has_value();
    case model::TypeKind::kUlid:
      return Ulid::Parse(text).has_value();
    default:
      return true;  // a key of the team's own may look like anything
  }
}

// Rows of the entity that the text names by a unique field.
Result<void> FindByName(Store& store, const Uuid& tenant, const NodeSource& source,
                        NodeQuery& query) {
  return store.Read(
      {.tenant = tenant, .deadline = limits::kReadDeadline}, [&](Reader& reader) -> Result<void> {
        for (const model::Field* field : source.unique_names) {
          SqlBuilder sql(reader.dialect());
          (sql << "SELECT t.").Name(source.key->name);
          (sql << " FROM ").Name(source.entity->table);
          (sql << " t WHERE t.").Name(source.entity->tenant->name);
          (sql << " = ").Bind(Value(tenant));
          (sql << " AND t.").Name(field->name);
          (sql << " = ").Bind(Value(query.rest));
          sql << " LIMIT 2";
          TRY(reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
            query.rows.push_back({&source, source.IdOf(row.Text(0))});
            return true;
          }));
        }
        return {};
      });
}

Error Ambiguous(const Graph& graph, const std::string& text,
                const std::vector<NodeNumber>& candidates) {
  Error error(Code::kConflict,
              fmt::format("{} {} are called {}; name one by its id",
                          candidates.size() > kCandidatesMax ? "more than 10"
                                                             : std::to_string(candidates.size()),
                          "nodes", Ellipsis(text, 80)));
  json::array list;
  for (const NodeNumber node : candidates) {
    if (list.size() == kCandidatesMax) break;
    std::string name;
    AppendNodeName(graph, node, name);
    const NodeClass& node_class = graph.node_class(graph.ClassOf(node));
    list.push_back(
        json::object{{"id", name}, {"type", node_class.type}, {"label", graph.Label(node)}});
  }
  error.details["candidates"] = std::move(list);
  return error;
}

}  // namespace

Result<NodeQuery> ReadNodeQuery(Store& store, const GraphSources& sources, const Uuid& tenant,
                                std::string_view text, const MayRead& may_read) {
  if (text.empty() || text.size() > kNameBytesMax) {
    return Fail(Code::kInvalidArgument,
                "node names one node: TABLE:ID, an id, a qualified name or a label");
  }
  NodeQuery query;
  query.text = text;
  query.rest = text;
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    query.table = sources.NodesOf(text.substr(0, colon));
    if (query.table != nullptr) query.rest = text.substr(colon + 1);
  }
  for (const NodeSource& source : sources.nodes()) {
    if (query.table != nullptr && query.table != &source) continue;
    if (!may_read(*source.entity)) continue;
    if (HasIdForm(source, query.rest)) {
      query.is_key = query.is_key || source.key_is_id;
      query.rows.push_back({&source, source.IdOf(query.rest)});
    }
  }
  if (query.is_key) return query;
  for (const NodeSource& source : sources.nodes()) {
    if (query.table != nullptr && query.table != &source) continue;
    if (may_read(*source.entity)) TRY(FindByName(store, tenant, source, query));
  }
  return query;
}

Result<NodeNumber> FindNode(const Graph& graph, const NodeQuery& query, const MayRead& may_read) {
  std::vector<NodeNumber> found;
  const auto add = [&](NodeNumber node) {
    if (node == kNoNode || !graph.IsLive(node)) return;
    for (const NodeNumber known : found) {
      if (known == node) return;
    }
    found.push_back(node);
  };
  for (const NodeQuery::Row& row : query.rows) add(graph.Find(*row.source, row.id));
  if (found.empty() && !query.is_key) {
    for (NodeNumber node = 0; node < graph.node_count(); ++node) {
      if (graph.Label(node) != query.rest || !graph.IsLive(node)) continue;
      const NodeSource* source = graph.node_class(graph.ClassOf(node)).source;
      if (query.table != nullptr && query.table != source) continue;
      if (may_read(*source->entity)) add(node);
      if (found.size() > kCandidatesMax) break;
    }
  }
  if (found.empty()) {
    return Fail(
        Code::kNotFound,
        fmt::format("no node is called {}; name it as TABLE:ID, by its qualified name or by "
                    "its whole label",
                    Ellipsis(query.text, 80)));
  }
  if (found.size() > 1) return Fail(Ambiguous(graph, query.rest, found));
  return found.front();
}

}  // namespace tenon
