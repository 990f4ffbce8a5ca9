#include "api/openapi_schema.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "model/expression.h"
#include "record/decode.h"

namespace tenon {
namespace {

using model::Type;
using model::TypeKind;

json::object Text(std::string_view format = {}) {
  json::object schema{{"type", "string"}};
  if (!format.empty()) schema["format"] = format;
  return schema;
}

json::array ValuesOf(const model::Enum& enumeration) {
  json::array values;
  for (const model::EnumValue& value : enumeration.values) values.emplace_back(value.name);
  return values;
}

// "A: what it means" for the values that say it.
std::string MeaningOf(const model::Enum& enumeration) {
  std::string text;
  for (const model::EnumValue& value : enumeration.values) {
    if (value.description.empty()) continue;
    text += (text.empty() ? "" : "; ") + value.name + ": " + value.description;
  }
  return text;
}

json::object EnumSchema(const model::Enum& enumeration) {
  if (!enumeration.name.empty()) return SchemaRef("Enum." + enumeration.name);
  json::object schema{{"type", "string"}, {"enum", ValuesOf(enumeration)}};
  const std::string meaning = MeaningOf(enumeration);
  if (!meaning.empty()) schema["description"] = meaning;
  return schema;
}

json::object JsonSchema(const Type& type) {
  if (type.shape != nullptr) return SchemaRef("Shape." + type.shape->name);
  if (type.union_ != nullptr) return SchemaRef("Union." + type.union_->name);
  if (type.by != nullptr) {
    json::array cases;
    std::string text = "By " + type.by->field + ": ";
    for (const auto& [value, shape] : type.by->cases) {
      cases.emplace_back(SchemaRef("Shape." + shape->name));
      text += (cases.size() > 1 ? ", " : "") + value + " is " + shape->name;
    }
    return {{"description", text}, {"anyOf", std::move(cases)}};
  }
  return {{"description", "Any JSON."}};
}

json::object IntSchema(const Type& type) {
  json::object schema{{"type", "integer"}, {"format", "int64"}};
  if (type.min) schema["minimum"] = *type.min;
  if (type.max) schema["maximum"] = *type.max;
  return schema;
}

json::object DecimalSchema(const Type& type) {
  json::object schema = Text();
  const int whole = type.precision - type.scale;
  schema["pattern"] = type.scale == 0 ? fmt::format("^-?[0-9]{{1,{}}}$", whole)
                                      : fmt::format("^-?[0-9]{{1,{}}}(\\.[0-9]{{1,{}}})?$",
                                                    whole < 1 ? 1 : whole, type.scale);
  schema["description"] =
      fmt::format("Exact decimal with {} digits, {} after the point.", type.precision, type.scale);
  return schema;
}

// Without null.
json::object Plain(const Type& type) {
  switch (type.kind) {
    case TypeKind::kUuid:
      return Text("uuid");
    case TypeKind::kUlid: {
      json::object schema = Text();
      schema["pattern"] = "^[0-7][0-9A-HJKMNP-TV-Z]{25}$";
      return schema;
    }
    case TypeKind::kText: {
      json::object schema = Text();
      if (type.length_max) schema["maxLength"] = *type.length_max;
      return schema;
    }
    case TypeKind::kInt:
      return IntSchema(type);
    case TypeKind::kDecimal:
      return DecimalSchema(type);
    case TypeKind::kFloat:
      return {{"type", "number"}, {"format", "double"}};
    case TypeKind::kBool:
      return {{"type", "boolean"}};
    case TypeKind::kTime:
      return Text("date-time");
    case TypeKind::kDuration:
      return Text("duration");
    case TypeKind::kJson:
      return JsonSchema(type);
    case TypeKind::kEnum:
      return type.enumeration == nullptr ? Text() : EnumSchema(*type.enumeration);
    case TypeKind::kIp:
      return {{"type", "string"},
              {"anyOf",
               json::array{json::object{{"format", "ipv4"}}, json::object{{"format", "ipv6"}}}}};
    case TypeKind::kUrl:
      return Text("uri");
    case TypeKind::kCron: {
      json::object schema = Text();
      schema["description"] = "A cron expression of five or six fields.";
      return schema;
    }
    case TypeKind::kTimezone: {
      json::object schema = Text();
      schema["description"] = "A time zone of the IANA data base.";
      return schema;
    }
    case TypeKind::kSecret: {
      // Answers carry the mark, requests text or an object of the shape.
      json::array forms{json::object{{"type", "string"}}};
      if (type.shape != nullptr || type.union_ != nullptr) forms.emplace_back(JsonSchema(type));
      json::object schema{{"anyOf", std::move(forms)}};
      schema["description"] = fmt::format("Sealed: answers show \"{}\".", kSealedMark);
      return schema;
    }
    case TypeKind::kLiteral:
      return {{"const", type.literal}};
    case TypeKind::kList:
      return {{"type", "array"},
              {"items", type.element == nullptr ? json::object() : SchemaOf(*type.element)}};
    case TypeKind::kMap:
      return {{"type", "object"},
              {"additionalProperties",
               type.element == nullptr ? json::object() : SchemaOf(*type.element)}};
    case TypeKind::kNull:
      return {{"type", "null"}};
  }
  return {};
}

json::object OrNull(json::object schema) {
  const json::object null{{"type", "null"}};
  if (json::value* type = schema.if_contains("type"); type != nullptr && type->is_string()) {
    // An enum or a constant says which values there are, null included.
    if (json::value* values = schema.if_contains("enum")) values->as_array().emplace_back(nullptr);
    if (schema.contains("anyOf")) return {{"anyOf", json::array{std::move(schema), null}}};
    *type = json::array{*type, "null"};
    return schema;
  }
  if (json::value* forms = schema.if_contains("anyOf")) {
    forms->as_array().emplace_back(null);
    return schema;
  }
  if (schema.contains("$ref") || schema.contains("const")) {
    return {{"anyOf", json::array{std::move(schema), null}}};
  }
  return schema;  // any JSON: null is one
}

// An example as a value of its type; text where it cannot be read as anything better.
json::value ExampleOf(const Type& type, const std::string& text) {
  if (type.kind == TypeKind::kBool) return text == "true";
  const char* end = text.data() + text.size();
  if (type.kind == TypeKind::kInt) {
    std::int64_t number = 0;
    if (std::from_chars(text.data(), end, number).ptr == end) return number;
  }
  if (type.kind == TypeKind::kFloat) {
    double number = 0;
    if (std::from_chars(text.data(), end, number).ptr == end) return number;
  }
  if (type.IsJson()) {
    auto value = ParseJson(text);
    const bool list = type.kind == TypeKind::kList && type.element != nullptr;
    if (value && (!list || value->is_array())) return std::move(*value);
    if (list) return json::array{ExampleOf(*type.element, text)};
  }
  return json::string(text);
}

json::object ShapeFieldSchema(const model::ShapeField& field) {
  json::object schema = SchemaOf(field.type);
  if (!field.description.empty()) schema["description"] = field.description;
  if (field.default_value) schema["default"] = *field.default_value;
  if (field.example) schema["examples"] = json::array{ExampleOf(field.type, *field.example)};
  return schema;
}

json::object ShapeSchema(const model::Shape& shape) {
  json::object properties;
  json::array required;
  for (const model::ShapeField& field : shape.fields) {
    properties[field.name] = ShapeFieldSchema(field);
    if (field.required) required.emplace_back(field.name);
  }
  json::object schema{{"type", "object"}, {"properties", std::move(properties)}};
  if (!shape.description.empty()) schema["description"] = shape.description;
  if (!required.empty()) schema["required"] = std::move(required);
  if (shape.rest != nullptr) {
    schema["additionalProperties"] = SchemaOf(*shape.rest);
  } else {
    // What is dropped on write may be sent.
    schema["additionalProperties"] = shape.open || !shape.drop.empty();
  }
  return schema;
}

json::object UnionSchema(const model::Union& union_) {
  json::array cases;
  json::object mapping;
  for (const auto& [literal, shape] : union_.cases) {
    cases.emplace_back(SchemaRef("Shape." + shape->name));
    mapping[literal] = "#/components/schemas/Shape." + shape->name;
  }
  json::object schema{{"oneOf", std::move(cases)},
                      {"discriminator", json::object{{"propertyName", union_.discriminator},
                                                     {"mapping", std::move(mapping)}}}};
  if (!union_.description.empty()) schema["description"] = union_.description;
  return schema;
}

std::string LifecycleText(const model::Entity& entity) {
  std::string text;
  if (entity.lifecycle) {
    text += "\n\nLifecycle of `" + entity.lifecycle->field->name + "`, from `" +
            entity.lifecycle->initial + "`:";
  }
  for (const model::Event& event : entity.events) {
    std::string from;
    for (const std::string& state : event.from) from += (from.empty() ? "" : ", ") + state;
    if (event.any_state) from = "any state";
    text += fmt::format("\n- `{}`: {}", event.name, from);
    if (event.to) text += " to " + *event.to;
    if (event.auto_when != nullptr) text += ", by the clock";
    if (!event.description.empty()) text += ". " + event.description;
  }
  return text;
}

json::object ReadSchema(const model::Entity& entity) {
  json::object properties;
  json::array required;
  for (const model::Field& field : entity.fields) {
    if (field.hidden) continue;
    properties[field.name] = SchemaOf(field);
    required.emplace_back(field.name);
  }
  for (const model::Relation& relation : entity.relations) {
    if (relation.name.empty() || properties.contains(relation.name)) continue;
    // Flat, without the relations of what is expanded: that is one level only.
    json::object other = SchemaRef(relation.target->name);
    json::object schema = relation.IsToMany()
                              ? json::object{{"type", "array"}, {"items", std::move(other)}}
                              : OrNull(std::move(other));
    schema["description"] = "With `expand=" + relation.name + "` only.";
    properties[relation.name] = std::move(schema);
  }
  const std::string description =
      (entity.description.empty() ? entity.name : entity.description) + LifecycleText(entity);
  return {{"type", "object"},
          {"description", description},
          {"properties", std::move(properties)},
          {"required", std::move(required)}};
}

json::object WriteSchema(const model::Entity& entity, bool create) {
  json::object properties;
  json::array required;
  for (const model::Field& field : entity.fields) {
    if (!(create ? IsCreatable(entity, field) : IsPatchable(entity, field))) continue;
    properties[field.name] = SchemaOf(field);
    if (create && field.RequiredOnCreate()) required.emplace_back(field.name);
  }
  json::object schema{{"type", "object"},
                      {"description", create ? "A new row of " + entity.table + "."
                                             : "A merge patch (RFC 7396) on a row of " +
                                                   entity.table + "; null clears a field."},
                      {"properties", std::move(properties)},
                      {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

}  // namespace

json::object SchemaRef(std::string_view name) {
  return {{"$ref", "#/components/schemas/" + std::string(name)}};
}

json::object SchemaOf(const Type& type) {
  json::object schema = Plain(type);
  return type.nullable ? OrNull(std::move(schema)) : schema;
}

json::object SchemaOf(const model::Field& field) {
  json::object schema = SchemaOf(field.type);
  std::string text = field.description;
  if (const json::value* own = schema.if_contains("description")) {
    text += (text.empty() ? "" : ". ") + std::string(own->as_string());
  }
  const auto note = [&](std::string_view what) {
    text += text.empty() ? "" : ". ";
    text += what;
  };
  if (field.reference) note("Key of " + field.reference->target->table);
  if (field.unique) note("Unique within the tenant");
  if (field.unique_globally) note("Unique");
  if (field.once) note("Set once, at creation");
  if (field.automatic != model::Auto::kNone || field.implicit || field.lock) {
    note("Written by the server");
    schema["readOnly"] = true;
  }
  if (field.default_value != nullptr) {
    note("Default: `" + model::ToString(*field.default_value) + "`");
  }
  if (!text.empty()) schema["description"] = text;
  if (field.example) schema["examples"] = json::array{ExampleOf(field.type, *field.example)};
  return schema;
}

bool TakesCreate(const model::Entity& entity) { return !entity.written_by_engine; }

bool TakesUpdate(const model::Entity& entity) {
  return !entity.written_by_engine && !entity.append_only;
}

bool IsCreatable(const model::Entity& entity, const model::Field& field) {
  if (field.automatic != model::Auto::kNone || field.implicit || field.lock || field.hidden) {
    return false;
  }
  if (field.tenant && !field.key) return false;
  const bool state =
      entity.lifecycle && entity.lifecycle->field == &field && entity.lifecycle->json_path.empty();
  const bool deleted = entity.soft_delete && entity.soft_delete->field == &field &&
                       entity.soft_delete->json_path.empty();
  const bool computed = entity.idempotency && entity.idempotency->field == &field;
  return !state && !deleted && !computed;
}

bool IsPatchable(const model::Entity& entity, const model::Field& field) {
  return IsCreatable(entity, field) && !field.key && !field.once;
}

void AddModelSchemas(const model::Model& model, json::object& schemas) {
  for (const auto& enumeration : model.enums) {
    if (enumeration->name.empty()) continue;
    json::object schema{{"type", "string"}, {"enum", ValuesOf(*enumeration)}};
    const std::string meaning = MeaningOf(*enumeration);
    if (!meaning.empty()) schema["description"] = meaning;
    schemas["Enum." + enumeration->name] = std::move(schema);
  }
  for (const auto& shape : model.shapes) schemas["Shape." + shape->name] = ShapeSchema(*shape);
  for (const auto& union_ : model.unions) schemas["Union." + union_->name] = UnionSchema(*union_);
  for (const auto& entity : model.entities) {
    schemas[entity->name] = ReadSchema(*entity);
    if (TakesCreate(*entity)) schemas[entity->name + "Create"] = WriteSchema(*entity, true);
    if (TakesUpdate(*entity)) schemas[entity->name + "Patch"] = WriteSchema(*entity, false);
  }
}

}  // namespace tenon
