#include "model/json.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace tenon::model {

namespace json = boost::json;

namespace {

std::string Joined(const std::string& first, const std::vector<std::string>& rest) {
  std::string out = first;
  for (const std::string& step : rest) out += "." + step;
  return out;
}

template <typename Items, typename F>
json::array Each(const Items& items, F make) {
  json::array out;
  for (const auto& item : items) out.emplace_back(make(item));
  return out;
}

json::array Texts(const std::vector<std::string>& items) {
  return Each(items, [](const std::string& item) { return json::value(item); });
}

// Members that say nothing are left out.
void Put(json::object& out, std::string_view key, const std::string& text) {
  if (!text.empty()) out[key] = text;
}
void Put(json::object& out, std::string_view key, bool flag) {
  if (flag) out[key] = true;
}
void Put(json::object& out, std::string_view key, const ExpressionPtr& expression) {
  if (expression) out[key] = ToString(*expression);
}

json::array ValuesOf(const Enum& enumeration) {
  return Each(enumeration.values, [](const EnumValue& value) {
    json::object out{{"name", value.name}};
    Put(out, "description", value.description);
    return json::value(std::move(out));
  });
}

std::string_view NameOf(Auto automatic) {
  switch (automatic) {
    case Auto::kCreated:
      return "created";
    case Auto::kUpdated:
      return "updated";
    case Auto::kCreator:
      return "creator";
    case Auto::kUpdater:
      return "updater";
    case Auto::kAgent:
      return "agent";
    case Auto::kAddress:
      return "address";
    case Auto::kJob:
      return "job";
    case Auto::kNone:
      break;
  }
  return "";
}

std::string OnDeleteOf(const Reference& reference) {
  switch (reference.on_delete) {
    case OnDelete::kRestrict:
      return "restrict";
    case OnDelete::kCascade:
      return "cascade";
    case OnDelete::kNull:
      return "null";
    case OnDelete::kEvent:
      return reference.on_delete_event;
  }
  return "";
}

json::value OfField(const Field& field) {
  json::object out{{"name", field.name}, {"type", ToJson(field.type)}};
  Put(out, "description", field.description);
  if (field.example) out["example"] = *field.example;
  Put(out, "required", field.RequiredOnCreate());
  Put(out, "key", field.key);
  Put(out, "tenant", field.tenant);
  Put(out, "namespace", field.namespace_label);
  Put(out, "unique", field.unique);
  Put(out, "unique_globally", field.unique_globally);
  Put(out, "once", field.once);
  Put(out, "redact", field.redact);
  Put(out, "lock", field.lock);
  Put(out, "search", field.search);
  Put(out, "facet", field.facet);
  Put(out, "computed", field.computed);
  Put(out, "auto", std::string(NameOf(field.automatic)));
  Put(out, "write_only", field.IsSecret());
  Put(out, "default", field.default_value);
  if (field.reference) {
    out["references"] = json::object{{"entity", field.reference->target->name},
                                     {"on_delete", OnDeleteOf(*field.reference)}};
  }
  return out;
}

json::value OfRelation(const Relation& relation) {
  static constexpr std::string_view kKinds[] = {"forward", "backward", "through"};
  json::object out{{"name", relation.name},
                   {"kind", kKinds[static_cast<int>(relation.kind)]},
                   {"entity", relation.target->name},
                   {"table", relation.target->table},
                   {"many", relation.IsToMany()}};
  if (relation.field != nullptr) out["field"] = relation.field->name;
  if (relation.through != nullptr) out["through"] = relation.through->name;
  return out;
}

json::value OfIndex(const Index& index) {
  json::object out{{"name", index.name}};
  out["columns"] = Each(index.columns, [](const IndexColumn& column) {
    return json::value(Joined(column.field->name, column.json_path) +
                       (column.descending ? " desc" : ""));
  });
  Put(out, "unique", index.unique);
  Put(out, "globally", index.globally);
  Put(out, "gin", index.gin);
  Put(out, "where", index.where);
  return out;
}

json::value OfEvent(const Event& event) {
  json::object out{{"name", event.name}};
  Put(out, "description", event.description);
  if (event.to) {
    out["from"] = event.any_state ? json::array{"*"} : Texts(event.from);
    out["to"] = *event.to;
  }
  if (!event.by.empty()) out["by"] = Texts(event.by);
  out["takes"] = Each(event.takes, [](const Take& take) {
    return json::value{
        {"name", take.name}, {"type", ToJson(take.type)}, {"optional", take.optional}};
  });
  Put(out, "when", event.when);
  Put(out, "auto_when", event.auto_when);
  out["sets"] = Each(event.set, [](const Assignment& assignment) {
    return json::value{{"path", Joined(assignment.field->name, assignment.json_path)},
                       {"value", ToString(*assignment.value)}};
  });
  Put(out, "quiet", event.quiet);
  return out;
}

json::value OfShape(const Shape& shape) {
  json::object out{{"name", shape.name}, {"open", shape.open}};
  Put(out, "description", shape.description);
  out["fields"] = Each(shape.fields, [](const ShapeField& field) {
    json::object made{{"name", field.name}, {"type", ToJson(field.type)}};
    Put(made, "required", field.required);
    Put(made, "description", field.description);
    if (field.example) made["example"] = *field.example;
    if (field.default_value) made["default"] = *field.default_value;
    return json::value(std::move(made));
  });
  if (shape.rest) out["rest"] = ToJson(*shape.rest);
  if (!shape.drop.empty()) out["drop"] = Texts(shape.drop);
  return out;
}

json::array OfColumns(const std::vector<ViewColumn>& columns) {
  return Each(columns, [](const ViewColumn& column) {
    json::object out{{"name", column.name}};
    if (column.value) {
      out["type"] = ToJson(column.value->type);
      out["value"] = ToString(*column.value);
    } else {
      out["relation"] = column.nested->name;
      out["columns"] = OfColumns(column.columns);
    }
    return json::value(std::move(out));
  });
}

json::array OfOrder(const std::vector<std::pair<ExpressionPtr, bool>>& order) {
  return Each(order, [](const auto& key) {
    return json::value(ToString(*key.first) + (key.second ? " desc" : ""));
  });
}

void PutClauses(const Entity& entity, json::object& out) {
  if (entity.lifecycle) {
    out["lifecycle"] =
        json::object{{"field", Joined(entity.lifecycle->field->name, entity.lifecycle->json_path)},
                     {"initial", entity.lifecycle->initial},
                     {"states", Texts(entity.lifecycle->states)}};
    if (!entity.lifecycle->may_begin.empty()) {
      out["lifecycle"].as_object()["may_begin"] = Texts(entity.lifecycle->may_begin);
    }
  }
  if (!entity.events.empty()) out["events"] = Each(entity.events, OfEvent);
  if (entity.soft_delete) {
    out["soft_delete"] = Joined(entity.soft_delete->field->name, entity.soft_delete->json_path);
  }
  Put(out, "append_only", entity.append_only);
  if (!entity.append_only_except.empty())
    out["append_only_except"] = Texts(entity.append_only_except);
  Put(out, "written_by_engine", entity.written_by_engine);
  if (const auto& idempotency = entity.idempotency) {
    json::object made;
    if (idempotency->field != nullptr) {
      made["field"] = idempotency->field->name;
      made["value"] = ToString(*idempotency->value);
    } else {
      made["fields"] =
          Each(idempotency->fields, [](const Field* field) { return json::value(field->name); });
    }
    out["idempotent"] = std::move(made);
  }
  if (!entity.checks.empty()) {
    out["checks"] = Each(entity.checks, [](const Check& check) {
      return json::value{{"condition", ToString(*check.condition)}, {"message", check.message}};
    });
  }
  if (entity.purge) out["purge_when"] = ToString(*entity.purge->when);
  if (!entity.notifies.empty()) {
    out["notifies"] = Each(entity.notifies, [](const Notify& notify) {
      return json::value{{"type", notify.type}, {"when", ToString(*notify.when)}};
    });
  }
  if (entity.node_label != nullptr) out["node_label"] = entity.node_label->name;
  if (!entity.edges.empty()) {
    out["edges"] = Each(entity.edges, [](const Edge& edge) {
      return json::value{
          {"from", edge.from->name}, {"to", edge.to->name}, {"kind", ToString(*edge.kind)}};
    });
  }
  if (!entity.search_paths.empty()) out["search_paths"] = Texts(entity.search_paths);
  if (entity.quota) {
    json::object quota{{"name", entity.quota->name}};
    if (entity.quota->default_max > 0) quota["default_max"] = entity.quota->default_max;
    out["quota"] = std::move(quota);
  }
  if (!entity.permits.empty()) {
    json::object permits;
    for (const Permit& permit : entity.permits) permits[permit.role] = Texts(permit.actions);
    out["permits"] = std::move(permits);
  }
}

}  // namespace

