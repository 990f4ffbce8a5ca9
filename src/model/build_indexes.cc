// Indexes: as written, and those that references, unique fields and idempotency need.
#include <fmt/format.h>

#include <algorithm>

#include "model/builder.h"

namespace tenon::model {
namespace {

std::string ColumnName(const IndexColumn& column) {
  std::string out = column.field->name;
  for (const std::string& step : column.json_path) out += "_" + step;
  return out;
}

// Cut to what PostgreSQL keeps, with a hash of the whole so that two stay two.
std::string MadeName(std::string_view prefix, const Entity& entity, const Index& index) {
  std::string out = fmt::format("{}_{}", prefix, entity.table);
  for (const IndexColumn& column : index.columns) {
    if (index.columns.size() > 1 && column.field->tenant) continue;
    out += "_" + ColumnName(column);
  }
  for (char& c : out) {
    if (!(c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
      c = '_';
  }
  if (out.size() <= 63) return out;
  std::uint32_t hash = 2166136261u;  // FNV-1a
  for (const char c : out) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return fmt::format("{}_{:08x}", out.substr(0, 54), hash);
}

bool SameColumns(const Index& a, const Index& b) {
  return a.columns.size() == b.columns.size() &&
         std::equal(a.columns.begin(), a.columns.end(), b.columns.begin(),
                    [](const IndexColumn& x, const IndexColumn& y) {
                      return x.field == y.field && x.json_path == y.json_path;
                    });
}

// The first column that is not the tenant.
const IndexColumn* Leading(const Index& index) {
  for (const IndexColumn& column : index.columns) {
    if (!column.field->tenant) return &column;
  }
  return index.columns.empty() ? nullptr : &index.columns.front();
}

}  // namespace

void Builder::BuildIndexes(Work& work) {
  EachItem(work, [&](const ast::Item& item, bool) {
    if (const auto* index = std::get_if<ast::IndexClause>(&item)) BuildIndex(work, *index);
  });
}

void Builder::BuildIndex(Work& work, const ast::IndexClause& ast) {
  Entity& entity = *work.entity;
  if (!Room(entity.indexes.size(), "indexes", ast.span)) return;
  Index out;
  out.name = ast.name.text;
  out.span = ast.name ? ast.name.span : ast.span;
  out.unique = ast.unique;
  out.globally = ast.globally;
  out.gin = ast.gin;
  if (ast.name) CheckLength(ast.name);
  bool fine = true;
  for (const ast::Column& column : ast.columns) {
    const Span at = Join(column.path.front().span, column.path.back().span);
    const ExpressionPtr path = ResolveTarget(entity, column.path, Place::kIndex);
    fine = fine && path;
    if (!path) continue;
    const bool json = path->type.IsJson() && path->path.json_path.empty();
    if (json != ast.gin && (json || ast.gin)) {
      Report(at,
             json ? fmt::format("'{}' is {}, which has no order", column.path.back().text,
                                ToString(path->type))
                  : fmt::format("a gin index is of JSON, '{}' is {}", column.path.back().text,
                                ToString(path->type)),
             json ? fmt::format("index {} gin, or a path inside it", column.path.back().text) : "");
      fine = false;
    }
    IndexColumn made{path->path.field, path->path.json_path, column.descending};
    for (const IndexColumn& known : out.columns) {
      if (known.field == made.field && known.json_path == made.json_path) {
        Report(at, fmt::format("'{}' is in the index twice", column.path.back().text));
        fine = false;
      }
    }
    out.columns.push_back(std::move(made));
  }
  if (ast.where) {
    Scope scope;
    scope.row = &entity;
    scope.place = Place::kIndex;
    out.where = ExpressionChecker(scope, sink_).CheckCondition(*ast.where);
    if (out.where && !IsSqlSafe(*out.where, true)) {
      Report(ast.where->span, "the predicate of an index compares columns with values, no more",
             "= != < <= > >= in is null, and or not");
    }
    fine = fine && out.where;
  }
  if (!fine || out.columns.empty()) return;
  const bool has_tenant = std::any_of(out.columns.begin(), out.columns.end(),
                                      [](const IndexColumn& c) { return c.field->tenant; });
  if (out.unique && !out.globally && entity.tenant != nullptr && !has_tenant) {
    out.columns.insert(out.columns.begin(), IndexColumn{entity.tenant, {}, false});
  }
  AddIndex(work, std::move(out), false);
}

void Builder::AddIndex(Work& work, Index index, bool made) {
  Entity& entity = *work.entity;
  if (index.name.empty()) index.name = MadeName(index.unique ? "uq" : "idx", entity, index);
  for (const Index& known : entity.indexes) {
    if (made || known.gin != index.gin || known.unique != index.unique || known.where ||
        index.where) {
      continue;
    }
    if (!SameColumns(known, index)) continue;
    bool same_order = true;
    for (std::size_t i = 0; i < index.columns.size(); ++i) {
      same_order = same_order && known.columns[i].descending == index.columns[i].descending;
    }
    if (same_order) ReportClash(index.span, "an index of these columns", known.name, known.span);
  }
  entity.indexes.push_back(std::move(index));
}

void Builder::AddMadeIndexes(Work& work) {
  Entity& entity = *work.entity;
  const auto unique = [&](std::vector<const Field*> fields, bool globally, Span span) {
    Index index;
    index.unique = true;
    index.globally = globally;
    index.span = span;
    const bool has_tenant =
        std::any_of(fields.begin(), fields.end(), [](const Field* field) { return field->tenant; });
    if (!globally && entity.tenant != nullptr && !has_tenant) {
      index.columns.push_back({entity.tenant, {}, false});
    }
    for (const Field* field : fields) index.columns.push_back({field, {}, false});
    const bool known =
        std::any_of(entity.indexes.begin(), entity.indexes.end(),
                    [&](const Index& i) { return i.unique && !i.where && SameColumns(i, index); });
    if (!known) AddIndex(work, std::move(index), true);
  };
  for (const Field& field : entity.fields) {
    if (field.unique) unique({&field}, field.unique_globally, field.span);
  }
  if (const auto& idempotency = entity.idempotency) {
    if (idempotency->field != nullptr) {
      unique({idempotency->field}, false, idempotency->field->span);
    } else {
      unique(idempotency->fields, false, entity.span);
    }
  }
  for (const Field& field : entity.fields) {
    if (!field.reference) continue;
    const bool key_leads =
        !entity.key.empty() &&
        (entity.key.front() == &field ||
         (entity.key.front()->tenant && entity.key.size() > 1 && entity.key[1] == &field));
    const bool known =
        std::any_of(entity.indexes.begin(), entity.indexes.end(), [&](const Index& i) {
          const IndexColumn* leading = field.tenant ? &i.columns.front() : Leading(i);
          return leading != nullptr && leading->field == &field && leading->json_path.empty() &&
                 !i.gin;
        });
    if (key_leads || known) continue;
    Index index;
    index.span = field.span;
    index.columns.push_back({&field, {}, false});
    AddIndex(work, std::move(index), true);
  }
}

// Tables and indexes share one name space in both databases.
void Builder::CheckIndexNames() {
  std::unordered_map<std::string, Span> names = tables_;
  for (const auto& work : works_) {
    for (const Index& index : work->entity->indexes) {
      const auto [known, fresh] = names.emplace(LowerName(index.name), index.span);
      if (!fresh) ReportClash(index.span, "the name", index.name, known->second);
    }
  }
}

namespace {

// Whether an index can find the rows without reading them all.
bool IsBacked(const Entity& entity, const Expression& e) {
  if (e.op == Op::kAnd) return IsBacked(entity, *e.args[0]) || IsBacked(entity, *e.args[1]);
  if (e.op == Op::kOr) return IsBacked(entity, *e.args[0]) && IsBacked(entity, *e.args[1]);
  const bool comparison = e.op == Op::kEq || e.op == Op::kLt || e.op == Op::kLe ||
                          e.op == Op::kGt || e.op == Op::kGe || e.op == Op::kIn;
  if (!comparison) return false;
  const std::size_t sides = e.op == Op::kIn ? 1 : 2;
  for (std::size_t i = 0; i < sides; ++i) {
    const Expression& side = *e.args[i];
    if (side.op != Op::kPath || !side.path.hops.empty()) continue;
    if (!entity.key.empty() && entity.key.front() == side.path.field) return true;
    for (const Index& index : entity.indexes) {
      const IndexColumn& first = index.columns.front();
      if (!index.gin && first.field == side.path.field && first.json_path == side.path.json_path) {
        return true;
      }
    }
  }
  return false;
}

const Expression* FirstPath(const Expression& e) {
  if (e.op == Op::kPath) return e.path.hops.empty() ? &e : nullptr;
  for (const ExpressionPtr& arg : e.args) {
    if (const Expression* found = FirstPath(*arg)) return found;
  }
  return nullptr;
}

// A column that stands inside a computation, where no index can be used.
bool Bare(const Expression& e, const Expression& path) {
  if (&e == &path) return true;
  const bool passes = e.op == Op::kAnd || e.op == Op::kOr || e.op == Op::kEq || e.op == Op::kLt ||
                      e.op == Op::kLe || e.op == Op::kGt || e.op == Op::kGe || e.op == Op::kIn;
  if (!passes) return false;
  return std::any_of(e.args.begin(), e.args.end(),
                     [&](const ExpressionPtr& arg) { return Bare(*arg, path); });
}

}  // namespace

void Builder::CheckBacked(const Entity& entity, const Expression& condition,
                          std::string_view clause) {
  if (IsBacked(entity, condition)) return;
  const Expression* path = FirstPath(condition);
  std::string hint = "compare a column that an index begins with";
  if (path != nullptr && Bare(condition, *path)) {
    hint = fmt::format("add: index ({})", ToString(*path));
  } else if (path != nullptr) {
    hint = fmt::format("let {} stand alone on one side, as in {} < now() - 5m, with an index on it",
                       ToString(*path), ToString(*path));
  }
  Report(condition.span,
         fmt::format("{} would read every row of {}: no index leads to them", clause, entity.table),
         hint);
}

}  // namespace tenon::model
