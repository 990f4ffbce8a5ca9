// The clauses of an entity that are neither fields, indexes nor events.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/builder.h"

namespace tenon::model {

bool IsSqlSafe(const Expression& e, bool json_paths) {
  switch (e.op) {
    case Op::kLiteral: {
      const TypeKind kind = e.type.kind;
      return kind != TypeKind::kJson && kind != TypeKind::kList && kind != TypeKind::kDuration;
    }
    case Op::kPath:
      return e.path.hops.empty() && (json_paths || e.path.json_path.empty()) &&
             e.path.root == Root::kRow && !e.type.IsJson() && e.type.kind != TypeKind::kDuration &&
             e.type.kind != TypeKind::kFloat;
    case Op::kCall:
      if (e.name != "length" || e.args[0]->type.IsJson()) return false;
      break;
    case Op::kAdd:
    case Op::kSub:
      // Sums of times are functions of their own in each database.
      if (e.type.kind != TypeKind::kInt) return false;
      break;
    case Op::kAnd:
    case Op::kOr:
    case Op::kNot:
    case Op::kEq:
    case Op::kNe:
    case Op::kLt:
    case Op::kLe:
    case Op::kGt:
    case Op::kGe:
      break;
    case Op::kIn:
      if (e.args.size() == 2 && e.args[1]->type.IsJson()) return false;
      break;
    default:
      return false;
  }
  return std::all_of(e.args.begin(), e.args.end(),
                     [&](const ExpressionPtr& arg) { return IsSqlSafe(*arg, json_paths); });
}

void Builder::BuildClauses(Work& work) {
  EachItem(work, [&](const ast::Item& item, bool extends) {
    const bool settled =
        std::holds_alternative<ast::SoftDelete>(item) ||
        std::holds_alternative<ast::AppendOnly>(item) ||
        std::holds_alternative<ast::WrittenBy>(item) ||
        std::holds_alternative<ast::Idempotent>(item) || std::holds_alternative<ast::Purge>(item) ||
        std::holds_alternative<ast::Quota>(item) || std::holds_alternative<ast::Partition>(item);
    if (extends && settled) {
      std::visit(
          [&](const auto& clause) {
            Report(
                clause.span, "an extension cannot change this",
                "it may add fields, index, unique, check, notify, many, search, permit and events");
          },
          item);
      return;
    }
    std::visit([&](const auto& clause) { BuildClause(work, clause); }, item);
  });
}

bool Builder::Once(Work& work, std::string_view clause, Span span) {
  if (work.seen_clauses.insert(std::string(clause)).second) return true;
  Report(span, fmt::format("{} has '{}' already", work.entity->name, clause));
  return false;
}

void Builder::BuildClause(Work& work, const ast::SoftDelete& ast) {
  if (!Once(work, "soft delete", ast.span)) return;
  Entity& entity = *work.entity;
  const ExpressionPtr path = ResolveTarget(entity, ast.path, Place::kSet);
  SoftDelete out;
  if (ast.shape) {
    Type type;
    UseShape(ast.shape, type);
    out.shape = type.shape;
    if (out.shape != nullptr) {
      const ShapeField* at = out.shape->Find("at");
      if (at == nullptr || at->type.kind != TypeKind::kTime) {
        Report(ast.shape.span, fmt::format("shape {} needs the field 'at time'", out.shape->name));
      }
    }
  }
  if (!path) return;
  const Span span = Join(ast.path.front().span, ast.path.back().span);
  out.field = path->path.field;
  out.json_path = path->path.json_path;
  const Type& type = path->type;
  if (!type.nullable) {
    Report(span,
           fmt::format("'{}' must be nullable: a live row has no mark", ast.path.back().text));
  }
  const bool json = type.kind == TypeKind::kJson;
  if (out.shape == nullptr && json && type.shape != nullptr) out.shape = type.shape;
  if (out.shape != nullptr ? !json
                           : (type.kind != TypeKind::kTime && !(json && !out.json_path.empty()))) {
    Report(span, fmt::format("this is {}; the mark is a time, or JSON of a shape", ToString(type)),
           "deleted_at time?");
  }
  entity.soft_delete = std::move(out);
}

void Builder::BuildClause(Work& work, const ast::AppendOnly& ast) {
  if (!Once(work, "append only", ast.span)) return;
  Entity& entity = *work.entity;
  entity.append_only = true;
  std::vector<std::string_view> names;
  for (const Event& event : entity.events) names.push_back(event.name);
  for (const ast::Name& name : ast.except) {
    if (entity.FindEvent(name.text).empty()) {
      Report(name.span, fmt::format("{} has no event '{}'", entity.name, name.text),
             DidYouMean(name.text, names));
      continue;
    }
    entity.append_only_except.push_back(name.text);
  }
}

void Builder::BuildClause(Work& work, const ast::WrittenBy& ast) {
  if (Once(work, "written by engine", ast.span)) work.entity->written_by_engine = true;
}

void Builder::BuildClause(Work& work, const ast::Idempotent& ast) {
  if (!Once(work, "idempotent by", ast.span)) return;
  Entity& entity = *work.entity;
  Idempotency out;
  for (const ast::Name& name : ast.fields) {
    const Field* field = FindField(entity, name);
    if (field == nullptr) continue;
    if (field->type.IsJson() || field->IsSecret()) {
      Report(name.span,
             fmt::format("'{}' is {}, which cannot be compared", name.text, ToString(field->type)),
             "idempotent by FIELD = sha256(...)");
    }
    out.fields.push_back(field);
  }
  if (ast.value) {
    const Field* field = FindField(entity, ast.field);
    Scope scope;
    scope.row = &entity;
    scope.place = Place::kIdempotent;
    ExpressionChecker checker(scope, sink_);
    if (field == nullptr) {
      checker.Check(*ast.value);
      return;
    }
    out.field = field;
    out.value = checker.CheckValue(*ast.value, field->type, fmt::format("'{}'", field->name));
    if (field->key || field->automatic != Auto::kNone || field->default_value) {
      Report(ast.field.span, fmt::format("'{}' has a value from elsewhere", field->name));
    }
    if (!out.value) return;
    entity.fields[static_cast<std::size_t>(field->index)].computed = true;
  }
  if (ast.value || out.fields.size() == ast.fields.size()) entity.idempotency = std::move(out);
}

void Builder::BuildClause(Work& work, const ast::Check& ast) {
  Scope scope;
  scope.row = work.entity;
  scope.place = Place::kCheck;
  Check out;
  out.condition = ExpressionChecker(scope, sink_).CheckCondition(*ast.condition);
  out.message = ast.message.text;
  out.span = ast.span;
  if (out.message.empty()) Report(ast.message.span, "a caller needs to be told what is wrong");
  if (!out.condition) return;
  out.sql_safe = IsSqlSafe(*out.condition);
  work.entity->checks.push_back(std::move(out));
}

void Builder::BuildClause(Work& work, const ast::Purge& ast) {
  if (!Once(work, "purge when", ast.span)) return;
  Scope scope;
  scope.row = work.entity;
  scope.place = Place::kPurge;
  Purge out;
  out.when = ExpressionChecker(scope, sink_).CheckCondition(*ast.when);
  out.daily_at_minutes = ast.daily_at_minutes;
  out.archive = ast.archive;
  if (out.when) work.entity->purge = std::move(out);
}

void Builder::BuildClause(Work& work, const ast::Notify& ast) {
  Scope scope;
  scope.row = work.entity;
  scope.place = Place::kNotify;
  Notify out;
  out.type = ast.type.text;
  out.span = ast.span;
  // The models' own list of types, when they have one, catches a wrong name.
  const auto found = types_.find("NotificationType");
  if (found != types_.end() && found->second.enumeration != nullptr &&
      !found->second.enumeration->Has(out.type)) {
    std::vector<std::string_view> names;
    for (const EnumValue& value : found->second.enumeration->values) names.push_back(value.name);
    std::string hint = DidYouMean(out.type, names);
    if (hint.empty()) hint = fmt::format("extend enum NotificationType {{ {} }}", out.type);
    Report(ast.type.span, fmt::format("NotificationType has no value {}", out.type), hint);
  }
  for (const ast::Name& channel : ast.channels) out.channels.push_back(channel.text);
  out.when = ExpressionChecker(scope, sink_).CheckCondition(*ast.when);
  for (const auto& path : ast.payload) {
    const ExpressionPtr checked = ExpressionChecker(scope, sink_).CheckPath(*path);
    if (checked) out.payload.push_back(checked->path);
  }
  if (out.when) work.entity->notifies.push_back(std::move(out));
}

void Builder::BuildClause(Work& work, const ast::Edge& ast) {
  Entity& entity = *work.entity;
  Edge out;
  const auto side = [&](const ast::Name& name) -> const Field* {
    const Field* field = FindField(entity, name);
    if (field == nullptr || field->reference) return field;
    Report(name.span, fmt::format("'{}' references nothing, an edge joins two rows", name.text));
    return nullptr;
  };
  out.from = side(ast.from);
  out.to = side(ast.to);
  Scope scope;
  scope.row = &entity;
  scope.place = Place::kEdge;
  Type text;
  out.kind = ExpressionChecker(scope, sink_).CheckValue(*ast.kind, text, "the kind of an edge");
  if (out.from != nullptr && out.to != nullptr && out.kind) entity.edges.push_back(std::move(out));
}

void Builder::BuildClause(Work& work, const ast::NodeLabel& ast) {
  if (!Once(work, "node label", ast.span)) return;
  const Field* field = FindField(*work.entity, ast.field);
  if (field == nullptr) return;
  if (field->IsSecret() || field->hidden || field->type.IsJson()) {
    Report(ast.field.span,
           fmt::format("'{}' cannot be a label: everybody would see it, as text", ast.field.text));
  }
  work.entity->node_label = field;
}

void Builder::BuildClause(Work& work, const ast::Search& ast) {
  Scope scope;
  scope.row = work.entity;
  scope.place = Place::kSearch;
  for (const auto& path : ast.paths) {
    const ExpressionPtr checked = ExpressionChecker(scope, sink_).CheckPath(*path);
    if (!checked) continue;
    std::string text = ToString(*checked);
    if (!work.seen_clauses.insert("search " + text).second) {
      Report(path->span, fmt::format("'{}' is searched already", text));
      continue;
    }
    work.entity->search_paths.push_back(std::move(text));
  }
}

void Builder::BuildClause(Work& work, const ast::Quota& ast) {
  if (!Once(work, "quota", ast.span)) return;
  if (ast.max && *ast.max < 1) Report(ast.span, "a quota is at least 1", "leave it out for none");
  work.entity->quota = Quota{ast.name.text, ast.max.value_or(0)};
}

void Builder::BuildClause(Work& work, const ast::Permit& ast) {
  Entity& entity = *work.entity;
  CheckRoles({ast.role});
  static constexpr std::array<std::string_view, 5> kActions = {"read", "create", "update", "delete",
                                                               "restore"};
  std::vector<std::string_view> names(kActions.begin(), kActions.end());
  for (const Event& event : entity.events) names.push_back(event.name);
  Permit out;
  out.role = ast.role.text;
  for (const ast::Name& action : ast.actions) {
    if (std::find(names.begin(), names.end(), action.text) == names.end()) {
      Report(action.span, fmt::format("{} has no action or event '{}'", entity.name, action.text),
             DidYouMean(action.text, names));
    }
    out.actions.push_back(action.text);
  }
  for (Permit& known : entity.permits) {
    if (known.role != out.role) continue;
    known.actions.insert(known.actions.end(), out.actions.begin(), out.actions.end());
    return;
  }
  entity.permits.push_back(std::move(out));
}

void Builder::BuildClause(Work& work, const ast::Partition& ast) {
  if (!Once(work, "partition by month", ast.span)) return;
  const Entity& entity = *work.entity;
  const Field* id = nullptr;
  for (const Field* field : entity.key) {
    if (!field->tenant) id = field;
  }
  if (id == nullptr || id->type.kind != TypeKind::kUuid || id->type.uuid_version != 7) {
    Report(ast.span, "only a key that is a UUID version 7 carries its month", "id uuid key");
  }
  work.entity->partition_by_month = true;
}

}  // namespace tenon::model