std::string_view NameOf(TypeKind kind) {
  switch (kind) {
    case TypeKind::kUuid:
      return "uuid";
    case TypeKind::kUlid:
      return "ulid";
    case TypeKind::kText:
      return "text";
    case TypeKind::kInt:
      return "int";
    case TypeKind::kDecimal:
      return "decimal";
    case TypeKind::kFloat:
      return "float";
    case TypeKind::kBool:
      return "bool";
    case TypeKind::kTime:
      return "time";
    case TypeKind::kDuration:
      return "duration";
    case TypeKind::kJson:
      return "json";
    case TypeKind::kEnum:
      return "enum";
    case TypeKind::kIp:
      return "ip";
    case TypeKind::kUrl:
      return "url";
    case TypeKind::kCron:
      return "cron";
    case TypeKind::kTimezone:
      return "timezone";
    case TypeKind::kSecret:
      return "secret";
    case TypeKind::kLiteral:
      return "literal";
    case TypeKind::kList:
      return "list";
    case TypeKind::kMap:
      return "map";
    case TypeKind::kNull:
      return "null";
  }
  return "";
}

json::value ToJson(const Type& type) {
  json::object out{{"kind", NameOf(type.kind)}, {"text", ToString(type)}};
  Put(out, "nullable", type.nullable);
  if (type.length_max) out["length_max"] = *type.length_max;
  if (type.min) out["min"] = *type.min;
  if (type.max) out["max"] = *type.max;
  if (type.kind == TypeKind::kDecimal) {
    out["precision"] = type.precision;
    out["scale"] = type.scale;
  }
  if (type.enumeration != nullptr) {
    Put(out, "enum", type.enumeration->name);
    out["values"] = ValuesOf(*type.enumeration);
  }
  Put(out, "literal", type.literal);
  if (type.shape != nullptr) out["shape"] = type.shape->name;
  if (type.union_ != nullptr) out["union"] = type.union_->name;
  if (type.by) {
    json::object cases;
    for (const auto& [value, shape] : type.by->cases) cases[value] = shape->name;
    out["by"] = json::object{{"field", type.by->field}, {"cases", std::move(cases)}};
  }
  if (type.element) out["element"] = ToJson(*type.element);
  return out;
}

