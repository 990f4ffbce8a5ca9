// Enums, shapes, unions and types.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "base/limits.h"
#include "base/text.h"
#include "model/builder.h"
#include "model/lexer.h"
#include "model/words.h"

namespace tenon::model {

void Builder::BuildEnum(Enum& out, const std::vector<ast::EnumValue>& values) {
  // A set beside the list: an enum of 1,000 values is checked in one go.
  std::set<std::string_view> known;
  for (const EnumValue& value : out.values) known.insert(value.name);
  std::vector<EnumValue> added;
  for (const ast::EnumValue& ast : values) {
    if (!known.insert(ast.name.text).second) {
      Report(ast.name.span, fmt::format("the value {} is there already", ast.name.text));
      continue;
    }
    if (ast.was && known.contains(ast.was.text)) {
      Report(ast.was.span,
             fmt::format("{} is a value now, it cannot be an earlier name", ast.was.text));
    }
    added.push_back({ast.name.text, ast.description ? ast.description->text : "", ast.was.text});
  }
  if (out.values.size() + added.size() > limits::kEnumValuesMax) {
    Report(values.front().name.span,
           fmt::format("an enum has at most {} values", limits::kEnumValuesMax));
    return;
  }
  out.values.insert(out.values.end(), added.begin(), added.end());
}

void Builder::BuildShapes() {
  // In order of declaration, so that errors come in order.
  for (const ast::File& file : files_) {
    for (const ast::Declaration& declaration : file.declarations) {
      if (const auto* shape = std::get_if<ast::Shape>(&declaration)) {
        const Declared& declared = types_.at(shape->name.text);
        if (declared.shape_ast == shape) BuildShape(*declared.shape, *shape);
      }
    }
  }
  for (const ast::File& file : files_) {
    for (const ast::Declaration& declaration : file.declarations) {
      if (const auto* choice = std::get_if<ast::Union>(&declaration)) {
        const Declared& declared = types_.at(choice->name.text);
        if (declared.union_ast == choice) BuildUnion(*declared.union_, *choice);
      }
    }
  }
  CheckShapeCircles();
}

void Builder::BuildShape(Shape& out, const ast::Shape& shape) {
  out.description = shape.description ? shape.description->text : "";
  out.open = shape.open;
  for (const ast::ShapeItem& item : shape.items) {
    if (const auto* field = std::get_if<ast::ShapeField>(&item)) {
      BuildShapeField(out, *field);
    } else if (const auto* rest = std::get_if<ast::ShapeRest>(&item)) {
      if (out.rest) Report(rest->span, "a shape has one '*'");
      out.rest = std::make_shared<Type>(BuildType(rest->type));
    } else if (const auto* drop = std::get_if<ast::ShapeDrop>(&item)) {
      for (const ast::Name& name : drop->names) out.drop.push_back(name.text);
    }
  }
  for (const std::string& name : out.drop) {
    if (const ShapeField* field = out.Find(name)) {
      Report(field->span, fmt::format("'{}' is a field and dropped as well", name));
    }
  }
}

void Builder::BuildShapeField(Shape& out, const ast::ShapeField& field) {
  if (const ShapeField* known = out.Find(field.name.text)) {
    ReportClash(field.name.span, "field", field.name.text, known->span);
    return;
  }
  ShapeField made;
  made.name = field.name.text;
  made.span = field.name.span;
  made.type = BuildType(field.type);
  made.description = field.description ? field.description->text : "";
  if (field.default_value) {
    made.default_value = ToJson(*field.default_value);
    if (!made.default_value) {
      Report(field.default_value->span, "a default in a shape is a literal or JSON");
    } else if (const std::string why = WhyNotOfType(*made.default_value, made.type); !why.empty()) {
      Report(field.default_value->span, why);
    }
  }
  if (field.example) {
    const auto example = ToJson(*field.example);
    if (!example) {
      Report(field.example->span, "an example is a literal or JSON");
    } else {
      made.example = example->is_string() ? std::string(example->get_string())
                                          : std::string(boost::json::serialize(*example));
    }
  }
  made.required = !made.type.nullable && !made.default_value;
  out.fields.push_back(std::move(made));
}

void Builder::BuildUnion(Union& out, const ast::Union& declaration) {
  out.description = declaration.description ? declaration.description->text : "";
  out.discriminator = declaration.discriminator.text;
  if (declaration.shapes.empty()) Report(declaration.name.span, "a union needs a shape");
  for (const ast::Name& name : declaration.shapes) {
    Type type;
    UseShape(name, type);
    if (type.shape == nullptr) {
      if (type.union_ != nullptr) Report(name.span, "a union holds shapes, not unions");
      continue;
    }
    const ShapeField* field = type.shape->Find(out.discriminator);
    if (field == nullptr || field->type.kind != TypeKind::kLiteral) {
      Report(name.span,
             fmt::format("shape {} has no field '{}' that is one exact text", name.text,
                         out.discriminator),
             fmt::format("{} \"...\"", out.discriminator));
      continue;
    }
    for (const auto& [literal, shape] : out.cases) {
      if (literal != field->type.literal) continue;
      Report(name.span, fmt::format("{} and {} both have {} {}", shape->name, name.text,
                                    out.discriminator, EncodeString(literal)));
    }
    out.cases.emplace_back(field->type.literal, type.shape);
  }
}

// A shape that must hold itself could have no value.
void Builder::CheckShapeCircles() {
  std::map<const Shape*, int> state;  // 1: being looked at, 2: done
  for (const auto& root : model_->shapes) {
    // By hand, as shapes may form a chain of thousands.
    std::vector<std::pair<const Shape*, std::size_t>> stack;
    if (state[root.get()] == 0) stack.emplace_back(root.get(), 0);
    while (!stack.empty()) {
      auto& [shape, at] = stack.back();
      state[shape] = 1;
      if (at == shape->fields.size()) {
        state[shape] = 2;
        stack.pop_back();
        continue;
      }
      const ShapeField& field = shape->fields[at++];
      const Shape* inner =
          field.required && field.type.kind == TypeKind::kJson ? field.type.shape : nullptr;
      if (inner == nullptr || state[inner] == 2) continue;
      if (state[inner] == 1) {
        Report(field.span,
               fmt::format("shape {} would have to hold itself without end", inner->name),
               "a ? lets it end");
        continue;
      }
      stack.emplace_back(inner, 0);
    }
  }
}

std::vector<std::string_view> Builder::TypeNames(bool entities) const {
  std::vector<std::string_view> names;
  for (const auto& [name, declared] : types_) {
    if ((declared.work != nullptr) == entities) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Type Builder::BuildType(const ast::TypeExpr& expr) {
  Type type;
  type.nullable = expr.nullable;
  if (expr.is_list || expr.name.text == "map") {
    type.kind = expr.is_list ? TypeKind::kList : TypeKind::kMap;
    type.element = std::make_shared<Type>(BuildType(*expr.element));
  } else if (expr.literal) {
    type.kind = TypeKind::kLiteral;
    type.literal = expr.literal->text;
  } else {
    BuildNamedType(expr, type);
  }
  return type;
}

void Builder::BuildNamedType(const ast::TypeExpr& expr, Type& type) {
  static const std::map<std::string_view, TypeKind> kKinds = {
      {"uuid", TypeKind::kUuid},         {"ulid", TypeKind::kUlid},
      {"text", TypeKind::kText},         {"int", TypeKind::kInt},
      {"decimal", TypeKind::kDecimal},   {"float", TypeKind::kFloat},
      {"bool", TypeKind::kBool},         {"time", TypeKind::kTime},
      {"duration", TypeKind::kDuration}, {"json", TypeKind::kJson},
      {"enum", TypeKind::kEnum},         {"ip", TypeKind::kIp},
      {"url", TypeKind::kUrl},           {"cron", TypeKind::kCron},
      {"timezone", TypeKind::kTimezone}, {"secret", TypeKind::kSecret}};
  const std::string& word = expr.name.text;
  const auto known = kKinds.find(word);
  if (known != kKinds.end()) {
    type.kind = known->second;
    type.uuid_version = expr.version_4 ? 4 : 7;
    if (expr.shape) UseShape(expr.shape, type);
    if (expr.by) BuildBy(expr, type);
    BuildSized(expr, type);
    return;
  }
  const auto found = types_.find(word);
  if (found == types_.end() || found->second.work != nullptr) {
    type.kind = TypeKind::kJson;
    if (found != types_.end()) {
      Report(expr.span, fmt::format("{} is an entity, not a type", word),
             fmt::format("a reference is written: uuid -> {}", word));
      return;
    }
    std::vector<std::string_view> names = TypeNames(false);
    names.insert(names.end(), kTypeWords.begin(), kTypeWords.end());
    Report(expr.span, fmt::format("there is no type {}", word), DidYouMean(word, names));
    return;
  }
  if (found->second.enumeration != nullptr) {
    type.kind = TypeKind::kEnum;
    type.enumeration = found->second.enumeration;
    return;
  }
  type.kind = TypeKind::kJson;
  type.shape = found->second.shape;
  type.union_ = found->second.union_;
}

void Builder::BuildSized(const ast::TypeExpr& expr, Type& type) {
  if (type.kind == TypeKind::kText && expr.first) {
    type.length_max = expr.first;
    if (*expr.first < 1 || *expr.first > 10'000'000) {
      Report(expr.span, "a length is between 1 and 10,000,000");
    }
  } else if (type.kind == TypeKind::kInt) {
    type.min = expr.first;
    type.max = expr.second;
    if (type.min && type.max && *type.min > *type.max) {
      Report(expr.span, "the range is empty");
    }
  } else if (type.kind == TypeKind::kDecimal) {
    type.precision = static_cast<int>(std::clamp<std::int64_t>(expr.first.value_or(0), 0, 1000));
    type.scale = static_cast<int>(std::clamp<std::int64_t>(expr.second.value_or(0), -1, 1000));
    if (type.precision < 1 || type.precision > 18 || type.scale < 0 ||
        type.scale > type.precision) {
      Report(expr.span, "a decimal has 1 to 18 digits, and no more after the point than in all");
      type.precision = 18;
      type.scale = 0;
    }
  } else if (type.kind == TypeKind::kEnum) {
    auto made = std::make_unique<Enum>();
    made->span = expr.span;
    BuildEnum(*made, expr.values);
    if (expr.values.empty()) Report(expr.span, "an enum needs a value");
    type.enumeration = made.get();
    model_->enums.push_back(std::move(made));
  }
}

void Builder::UseShape(const ast::Name& name, Type& type) {
  const auto found = types_.find(name.text);
  if (found != types_.end() &&
      (found->second.shape != nullptr || found->second.union_ != nullptr)) {
    type.shape = found->second.shape;
    type.union_ = found->second.union_;
    return;
  }
  std::vector<std::string_view> names;
  for (const auto& [known, declared] : types_) {
    if (declared.shape != nullptr || declared.union_ != nullptr) names.push_back(known);
  }
  std::sort(names.begin(), names.end());
  Report(name.span, fmt::format("there is no shape {}", name.text), DidYouMean(name.text, names));
}

void Builder::BuildBy(const ast::TypeExpr& expr, Type& type) {
  auto by = std::make_shared<ByField>();
  by->field = expr.by.text;
  for (const auto& [value, shape] : expr.cases) {
    Type target;
    UseShape(shape, target);
    if (target.union_ != nullptr) Report(shape.span, "'json by' takes shapes, not unions");
    for (const auto& [known, unused] : by->cases) {
      if (known == value.text) Report(value.span, fmt::format("{} is given twice", value.text));
    }
    if (target.shape != nullptr) by->cases.emplace_back(value.text, target.shape);
  }
  type.by = std::move(by);
}

namespace {

std::string Wrong(const boost::json::value& json, const Type& type) {
  return fmt::format("{} is not {}", Ellipsis(std::string(boost::json::serialize(json)), 60),
                     ToString(type));
}

std::string WhyNotOfShape(const boost::json::object& object, const Shape& shape, int depth) {
  for (const ShapeField& field : shape.fields) {
    const auto* value = object.if_contains(field.name);
    if (value == nullptr) {
      if (field.required)
        return fmt::format("shape {} needs the field '{}'", shape.name, field.name);
      continue;
    }
    const std::string why = WhyNotOfType(*value, field.type, depth + 1);
    if (!why.empty()) return fmt::format("{}: {}", field.name, why);
  }
  for (const auto& [key, value] : object) {
    if (shape.Find(key) != nullptr ||
        std::find(shape.drop.begin(), shape.drop.end(), key) != shape.drop.end()) {
      continue;
    }
    if (!shape.open && !shape.rest) {
      return fmt::format("shape {} has no field '{}'", shape.name, std::string_view(key));
    }
    if (!shape.rest) continue;
    const std::string why = WhyNotOfType(value, *shape.rest, depth + 1);
    if (!why.empty()) return fmt::format("{}: {}", std::string_view(key), why);
  }
  return "";
}

}  // namespace

std::string WhyNotOfType(const boost::json::value& json, const Type& type, int depth) {
  if (depth > limits::kModelNestingMax) return "";
  if (json.is_null()) return type.nullable || type.kind == TypeKind::kJson ? "" : Wrong(json, type);
  bool fits = true;
  switch (type.kind) {
    case TypeKind::kBool:
      fits = json.is_bool();
      break;
    case TypeKind::kInt:
      fits = json.is_int64() && (!type.min || json.get_int64() >= *type.min) &&
             (!type.max || json.get_int64() <= *type.max);
      break;
    case TypeKind::kFloat:
      fits = json.is_number();
      break;
    case TypeKind::kDecimal:
      fits =
          json.is_number() || (json.is_string() && Decimal::Parse(std::string(json.get_string())));
      break;
    case TypeKind::kEnum:
      fits = json.is_string() && type.enumeration &&
             type.enumeration->Has(std::string(json.get_string()));
      break;
    case TypeKind::kLiteral:
      fits = json.is_string() && json.get_string() == type.literal;
      break;
    case TypeKind::kList:
    case TypeKind::kMap: {
      fits = type.kind == TypeKind::kList ? json.is_array() : json.is_object();
      if (!fits || !type.element) break;
      if (json.is_array()) {
        for (const auto& item : json.get_array()) {
          if (std::string why = WhyNotOfType(item, *type.element, depth + 1); !why.empty())
            return why;
        }
      } else {
        for (const auto& member : json.get_object()) {
          if (std::string why = WhyNotOfType(member.value(), *type.element, depth + 1);
              !why.empty()) {
            return why;
          }
        }
      }
      break;
    }
    case TypeKind::kJson:
      if (type.shape != nullptr) {
        if (!json.is_object()) return Wrong(json, type);
        return WhyNotOfShape(json.get_object(), *type.shape, depth);
      }
      break;
    case TypeKind::kNull:
      break;
    default:
      fits = json.is_string();  // what is held as text
  }
  return fits ? "" : Wrong(json, type);
}

}  // namespace tenon::model
