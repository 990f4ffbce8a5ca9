// Views.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "model/builder.h"

namespace tenon::model {

void Builder::BuildView(const ast::View& ast, const std::string& model) {
  auto out = std::make_unique<View>();
  out->name = ast.name.text;
  out->model = model;
  out->description = ast.description ? ast.description->text : "";
  out->span = ast.name.span;
  CheckLength(ast.name);
  BuildParameters(ast, *out);
  if (ast.bodies.empty()) Report(ast.name.span, "a view needs a body", "of ENTITY { select ... }");
  bool fine = true;
  for (const ast::ViewBody& body : ast.bodies) fine = BuildBody(body, *out) && fine;
  if (fine) CheckUnion(ast, *out);
  model_->views.push_back(std::move(out));
}

void Builder::BuildParameters(const ast::View& ast, View& out) {
  for (const ast::Parameter& parameter : ast.parameters) {
    for (const ViewParameter& known : out.parameters) {
      if (known.name == parameter.name.text) {
        Report(parameter.name.span, fmt::format("the parameter '{}' is there already", known.name));
      }
    }
    for (const ast::ViewBody& body : ast.bodies) {
      const auto entity = types_.find(body.entity.text);
      if (entity == types_.end() || entity->second.work == nullptr) continue;
      if (entity->second.work->entity->FindField(parameter.name.text) == nullptr) continue;
      Report(parameter.name.span,
             fmt::format("the parameter '{}' has the name of a column of {}", parameter.name.text,
                         body.entity.text),
             "give it another name");
      break;
    }
    ViewParameter made;
    made.name = parameter.name.text;
    made.type = BuildType(parameter.type);
    if (made.type.kind == TypeKind::kSecret)
      Report(parameter.type.span, "a secret is no parameter");
    made.optional = made.type.nullable || parameter.default_value;
    if (parameter.default_value) {
      const ExpressionPtr value =
          ExpressionChecker(Scope{.place = Place::kView}, sink_)
              .CheckValue(*parameter.default_value, made.type, fmt::format("'{}'", made.name));
      if (value && value->op != Op::kLiteral) {
        Report(parameter.default_value->span, "the default of a parameter is a literal");
      } else if (value) {
        made.default_value = value->value;
      }
    }
    out.parameters.push_back(std::move(made));
  }
}

bool Builder::BuildBody(const ast::ViewBody& ast, View& view) {
  const std::size_t errors = sink_.Count();
  Work* work = FindWork(ast.entity, "entity");
  if (work == nullptr) return false;
  ViewBody out;
  out.entity = work->entity;
  Scope scope;
  scope.row = work->entity;
  scope.place = Place::kView;
  scope.parameters = view.parameters;
  for (const ast::ViewJoin& join : ast.joins) {
    Work* joined = FindWork(join.entity, "entity");
    if (joined == nullptr) continue;
    const std::string& alias = join.alias.text;
    const bool taken = work->entity->FindField(alias) != nullptr ||
                       work->entity->FindRelation(alias) != nullptr ||
                       std::any_of(out.joins.begin(), out.joins.end(),
                                   [&](const ViewJoin& known) { return known.alias == alias; });
    if (taken) Report(join.alias.span, fmt::format("'{}' means something else already", alias));
    out.joins.push_back({joined->entity, alias, nullptr});
  }
  scope.joins = out.joins;
  for (std::size_t i = 0; i < ast.joins.size() && i < out.joins.size(); ++i) {
    out.joins[i].on = ExpressionChecker(scope, sink_).CheckCondition(*ast.joins[i].on);
  }
  if (ast.where) out.where = ExpressionChecker(scope, sink_).CheckCondition(*ast.where);
  for (const auto& path : ast.group) {
    ExpressionPtr checked = ExpressionChecker(scope, sink_).CheckPath(*path);
    if (checked && checked->type.IsJson() && checked->path.json_path.empty()) {
      Report(path->span, fmt::format("'{}' is {}, which cannot be grouped", ToString(*checked),
                                     ToString(checked->type)));
    }
    if (checked) out.group.push_back(std::move(checked));
  }
  bool aggregated = false;
  if (ast.select.empty()) Report(ast.entity.span, "a view says what it shows", "select *");
  BuildColumns(ast.select, scope, false, out.select, aggregated);
  BuildOrder(ast, scope, out, aggregated);
  out.grouped = aggregated || !out.group.empty();
  if (ast.limit_is_number) {
    std::int64_t limit = 0;
    const std::string& text = ast.limit.text;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (read.ec != std::errc() || limit < 1 || limit > 100000) {
      Report(ast.limit.span, "a limit is between 1 and 100,000");
    }
    out.limit = limit;
  } else if (ast.limit) {
    const auto found =
        std::find_if(view.parameters.begin(), view.parameters.end(),
                     [&](const ViewParameter& p) { return p.name == ast.limit.text; });
    if (found == view.parameters.end() || found->type.kind != TypeKind::kInt) {
      Report(ast.limit.span, fmt::format("there is no int parameter '{}'", ast.limit.text));
    }
    out.limit_parameter = ast.limit.text;
  }
  if (sink_.Count() != errors) return false;
  if (out.grouped) CheckGrouped(ast, out);
  view.bodies.push_back(std::move(out));
  return sink_.Count() == errors;
}

bool Builder::BuildColumns(const std::vector<ast::ViewColumn>& ast, const Scope& scope, bool nested,
                           std::vector<ViewColumn>& out, bool& aggregated) {
  const auto add = [&](ViewColumn column, Span span) {
    for (const ViewColumn& known : out) {
      if (known.name == column.name) {
        Report(span, fmt::format("there are two columns '{}'", column.name), "as NAME");
        return;
      }
    }
    out.push_back(std::move(column));
  };
  for (const ast::ViewColumn& column : ast) {
    if (column.all) {
      for (const Field& field : scope.row->fields) {
        if (field.hidden || field.IsSecret()) continue;
        auto value = std::make_shared<Expression>();
        value->op = Op::kPath;
        value->span = column.span;
        value->type = field.type;
        value->path.entity = scope.row;
        value->path.field = &field;
        add({field.name, std::move(value), nullptr, {}, {}}, column.span);
      }
      continue;
    }
    ViewColumn made;
    if (column.relation) {
      if (!BuildNested(column, scope, made)) continue;
    } else {
      Scope place = scope;
      place.place = nested ? Place::kView : Place::kViewColumn;
      ExpressionChecker checker(place, sink_);
      made.value = checker.Check(*column.value);
      aggregated = aggregated || checker.SawRowAggregate();
      if (!made.value) continue;
      if (made.value->type.kind == TypeKind::kNull && made.value->op == Op::kLiteral) {
        Report(column.value->span, "null has no type to show");
      }
      if (!column.as && made.value->op != Op::kPath) {
        Report(column.span, "this column needs a name", "as NAME");
        continue;
      }
      made.name = column.as ? column.as.text : column.value->path.back().text;
    }
    add(std::move(made), column.span);
  }
  return true;
}

bool Builder::BuildNested(const ast::ViewColumn& ast, const Scope& scope, ViewColumn& out) {
  const Relation* relation = scope.row->FindRelation(ast.relation.text);
  if (relation == nullptr) {
    std::vector<std::string_view> names;
    for (const Relation& known : scope.row->relations) names.push_back(known.name);
    Report(ast.relation.span,
           fmt::format("{} has no relation '{}'", scope.row->name, ast.relation.text),
           DidYouMean(ast.relation.text, names));
    return false;
  }
  out.name = ast.as ? ast.as.text : ast.relation.text;
  out.nested = relation;
  Scope inner = scope;
  inner.row = relation->target;
  inner.joins = {};
  bool aggregated = false;
  BuildColumns(ast.columns, inner, true, out.columns, aggregated);
  if (ast.columns.empty()) Report(ast.relation.span, "no columns", "{ * }");
  for (const ViewColumn& column : out.columns) {
    if (column.nested == nullptr) continue;
    Report(ast.relation.span, "related rows are shown one level deep");
    break;
  }
  if (ast.order) {
    inner.place = Place::kView;
    ExpressionPtr key = ExpressionChecker(inner, sink_).Check(*ast.order->value);
    if (key) out.order.emplace_back(std::move(key), ast.order->descending);
  }
  return true;
}

// By columns of the row, or by the name of a result column, which then stands for its expression.
bool Builder::BuildOrder(const ast::ViewBody& ast, const Scope& scope, ViewBody& out,
                         bool& aggregated) {
  Scope place = scope;
  place.place = Place::kViewColumn;
  for (const ast::Order& order : ast.order) {
    const ast::Expr& expr = *order.value;
    ExpressionPtr key;
    if (expr.kind == ast::ExprKind::kPath && expr.path.size() == 1) {
      for (const ViewColumn& column : out.select) {
        if (column.name == expr.path[0].text && column.value) key = column.value;
      }
    }
    if (!key) {
      ExpressionChecker checker(place, sink_);
      key = checker.Check(expr);
      aggregated = aggregated || checker.SawRowAggregate();
    }
    if (!key) continue;
    if (key->type.IsJson()) {
      Report(expr.span, fmt::format("{} has no order", ToString(key->type)));
      continue;
    }
    out.order.emplace_back(std::move(key), order.descending);
  }
  return true;
}

namespace {

bool SamePath(const Path& a, const Path& b) {
  return a.field == b.field && a.json_path == b.json_path && a.join_alias == b.join_alias &&
         a.hops.size() == b.hops.size() &&
         std::equal(a.hops.begin(), a.hops.end(), b.hops.begin(),
                    [](const Hop& x, const Hop& y) { return x.relation == y.relation; });
}

// The first path that is neither grouped nor aggregated, or null.
const Expression* Ungrouped(const Expression& e, const ViewBody& body, bool by_key) {
  if (e.op == Op::kPath) {
    // With the key in the group, the row is known, and so is everything about it.
    if (by_key && e.path.join_alias.empty()) return nullptr;
    const bool grouped =
        std::any_of(body.group.begin(), body.group.end(),
                    [&](const ExpressionPtr& g) { return SamePath(g->path, e.path); });
    return grouped ? nullptr : &e;
  }
  if (e.op == Op::kAggregate) {
    const bool over_relation = !e.args.empty() && HasToMany(*e.args[0]);
    return over_relation && !by_key ? &e : nullptr;
  }
  for (const ExpressionPtr& arg : e.args) {
    if (const Expression* found = Ungrouped(*arg, body, by_key)) return found;
  }
  return nullptr;
}

}  // namespace

void Builder::CheckGrouped(const ast::ViewBody& ast, const ViewBody& body) {
  const bool by_key =
      std::all_of(body.entity->key.begin(), body.entity->key.end(), [&](const Field* field) {
        return std::any_of(body.group.begin(), body.group.end(), [&](const ExpressionPtr& group) {
          return group->path.hops.empty() && group->path.join_alias.empty() &&
                 group->path.field == field && group->path.json_path.empty();
        });
      });
  const auto check = [&](const Expression& e) {
    const Expression* found = Ungrouped(e, body, by_key);
    if (found == nullptr) return;
    Report(found->span, fmt::format("'{}' differs from row to row of a group", ToString(*found)),
           body.group.empty() ? "group it, or aggregate it: max(...), list(...)"
                              : "add it to 'group', or aggregate it: max(...), list(...)");
  };
  for (const ViewColumn& column : body.select) {
    if (column.value) {
      check(*column.value);
    } else if (!by_key) {
      Report(ast.entity.span,
             fmt::format("'{}' shows rows of one row, but the view is grouped", column.name));
    }
  }
  for (const auto& [key, descending] : body.order) check(*key);
}

void Builder::CheckUnion(const ast::View& ast, const View& view) {
  for (std::size_t i = 1; i < view.bodies.size(); ++i) {
    const auto& first = view.bodies[0].select;
    const auto& other = view.bodies[i].select;
    const Span at = ast.bodies[i].entity.span;
    if (first.size() != other.size()) {
      Report(at,
             fmt::format("this part has {} columns, the first has {}", other.size(), first.size()));
      continue;
    }
    for (std::size_t c = 0; c < first.size(); ++c) {
      if (first[c].name != other[c].name) {
        Report(at, fmt::format("column {} is '{}' here and '{}' in the first part", c + 1,
                               other[c].name, first[c].name));
        break;
      }
      if (!first[c].value || !other[c].value) continue;
      const TypeKind a = first[c].value->type.kind;
      const TypeKind b = other[c].value->type.kind;
      const bool text = first[c].value->type.IsTextLike() && other[c].value->type.IsTextLike();
      const auto number = [](TypeKind kind) {
        return kind == TypeKind::kInt || kind == TypeKind::kDecimal || kind == TypeKind::kFloat;
      };
      if (a == b || text || (number(a) && number(b))) continue;
      Report(at, fmt::format("column '{}' is {} here and {} in the first part", first[c].name,
                             ToString(other[c].value->type), ToString(first[c].value->type)));
    }
  }
}

}  // namespace tenon::model
