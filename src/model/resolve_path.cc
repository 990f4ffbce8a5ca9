// Paths: from names to relations, fields and JSON keys.
#include <fmt/format.h>

#include <algorithm>

#include "model/expression_checker.h"

namespace tenon::model {

using ast::ExprKind;

// A path while it is followed.
struct ExpressionChecker::Walk {
  const ast::Expr& expr;
  std::size_t at = 0;              // the next step
  const Entity* entity = nullptr;  // where it stands
  Path path;
  Type type;
  bool secret = false;
  [[nodiscard]] const ast::Name& Step() const { return expr.path[at]; }
  [[nodiscard]] bool Last() const { return at + 1 == expr.path.size(); }
};

namespace {

const Relation* ForwardOf(const Entity& entity, const Field& field) {
  for (const Relation& relation : entity.relations) {
    if (relation.kind == Relation::Kind::kForward && relation.field == &field) return &relation;
  }
  return nullptr;
}

bool IsIndex(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

template <typename T>
const T* FindNamed(std::span<const T> items, std::string_view name, std::string T::* member) {
  for (const T& item : items) {
    if (item.*member == name) return &item;
  }
  return nullptr;
}

}  // namespace

// Whether a path's first step means something here without the help of another type.
bool ExpressionChecker::Resolves(const ast::Expr& expr) const {
  const std::string& first = expr.path[0].text;
  if (scope_.row != nullptr) {
    if (scope_.row->FindField(first) != nullptr || scope_.row->FindRelation(first) != nullptr) {
      return true;
    }
  }
  if (first == "old" && expr.path.size() > 1) return true;
  if (FindNamed(scope_.takes, first, &Take::name) != nullptr) return true;
  if (FindNamed(scope_.parameters, first, &ViewParameter::name) != nullptr) return true;
  return FindNamed(scope_.joins, first, &ViewJoin::alias) != nullptr;
}

ExpressionChecker::Node ExpressionChecker::VisitPath(const ast::Expr& expr, const Type* expected,
                                                     Allow allow) {
  const ast::Name& first = expr.path[0];
  const bool bare = expr.path.size() == 1;
  if (bare && expected != nullptr && expected->kind == TypeKind::kEnum && expected->enumeration) {
    // A value's name wins over a field's, unless the field has that very enum.
    const Field* field = scope_.row != nullptr ? scope_.row->FindField(first.text) : nullptr;
    const bool same = field != nullptr && field->type.enumeration == expected->enumeration;
    if ((expected->enumeration->Has(first.text) && !same) || !Resolves(expr)) {
      return EnumLiteral(first, *expected);
    }
  }
  // In a list of names ([reader, admin]) the list's own type says which enum.
  if (bare) {
    const bool field_named = scope_.row != nullptr && scope_.row->FindField(first.text) != nullptr;
    if (!field_named) {
      if (Node node = VisitParameter(first)) return node;
    }
  }
  Walk walk{expr, 0, scope_.row, {}, {}, false};
  if (!WalkStart(walk) || !WalkFields(walk) || !CheckUse(walk, allow)) return nullptr;
  Node node = Make(Op::kPath, expr);
  node->path = std::move(walk.path);
  node->type = std::move(walk.type);
  const bool elsewhere =
      node->path.root == Root::kOld || !node->path.hops.empty() || !node->path.join_alias.empty();
  node->type.nullable = node->type.nullable || elsewhere;
  return node;
}

// A parameter of the view, or a free take of the event; null without a report when it is neither.
ExpressionChecker::Node ExpressionChecker::VisitParameter(const ast::Name& name) {
  auto node = std::make_shared<Expression>();
  node->span = name.span;
  node->name = name.text;
  if (const auto* parameter = FindNamed(scope_.parameters, name.text, &ViewParameter::name)) {
    node->op = Op::kParameter;
    node->type = parameter->type;
    node->type.nullable = parameter->type.nullable || parameter->optional;
    return node;
  }
  const auto* take = FindNamed(scope_.takes, name.text, &Take::name);
  if (take == nullptr || take->field != nullptr) return nullptr;
  node->op = Op::kTakes;
  node->type = take->type;
  node->type.nullable = take->optional || take->type.nullable;
  return node;
}

bool ExpressionChecker::WalkStart(Walk& walk) {
  if (walk.entity == nullptr) {
    Report(walk.expr.span, "no field can be used here");
    return false;
  }
  const ast::Name& first = walk.Step();
  const bool own_field = walk.entity->FindField(first.text) != nullptr;
  if (first.text == "old" && !own_field && !walk.Last()) {
    if (!AllowsOld(scope_.place)) {
      Report(first.span, fmt::format("'old' cannot be used in {}", NameOf(scope_.place)),
             "only a write has a state before it");
      return false;
    }
    walk.path.root = Root::kOld;
    ++walk.at;
    return true;
  }
  if (walk.Last()) return true;
  if (const auto* join = FindNamed(scope_.joins, first.text, &ViewJoin::alias)) {
    walk.entity = join->entity;
    walk.path.join_alias = join->alias;
    ++walk.at;
  }
  return true;
}

bool ExpressionChecker::WalkFields(Walk& walk) {
  while (true) {
    const ast::Name& step = walk.Step();
    const Field* field = walk.entity->FindField(step.text);
    const Relation* relation = nullptr;
    if (field != nullptr) {
      // created_by.email: a reference that is followed by the field's own name.
      relation = walk.Last() || field->type.IsJson() ? nullptr : ForwardOf(*walk.entity, *field);
      if (relation == nullptr) return TakeField(walk, *field);
    } else {
      relation = walk.entity->FindRelation(step.text);
    }
    if (relation == nullptr) {
      ReportUnknown(walk);
      return false;
    }
    if (!AllowsRelations(scope_.place) && scope_.place != Place::kInMemory) {
      Report(step.span, fmt::format("{} sees the row alone; '{}' leads to {}", NameOf(scope_.place),
                                    step.text, relation->target->name));
      return false;
    }
    if (walk.path.hops.size() >= 4) {
      Report(step.span, "a path goes over at most 4 relations");
      return false;
    }
    walk.path.hops.push_back({relation});
    walk.entity = relation->target;
    if (walk.Last()) {
      walk.path.entity = walk.entity;
      walk.type.kind = TypeKind::kNull;
      walk.type.nullable = true;
      return true;
    }
    ++walk.at;
  }
}

void ExpressionChecker::ReportUnknown(const Walk& walk) {
  const ast::Name& step = walk.Step();
  std::vector<std::string_view> names;
  for (const Field& field : walk.entity->fields) {
    if (!field.hidden) names.push_back(field.name);
  }
  for (const Relation& relation : walk.entity->relations) names.push_back(relation.name);
  if (walk.at == 0) {
    for (const Take& take : scope_.takes) names.push_back(take.name);
    for (const ViewParameter& parameter : scope_.parameters) names.push_back(parameter.name);
    for (const ViewJoin& join : scope_.joins) names.push_back(join.alias);
  }
  std::string hint = DidYouMean(step.text, names);
  if (hint.empty() && walk.expr.path.size() == 1) hint = "text is put in quotes";
  Report(step.span, fmt::format("{} has no field '{}'", walk.entity->name, step.text),
         std::move(hint));
}

bool ExpressionChecker::TakeField(Walk& walk, const Field& field) {
  const ast::Name& step = walk.Step();
  if (walk.path.hops.empty() && field.index >= scope_.fields_before) {
    Report(step.span,
           fmt::format("a default may only use fields above it, '{}' is not", field.name));
    return false;
  }
  const bool outside = scope_.place == Place::kFilter || scope_.place == Place::kInMemory;
  if (field.hidden && (outside || scope_.place == Place::kView || scope_.place == Place::kSearch ||
                       scope_.place == Place::kViewColumn || scope_.place == Place::kNotify)) {
    // From outside a hidden field cannot be told from one that is not there.
    if (outside) {
      ReportUnknown(walk);
    } else {
      Report(step.span, fmt::format("'{}' is hidden, it cannot be used in {}", field.name,
                                    NameOf(scope_.place)));
    }
    return false;
  }
  walk.path.entity = walk.entity;
  walk.path.field = &field;
  walk.type = field.type;
  walk.secret = field.IsSecret();
  if (walk.Last()) return true;
  ++walk.at;
  return WalkJson(walk, field);
}

bool ExpressionChecker::WalkJson(Walk& walk, const Field& field) {
  Type type = field.type;
  for (; walk.at < walk.expr.path.size(); ++walk.at) {
    if (!StepIntoJson(walk, type)) return false;
    walk.path.json_path.push_back(walk.Step().text);
  }
  type.nullable = true;
  if (type.kind == TypeKind::kLiteral) type.kind = TypeKind::kText;
  walk.secret = walk.secret || type.kind == TypeKind::kSecret;
  const auto& lifecycle = walk.entity->lifecycle;
  if (type.kind != TypeKind::kEnum && lifecycle && lifecycle->field == &field &&
      lifecycle->json_path == walk.path.json_path && lifecycle->enumeration != nullptr) {
    type = Type{};
    type.kind = TypeKind::kEnum;
    type.nullable = true;
    type.enumeration = lifecycle->enumeration;
  }
  walk.type = std::move(type);
  return true;
}

// The type of the step under `type`.
bool ExpressionChecker::StepIntoJson(Walk& walk, Type& type) {
  const ast::Name& step = walk.Step();
  if (type.kind == TypeKind::kList) {
    if (!IsIndex(step.text)) {
      Report(step.span, "a list is entered by a number: items.0",
             "\"x\" in items looks for a value of a list");
      return false;
    }
    type = type.element ? Type(*type.element) : Type{.kind = TypeKind::kJson};
    return true;
  }
  if (type.kind == TypeKind::kMap) {
    type = type.element ? Type(*type.element) : Type{.kind = TypeKind::kJson};
    return true;
  }
  if (type.kind != TypeKind::kJson) {
    const std::string before = walk.expr.path[walk.at - 1].text;
    Report(step.span,
           fmt::format("'{}' is {}, it has no '{}' inside", before, ToString(type), step.text));
    return false;
  }
  if (type.shape == nullptr && type.union_ == nullptr && type.by == nullptr) {
    type = Type{.kind = TypeKind::kJson};
    return true;
  }
  return StepIntoShapes(walk, type);
}

bool ExpressionChecker::StepIntoShapes(Walk& walk, Type& type) {
  const ast::Name& step = walk.Step();
  std::vector<const Shape*> shapes;
  bool free = type.by != nullptr;  // other values of the field have any JSON
  if (type.shape != nullptr) shapes.push_back(type.shape);
  if (type.union_ != nullptr) {
    for (const auto& [literal, shape] : type.union_->cases) shapes.push_back(shape);
  }
  if (type.by != nullptr) {
    for (const auto& [value, shape] : type.by->cases) shapes.push_back(shape);
  }
  std::optional<Type> found;
  std::vector<std::string_view> names;
  for (const Shape* shape : shapes) {
    free = free || shape->open || shape->rest != nullptr;
    for (const ShapeField& field : shape->fields) names.push_back(field.name);
    const ShapeField* field = shape->Find(step.text);
    if (field == nullptr && !shape->rest) continue;
    const Type& of_field = field != nullptr ? field->type : *shape->rest;
    // Where the shapes do not agree, what it is compared with decides.
    if (found && (found->kind != of_field.kind || found->enumeration != of_field.enumeration)) {
      found = Type{.kind = TypeKind::kJson};
    } else {
      found = of_field;
    }
  }
  if (!found && !free) {
    Report(step.span,
           shapes.size() == 1
               ? fmt::format("shape {} has no field '{}'", shapes[0]->name, step.text)
               : fmt::format("none of its shapes has a field '{}'", step.text),
           DidYouMean(step.text, names));
    return false;
  }
  type = found ? *found : Type{.kind = TypeKind::kJson};
  return true;
}

bool ExpressionChecker::CheckUse(const Walk& walk, Allow allow) {
  const Span span = walk.expr.span;
  if (walk.path.field == nullptr && !allow.relation) {
    const Relation& relation = *walk.path.hops.back().relation;
    Report(
        span,
        fmt::format("'{}' is a relation to {}, not a field", relation.name, relation.target->name),
        relation.IsToMany() ? fmt::format("count({}), or {}.FIELD", relation.name, relation.name)
                            : fmt::format("{}.FIELD", relation.name));
    return false;
  }
  if (walk.path.field == nullptr && !walk.path.IsToMany()) {
    Report(span, "there is one row at the end of this relation, not many");
    return false;
  }
  if (walk.path.IsToMany() && !allow.to_many) {
    Report(span, "this path leads to many rows",
           "compare it (any of them), or use count, sum, min, max, avg, list");
    return false;
  }
  if (walk.path.IsToMany() && walk.path.root == Root::kOld) {
    Report(span, "'old' has the fields of the row, not its relations");
    return false;
  }
  const bool written = scope_.place == Place::kSet || scope_.place == Place::kDefault;
  if (walk.secret && !allow.secret && !written) {
    Report(span, fmt::format("'{}' is sealed, it cannot be read in {}", walk.expr.path.back().text,
                             NameOf(scope_.place)));
    return false;
  }
  return true;
}

}  // namespace tenon::model