json::value ToJson(const Entity& entity) {
  json::object out{{"name", entity.name}, {"table", entity.table}, {"model", entity.model}};
  Put(out, "description", entity.description);
  Put(out, "global", entity.global);
  json::array fields;
  for (const Field& field : entity.fields) {
    if (!field.hidden) fields.emplace_back(OfField(field));
  }
  out["fields"] = std::move(fields);
  out["key"] = Each(entity.key, [](const Field* field) { return json::value(field->name); });
  if (!entity.relations.empty()) out["relations"] = Each(entity.relations, OfRelation);
  json::array indexes;
  for (const Index& index : entity.indexes) {
    bool hidden = false;
    for (const IndexColumn& column : index.columns) hidden = hidden || column.field->hidden;
    if (!hidden) indexes.emplace_back(OfIndex(index));
  }
  if (!indexes.empty()) out["indexes"] = std::move(indexes);
  PutClauses(entity, out);
  return out;
}

json::value ToJson(const View& view) {
  json::object out{{"name", view.name}, {"model", view.model}};
  Put(out, "description", view.description);
  out["parameters"] = Each(view.parameters, [](const ViewParameter& parameter) {
    return json::value{{"name", parameter.name},
                       {"type", ToJson(parameter.type)},
                       {"required", !parameter.optional}};
  });
  if (!view.bodies.empty()) out["columns"] = OfColumns(view.bodies.front().select);
  out["bodies"] = Each(view.bodies, [](const ViewBody& body) {
    json::object made{{"entity", body.entity->name}};
    Put(made, "where", body.where);
    if (!body.group.empty()) {
      made["group"] =
          Each(body.group, [](const ExpressionPtr& e) { return json::value(ToString(*e)); });
    }
    if (!body.order.empty()) made["order"] = OfOrder(body.order);
    if (body.limit) made["limit"] = *body.limit;
    Put(made, "limit_parameter", body.limit_parameter);
    return json::value(std::move(made));
  });
  return out;
}

json::value ToJson(const Model& model, std::string_view name) {
  json::value whole = ToJson(model);
  json::object& out = whole.as_object();
  for (const auto& [list, key] :
       {std::pair{"models", "name"}, std::pair{"entities", "model"}, std::pair{"views", "model"}}) {
    json::array kept;
    for (json::value& item : out[list].as_array()) {
      if (item.as_object().at(key).as_string() == name) kept.push_back(std::move(item));
    }
    out[list] = std::move(kept);
  }
  return whole;
}

json::value ToJson(const Model& model) {
  json::object out;
  out["models"] = Each(model.files, [](const ModelFile& file) {
    return json::value{{"name", file.name}, {"description", file.description}, {"path", file.path}};
  });
  out["entities"] = Each(model.entities, [](const auto& entity) { return ToJson(*entity); });
  json::array enums;
  for (const auto& enumeration : model.enums) {
    if (enumeration->name.empty()) continue;  // inline ones stand with their field
    enums.emplace_back(
        json::value{{"name", enumeration->name}, {"values", ValuesOf(*enumeration)}});
  }
  out["enums"] = std::move(enums);
  out["shapes"] = Each(model.shapes, [](const auto& shape) { return OfShape(*shape); });
  out["unions"] = Each(model.unions, [](const auto& choice) {
    json::object cases;
    for (const auto& [literal, shape] : choice->cases) cases[literal] = shape->name;
    return json::value{
        {"name", choice->name}, {"by", choice->discriminator}, {"cases", std::move(cases)}};
  });
  out["views"] = Each(model.views, [](const auto& view) { return ToJson(*view); });
  return out;
}

}  // namespace tenon::model
