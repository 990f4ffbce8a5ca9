#include "graph/sources.h"

#include <algorithm>

#include "engine/plan.h"
#include "record/decode.h"
#include "record/record.h"

namespace tenon {
namespace {

bool IsUuidLike(const model::Field& field) {
  return field.type.kind == model::TypeKind::kUuid || field.type.kind == model::TypeKind::kUlid;
}

const model::Field* TypeField(const model::Entity& entity) {
  const model::Field* field = entity.FindField("type");
  const bool usable =
      field != nullptr && !field->hidden && !field->redact &&
      (field->type.kind == model::TypeKind::kText || field->type.kind == model::TypeKind::kEnum);
  return usable ? field : nullptr;
}

// Whether a unique index says that no two rows join the same nodes with the same kind.
bool IsOnce(const model::Entity& entity, const model::Edge& edge, const model::Field* kind) {
  const auto names_only = [&](const std::vector<const model::Field*>& fields) {
    return std::ranges::all_of(fields, [&](const model::Field* field) {
      return field == edge.from || field == edge.to || field == kind || field == entity.tenant;
    });
  };
  if (names_only(entity.key)) return true;
  return std::ranges::any_of(entity.indexes, [&](const model::Index& index) {
    if (!index.unique || index.where) return false;
    std::vector<const model::Field*> fields;
    for (const model::IndexColumn& column : index.columns) {
      if (!column.json_path.empty()) return false;
      fields.push_back(column.field);
    }
    return names_only(fields);
  });
}

std::vector<std::string> SplitPath(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t dot = std::min(text.find('.', at), text.size());
    parts.push_back(text.substr(at, dot - at));
    at = dot + 1;
  }
  return parts;
}

const model::Field* ColumnsField(const model::Entity& entity) {
  for (const char* name : {"metadata", "properties"}) {
    const model::Field* field = entity.FindField(name);
    if (field != nullptr && field->type.kind == model::TypeKind::kJson && !field->hidden) {
      return field;
    }
  }
  return nullptr;
}

}  // namespace

Uuid NodeSource::IdOf(std::string_view key_text) const {
  if (key->type.kind == model::TypeKind::kUuid) {
    if (const auto id = Uuid::Parse(key_text)) return *id;
  } else if (key->type.kind == model::TypeKind::kUlid) {
    if (const auto ulid = Ulid::Parse(key_text)) return Uuid{ulid->bytes};
  }
  Record record(*entity);
  if (auto value = ParseText(key->type, key_text)) record.at(*key) = *std::move(value);
  return EntityId(record);
}

GraphSources::GraphSources(const model::Model& model) {
  for (const auto& entity : model.entities) {
    if (entity->node_label != nullptr) AddNodes(*entity);
    for (const model::Edge& edge : entity->edges) {
      AddNodes(*edge.from->reference->target);
      AddNodes(*edge.to->reference->target);
    }
  }
  for (const auto& entity : model.entities) {
    for (const model::Edge& edge : entity->edges) {
      const NodeSource* from = NodesOf(edge.from->reference->target->table);
      const NodeSource* to = NodesOf(edge.to->reference->target->table);
      if (from == nullptr || to == nullptr || entity->tenant == nullptr) continue;
      EdgeSource source;
      source.entity = entity.get();
      source.index = static_cast<int>(edges_.size());
      source.edge = &edge;
      source.from = from;
      source.to = to;
      source.log_type = TypeName(*entity);
      const model::Expression& kind = *edge.kind;
      if (kind.op == model::Op::kLiteral) {
        if (const auto* text = kind.value.If<std::string>()) source.literal_kind = *text;
      } else if (kind.op == model::Op::kPath && kind.path.hops.empty() &&
                 kind.path.json_path.empty() && kind.path.root == model::Root::kRow) {
        source.kind_field = kind.path.field;
      }
      source.once = IsOnce(*entity, edge, source.kind_field);
      source.columns = ColumnsField(*entity);
      by_log_type_[source.log_type].edges.push_back(source.index);
      edges_.push_back(std::move(source));
    }
  }
}

int GraphSources::AddNodes(const model::Entity& entity) {
  for (const NodeSource& known : nodes_) {
    if (known.entity == &entity) return known.index;
  }
  const auto keys = KeyFields(entity);
  // A reference names one column, so that rows of a composite key are never joined by edges.
  if (keys.size() != 1 || entity.tenant == nullptr) return -1;
  NodeSource source;
  source.entity = &entity;
  source.index = static_cast<int>(nodes_.size());
  source.key = keys.front();
  source.key_is_id = IsUuidLike(*source.key);
  source.label = entity.node_label;
  source.type = TypeField(entity);
  if (source.label != nullptr && source.label == source.type) {
    for (const std::string& text : entity.search_paths) {
      std::vector<std::string> path = SplitPath(text);
      const model::Field* field = entity.FindField(path.front());
      if (field != nullptr && field->type.kind == model::TypeKind::kJson && path.size() > 1) {
        source.label_paths.push_back(std::move(path));
      }
    }
  }
  source.log_type = TypeName(entity);
  source.type_name = source.log_type;
  for (const model::Field& field : entity.fields) {
    const bool text = field.type.kind == model::TypeKind::kText;
    if (text && field.unique && !field.hidden && !field.redact) {
      source.unique_names.push_back(&field);
    }
  }
  by_log_type_[source.log_type].node = source.index;
  nodes_.push_back(std::move(source));
  return nodes_.back().index;
}

const NodeSource* GraphSources::NodesOf(std::string_view table_or_name) const {
  for (const NodeSource& source : nodes_) {
    if (source.entity->table == table_or_name || source.entity->name == table_or_name) {
      return &source;
    }
  }
  return nullptr;
}

std::vector<std::string> GraphSources::LogTypes() const {
  std::vector<std::string> types;
  for (const auto& [type, touched] : by_log_type_) types.push_back(type);
  std::ranges::sort(types);
  return types;
}

const GraphSources::Touched* GraphSources::ByLogType(std::string_view log_type) const {
  const auto found = by_log_type_.find(std::string(log_type));
  return found == by_log_type_.end() ? nullptr : &found->second;
}

}  // namespace tenon
