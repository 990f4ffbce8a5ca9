// Lifecycles and events.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/builder.h"

namespace tenon::model {
namespace {

constexpr std::array<std::string_view, 6> kRoles = {"reader",   "writer", "operator",
                                                    "approver", "admin",  "system"};

// Words that the interface already has for rows.
constexpr std::array<std::string_view, 6> kReserved = {"read",   "create",  "update",
                                                       "delete", "restore", "batch"};

}  // namespace

bool Builder::IsState(const Lifecycle& lifecycle, std::string_view name) const {
  return std::find(lifecycle.states.begin(), lifecycle.states.end(), name) !=
         lifecycle.states.end();
}

void Builder::BuildLifecycle(Work& work) {
  const ast::Lifecycle* found = nullptr;
  EachItem(work, [&](const ast::Item& item, bool extends) {
    const auto* lifecycle = std::get_if<ast::Lifecycle>(&item);
    if (lifecycle == nullptr) return;
    if (extends) {
      Report(lifecycle->path[0].span, "an extension cannot change the lifecycle");
    } else if (found != nullptr) {
      ReportClash(lifecycle->path[0].span, "the lifecycle of", work.entity->name, found->span);
    } else {
      found = lifecycle;
    }
  });
  if (found != nullptr) BuildStates(work, *found);
}

void Builder::BuildStates(Work& work, const ast::Lifecycle& ast) {
  Entity& entity = *work.entity;
  const Field* field = FindField(entity, ast.path[0]);
  if (field == nullptr) return;
  Lifecycle out;
  out.field = field;
  const Span at = Join(ast.path.front().span, ast.path.back().span);
  if (ast.path.size() > 1) {
    if (!StatesOfPath(work, ast, out)) return;
  } else if (field->type.kind == TypeKind::kEnum) {
    out.enumeration = field->type.enumeration;
    for (const EnumValue& value : out.enumeration->values) out.states.push_back(value.name);
  } else if (field->type.kind == TypeKind::kBool && field->type.nullable) {
    out.states = {"null", "true", "false"};
  } else {
    Report(at, fmt::format("'{}' is {}; a lifecycle is of an enum, a bool? or a JSON path",
                           field->name, ToString(field->type)));
    return;
  }
  if (field->key || field->automatic != Auto::kNone) {
    Report(at,
           fmt::format("'{}' cannot have a lifecycle: it is a key, or the engine's", field->name));
  }
  if (!ast.initial) {
    Report(at, "a lifecycle says where it begins", "initial STATE");
    out.initial = out.states.empty() ? "" : out.states.front();
  } else {
    out.initial = ast.initial.text;
    if (!IsState(out, out.initial)) {
      std::vector<std::string_view> names(out.states.begin(), out.states.end());
      Report(ast.initial.span, fmt::format("'{}' has no state {}", field->name, out.initial),
             DidYouMean(out.initial, names));
    }
  }
  for (const ast::Name& other : ast.may_begin) {
    if (!IsState(out, other.text)) {
      std::vector<std::string_view> names(out.states.begin(), out.states.end());
      Report(other.span, fmt::format("'{}' has no state {}", field->name, other.text),
             DidYouMean(other.text, names));
    }
    out.may_begin.push_back(other.text);
  }
  // The initial state first, the others as declared.
  std::stable_partition(out.states.begin(), out.states.end(),
                        [&](const std::string& state) { return state == out.initial; });
  Field& own = entity.fields[static_cast<std::size_t>(field->index)];
  if (ast.path.size() == 1 && out.enumeration != nullptr) {
    auto initial = std::make_shared<Expression>();
    initial->op = Op::kLiteral;
    initial->span = ast.initial.span;
    initial->type.kind = TypeKind::kEnum;
    initial->type.enumeration = out.enumeration;
    initial->value = Value(out.initial);
    own.default_value = std::move(initial);
  }
  entity.lifecycle = std::move(out);
}

// The states of a JSON path: the enum of that path in the field's shape, else those that are named.
bool Builder::StatesOfPath(Work& work, const ast::Lifecycle& ast, Lifecycle& out) {
  const ExpressionPtr path = ResolveTarget(*work.entity, ast.path, Place::kSet);
  if (!path) return false;
  out.json_path = path->path.json_path;
  if (path->type.kind == TypeKind::kEnum) {
    out.enumeration = path->type.enumeration;
    for (const EnumValue& value : out.enumeration->values) out.states.push_back(value.name);
    return true;
  }
  if (path->type.kind != TypeKind::kJson && path->type.kind != TypeKind::kText) {
    Report(ast.path.back().span,
           fmt::format("this is {}; a lifecycle is of an enum", ToString(path->type)));
    return false;
  }
  auto made = std::make_unique<Enum>();
  made->span = ast.span;
  const auto add = [&](const ast::Name& name) {
    if (!name || made->Has(name.text)) return;
    made->values.push_back({name.text, "", ""});
    out.states.push_back(name.text);
  };
  add(ast.initial);
  for (const ast::Name& other : ast.may_begin) add(other);
  for (const ast::Event& event : ast.events) {
    for (const ast::Name& from : event.from) add(from);
    add(event.to);
  }
  out.enumeration = made.get();
  model_->enums.push_back(std::move(made));
  return true;
}

void Builder::BuildEvents(Work& work) {
  EachItem(work, [&](const ast::Item& item, bool extends) {
    if (const auto* event = std::get_if<ast::Event>(&item)) BuildEvent(work, *event, false);
    const auto* lifecycle = std::get_if<ast::Lifecycle>(&item);
    if (lifecycle == nullptr || extends) return;
    for (const ast::Event& event : lifecycle->events) BuildEvent(work, event, true);
  });
}

void Builder::BuildEvent(Work& work, const ast::Event& ast, bool in_lifecycle) {
  Entity& entity = *work.entity;
  if (!Room(entity.events.size(), "events", ast.name.span)) return;
  Event out;
  out.name = ast.name.text;
  out.description = ast.description ? ast.description->text : "";
  out.span = ast.name.span;
  out.quiet = ast.quiet;
  CheckLength(ast.name);
  if (std::find(kReserved.begin(), kReserved.end(), out.name) != kReserved.end()) {
    Report(ast.name.span,
           fmt::format("'{}' is what every entity has, an event needs another name", out.name));
  }
  if (ast.to && !in_lifecycle) {
    Report(ast.to.span, "an event that changes the state stands inside the lifecycle");
    return;
  }
  if (ast.to && !entity.lifecycle) return;  // the lifecycle itself was wrong
  BuildEventStates(work, ast, out);
  CheckRoles(ast.by);
  for (const ast::Name& role : ast.by) out.by.push_back(role.text);
  BuildTakes(work, ast, out);
  // Expressions follow in FinishEvents, when every name is known.
  entity.events.push_back(std::move(out));
}

void Builder::BuildEventStates(Work& work, const ast::Event& ast, Event& out) {
  Entity& entity = *work.entity;
  if (!ast.to) {
    out.any_state = true;
    return;
  }
  const Lifecycle& lifecycle = *entity.lifecycle;
  std::vector<std::string_view> names(lifecycle.states.begin(), lifecycle.states.end());
  const std::string label =
      lifecycle.json_path.empty() ? lifecycle.field->name : lifecycle.json_path.back();
  const auto check = [&](const ast::Name& state) {
    if (IsState(lifecycle, state.text)) return true;
    Report(state.span, fmt::format("'{}' has no state {}", label, state.text),
           DidYouMean(state.text, names));
    return false;
  };
  out.any_state = ast.any_state;
  for (const ast::Name& state : ast.from) {
    if (!check(state)) continue;
    if (std::find(out.from.begin(), out.from.end(), state.text) != out.from.end()) {
      Report(state.span, fmt::format("{} is given twice", state.text));
    }
    for (const Event& other : entity.events) {
      const bool same = other.name == out.name && other.to &&
                        (other.any_state || std::find(other.from.begin(), other.from.end(),
                                                      state.text) != other.from.end());
      if (same) ReportClash(state.span, fmt::format("'{}' from", out.name), state.text, other.span);
    }
    out.from.push_back(state.text);
  }
  if (check(ast.to)) out.to = ast.to.text;
}

void Builder::CheckRoles(const std::vector<ast::Name>& roles) {
  std::vector<std::string_view> names(kRoles.begin(), kRoles.end());
  // A model's enum Role may name more.
  const auto found = types_.find("Role");
  if (found != types_.end() && found->second.enumeration != nullptr) {
    for (const EnumValue& value : found->second.enumeration->values) names.push_back(value.name);
  }
  for (const ast::Name& role : roles) {
    if (std::find(names.begin(), names.end(), role.text) != names.end()) continue;
    std::string hint = DidYouMean(role.text, names);
    if (hint.empty()) hint = "roles are " + OneOf(kRoles);
    Report(role.span, fmt::format("there is no role '{}'", role.text), hint);
  }
}

void Builder::BuildTakes(Work& work, const ast::Event& ast, Event& out) {
  Entity& entity = *work.entity;
  for (const ast::Take& take : ast.takes) {
    Take made;
    made.name = take.name.text;
    made.optional = take.optional;
    for (const Take& known : out.takes) {
      if (known.name == made.name)
        Report(take.name.span, fmt::format("'{}' is taken twice", made.name));
    }
    if (take.type) {
      if (const Field* field = entity.FindField(made.name)) {
        Report(take.name.span,
               fmt::format("'{}' is a field of {}: it has its type from there", made.name,
                           entity.name),
               fmt::format("takes {}{}", field->name, made.optional ? "?" : ""));
        continue;
      }
      made.type = BuildType(*take.type);
      if (made.type.kind == TypeKind::kSecret) {
        Report(take.type->span, "a secret is taken into a field, where it is sealed");
      }
      made.optional = made.type.nullable;
      out.takes.push_back(std::move(made));
      continue;
    }
    const Field* field = FindField(entity, take.name);
    if (field == nullptr) continue;
    const bool own =
        entity.lifecycle && entity.lifecycle->field == field && entity.lifecycle->json_path.empty();
    if (own || field->tenant || field->automatic != Auto::kNone || field->key || field->lock) {
      Report(take.name.span, fmt::format("'{}' is not the caller's to write", field->name),
             own ? "the event itself changes it" : "");
    } else if (field->once) {
      Report(take.name.span, fmt::format("'{}' is set once, at creation", field->name));
    }
    made.field = field;
    made.type = field->type;
    out.takes.push_back(std::move(made));
  }
}

// Guards and assignments, and whether `on delete EVENT` names an event.
void Builder::FinishEvents(Work& work) {
  Entity& entity = *work.entity;
  std::size_t at = 0;
  const auto finish = [&](const ast::Event& ast) {
    if (at >= entity.events.size() || entity.events[at].span.offset != ast.name.span.offset ||
        entity.events[at].span.file != ast.name.span.file) {
      return;  // it was refused before
    }
    Event& out = entity.events[at++];
    Scope scope;
    scope.row = &entity;
    scope.takes = out.takes;
    if (ast.when) {
      scope.place = Place::kWhen;
      out.when = ExpressionChecker(scope, sink_).CheckCondition(*ast.when);
    }
    if (ast.auto_when) {
      Scope clock = scope;
      clock.place = Place::kAuto;
      clock.takes = {};
      out.auto_when = ExpressionChecker(clock, sink_).CheckCondition(*ast.auto_when);
      if (out.auto_when) CheckBacked(entity, *out.auto_when, "'auto when'");
      for (const Take& take : out.takes) {
        if (take.optional) continue;
        Report(ast.name.span, fmt::format("the clock cannot give '{}'", take.name),
               fmt::format("takes {}?", take.name));
      }
    }
    BuildSet(work, ast, out);
  };
  EachItem(work, [&](const ast::Item& item, bool extends) {
    if (const auto* event = std::get_if<ast::Event>(&item)) finish(*event);
    const auto* lifecycle = std::get_if<ast::Lifecycle>(&item);
    if (lifecycle == nullptr || extends) return;
    for (const ast::Event& event : lifecycle->events) finish(event);
  });
  if (entity.purge && entity.purge->when) CheckBacked(entity, *entity.purge->when, "'purge when'");
  for (const Field& field : entity.fields) {
    if (!field.reference || field.reference->on_delete != OnDelete::kEvent) continue;
    const ast::Field* ast = work.field_asts[static_cast<std::size_t>(field.index)];
    const auto events = entity.FindEvent(field.reference->on_delete_event);
    if (events.empty()) {
      std::vector<std::string_view> names = {"cascade", "restrict", "null"};
      for (const Event& event : entity.events) names.push_back(event.name);
      Report(ast->reference->on_delete.span,
             fmt::format("{} has no event '{}'", entity.name, field.reference->on_delete_event),
             DidYouMean(field.reference->on_delete_event, names));
      continue;
    }
    for (const Event* event : events) {
      for (const Take& take : event->takes) {
        if (take.optional) continue;
        Report(
            ast->reference->on_delete.span,
            fmt::format("'{}' needs '{}', which a deletion cannot give", event->name, take.name));
      }
    }
  }
}

void Builder::BuildSet(Work& work, const ast::Event& ast, Event& out) {
  Entity& entity = *work.entity;
  for (const ast::Assignment& assignment : ast.set) {
    const ExpressionPtr target = ResolveTarget(entity, assignment.path, Place::kSet);
    Scope scope;
    scope.row = &entity;
    scope.place = Place::kSet;
    scope.takes = out.takes;
    ExpressionChecker checker(scope, sink_);
    if (!target) {
      checker.Check(*assignment.value);  // for its own errors
      continue;
    }
    const Span at = Join(assignment.path.front().span, assignment.path.back().span);
    const Field& field = *target->path.field;
    const auto& json_path = target->path.json_path;
    if (entity.lifecycle && entity.lifecycle->field == &field &&
        entity.lifecycle->json_path == json_path) {
      Report(at, fmt::format("only the event itself changes '{}'", assignment.path.back().text));
      continue;
    }
    if (field.tenant || field.key || field.lock || (field.automatic != Auto::kNone) ||
        field.computed) {
      Report(at, fmt::format("'{}' is the engine's", field.name));
      continue;
    }
    Assignment made;
    made.field = &field;
    made.json_path = json_path;
    const bool free =
        !json_path.empty() && target->type.kind == TypeKind::kJson && target->type.shape == nullptr;
    Type type = target->type;
    if (!json_path.empty()) type.nullable = true;  // null takes the key away
    made.value = free
                     ? checker.Check(*assignment.value)
                     : checker.CheckValue(*assignment.value, type, fmt::format("'{}'", field.name));
    if (made.value) out.set.push_back(std::move(made));
  }
}

}  // namespace tenon::model
