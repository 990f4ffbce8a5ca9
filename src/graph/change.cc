#include "graph/change.h"

#include <optional>
#include <string>
#include <utility>

#include "base/json.h"
#include "events/follower.h"
#include "record/eval.h"

namespace tenon {
namespace {

const json::value* At(const json::object& state, const model::Field& field,
                      const std::vector<std::string>& path) {
  const json::value* value = state.if_contains(field.name);
  return value == nullptr ? nullptr : FindPath(*value, path);
}

std::string_view TextAt(const json::object& state, const model::Field& field,
                        const std::vector<std::string>& path = {}) {
  const json::value* value = At(state, field, path);
  return value != nullptr && value->is_string() ? std::string_view(value->as_string())
                                                : std::string_view{};
}

// A state of the log; an empty object when there is none.
Result<json::object> StateOf(const std::string& text) {
  if (text.empty()) return json::object{};
  json::value value = TRY(ParseJson(text));
  if (!value.is_object()) return Fail(Code::kInternal, "a state in the log is no object");
  return std::move(value.as_object());
}

bool IsSoftlyDeleted(const model::Entity& entity, const json::object& state) {
  if (!entity.soft_delete) return false;
  const json::value* mark = At(state, *entity.soft_delete->field, entity.soft_delete->json_path);
  return mark != nullptr && !mark->is_null();
}

// The text of a key as it stands in a state: a number key is no string there.
std::string KeyTextAt(const json::object& state, const model::Field& field) {
  const json::value* value = state.if_contains(field.name);
  if (value == nullptr || value->is_null()) return {};
  if (value->is_string()) return std::string(value->as_string());
  return CanonicalJson(*value);
}

Result<std::string> KindOf(const EdgeSource& source, const json::object& state,
                           const std::string& text) {
  if (!source.literal_kind.empty()) return source.literal_kind;
  if (source.kind_field != nullptr) return std::string(TextAt(state, *source.kind_field));
  const Record record = RecordOfState(*source.entity, text);
  EvalContext context;
  context.row = &record;
  const Value kind = TRY(Evaluate(*source.edge->kind, context));
  const auto* kind_text = kind.If<std::string>();
  return kind_text == nullptr ? std::string() : *kind_text;
}

// The edge that a row in this state is; nullopt when it is none.
Result<std::optional<WholeEdge>> EdgeOf(const EdgeSource& source, const json::object& state,
                                        const std::string& text, Graph& graph) {
  if (state.empty() || IsSoftlyDeleted(*source.entity, state)) return std::optional<WholeEdge>{};
  const std::string from = KeyTextAt(state, *source.edge->from);
  const std::string to = KeyTextAt(state, *source.edge->to);
  if (from.empty() || to.empty()) return std::optional<WholeEdge>{};
  std::string_view at;
  if (source.entity->lifecycle) {
    at = TextAt(state, *source.entity->lifecycle->field, source.entity->lifecycle->json_path);
  }
  WholeEdge edge;
  edge.edge_class = graph.InternEdgeClass(source, TRY(KindOf(source, state, text)), at);
  edge.from = graph.Touch(*source.from, source.from->IdOf(from), from);
  edge.to = graph.Touch(*source.to, source.to->IdOf(to), to);
  return std::optional<WholeEdge>(edge);
}

std::string LabelOf(const NodeSource& source, const json::object& state) {
  for (const auto& path : source.label_paths) {
    const std::string_view text =
        TextAt(state, *source.entity->FindField(path.front()), {path.begin() + 1, path.end()});
    if (!text.empty()) return std::string(text);
  }
  return source.label == nullptr ? std::string() : KeyTextAt(state, *source.label);
}

}  // namespace

Result<void> ApplyChange(const LogEntry& entry, Graph& graph) {
  const GraphSources::Touched* touched = graph.sources().ByLogType(entry.entity_type);
  if (touched == nullptr || entry.action == "READ") return {};
  const bool is_change = entry.action != "CREATE" && entry.action != "RESTORE";
  if (entry.after_state.empty() && entry.before_state.empty()) {
    return Fail(Code::kConflict, "the states of a row were erased from the log");
  }
  const json::object before = TRY(StateOf(entry.before_state));
  const json::object after = TRY(StateOf(entry.after_state));
  if (touched->node >= 0) {
    const NodeSource& source = graph.sources().nodes()[static_cast<std::size_t>(touched->node)];
    const bool lives = !after.empty() && !IsSoftlyDeleted(*source.entity, after);
    if (lives) {
      const NodeNumber node = graph.Touch(source, entry.entity_id, KeyTextAt(after, *source.key));
      graph.SetNode(node, source.type == nullptr ? std::string_view{} : TextAt(after, *source.type),
                    LabelOf(source, after));
    } else if (const NodeNumber node = graph.Find(source, entry.entity_id); node != kNoNode) {
      graph.KillNode(node);
    }
  }
  for (const int index : touched->edges) {
    const EdgeSource& source = graph.sources().edges()[static_cast<std::size_t>(index)];
    if (is_change && before.empty()) {
      return Fail(Code::kConflict, "the state before a change was erased from the log");
    }
    const auto old_edge = TRY(EdgeOf(source, before, entry.before_state, graph));
    const auto new_edge = TRY(EdgeOf(source, after, entry.after_state, graph));
    if (old_edge == new_edge) continue;
    if (old_edge && !graph.RemoveEdge(*old_edge)) {
      return Fail(Code::kConflict, "an edge that goes was not there");
    }
    if (new_edge) graph.AddEdge(*new_edge);
  }
  return {};
}

}  // namespace tenon
