#include "model/builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/limits.h"

namespace tenon::model {
namespace {

// PostgreSQL cuts names off after this many bytes, silently.
constexpr std::size_t kNameBytesMax = 63;

std::string DefaultTable(std::string_view entity) {
  std::string out;
  for (std::size_t i = 0; i < entity.size(); ++i) {
    const auto c = static_cast<unsigned char>(entity[i]);
    const bool upper = std::isupper(c) != 0;
    const bool after_lower = i > 0 && std::islower(static_cast<unsigned char>(entity[i - 1])) != 0;
    if (upper && after_lower) out += '_';
    out += static_cast<char>(std::tolower(c));
  }
  return out + "s";
}

}  // namespace

std::string LowerName(std::string_view name) {
  std::string out(name);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

Builder::Builder(const Sources& sources, const std::vector<ast::File>& files, DiagnosticSink& sink)
    : sources_(sources), files_(files), sink_(sink), model_(std::make_shared<Model>()) {}

std::string Builder::Place(Span span) const {
  const LineColumn at = sources_.Locate(span);
  return fmt::format("{}:{}:{}", sources_.file(span.file).path, at.line, at.column);
}

void Builder::ReportClash(Span span, std::string_view what, std::string_view name, Span other) {
  Report(span, fmt::format("{} '{}' is there already: {}", what, name, Place(other)));
}

bool Builder::CheckLength(const ast::Name& name) {
  if (name.text.size() <= kNameBytesMax) return true;
  Report(name.span, fmt::format("a name has at most {} characters", kNameBytesMax),
         "PostgreSQL would cut it off");
  return false;
}

bool Builder::Room(std::size_t have, std::string_view what, Span span) {
  if (have < limits::kModelItemsMax) return true;
  Report(span, fmt::format("an entity has at most {} {}", limits::kModelItemsMax, what));
  return false;
}

std::shared_ptr<const Model> Builder::Build() {
  DeclareAll();
  ExtendAll();
  BuildShapes();
  for (auto& work : works_) BuildFields(*work);
  for (auto& work : works_) BuildReferences(*work);
  for (auto& work : works_) BuildForward(*work);
  for (const bool named : {true, false}) {
    for (auto& work : works_) BuildBackward(*work, named);
  }
  for (auto& work : works_) {
    EachItem(*work, [&](const ast::Item& item, bool) {
      if (const auto* many = std::get_if<ast::Many>(&item)) BuildMany(*work, *many);
    });
  }
  CheckCircles();
  for (auto& work : works_) BuildLifecycle(*work);
  for (auto& work : works_) BuildEvents(*work);
  for (auto& work : works_) BuildDefaults(*work);
  for (auto& work : works_) BuildIndexes(*work);
  for (auto& work : works_) BuildClauses(*work);
  for (auto& work : works_) AddMadeIndexes(*work);
  for (auto& work : works_) FinishEvents(*work);
  CheckIndexNames();
  for (const auto& [view, file] : view_asts_) BuildView(*view, file->name.text);
  if (!sink_.Empty()) return nullptr;
  return model_;
}

void Builder::DeclareAll() {
  std::uint32_t index = 0;
  for (const ast::File& file : files_) {
    ModelFile out;
    out.name = file.name.text;
    out.description = file.description ? file.description->text : "";
    out.path = sources_.file(index++).path;
    model_->files.push_back(std::move(out));
    for (const ast::Declaration& declaration : file.declarations) Declare(file, declaration);
  }
}

void Builder::Declare(const ast::File& file, const ast::Declaration& declaration) {
  if (const auto* entity = std::get_if<ast::Entity>(&declaration)) {
    if (entity->extend) {
      entity_extensions_.emplace_back(entity, &file);
    } else {
      DeclareEntity(file, *entity);
    }
  } else if (const auto* enumeration = std::get_if<ast::Enum>(&declaration)) {
    if (enumeration->extend) {
      enum_extensions_.emplace_back(enumeration, &file);
      return;
    }
    Declared* declared = DeclareType(enumeration->name, "enum");
    if (declared == nullptr) return;
    auto out = std::make_unique<Enum>();
    out->name = enumeration->name.text;
    out->span = enumeration->name.span;
    declared->enumeration = out.get();
    model_->enums.push_back(std::move(out));
    BuildEnum(*declared->enumeration, enumeration->values);
    if (enumeration->values.empty()) Report(enumeration->name.span, "an enum needs a value");
  } else if (const auto* shape = std::get_if<ast::Shape>(&declaration)) {
    Declared* declared = DeclareType(shape->name, "shape");
    if (declared == nullptr) return;
    auto out = std::make_unique<Shape>();
    out->name = shape->name.text;
    out->span = shape->name.span;
    declared->shape = out.get();
    declared->shape_ast = shape;
    model_->shapes.push_back(std::move(out));
  } else if (const auto* choice = std::get_if<ast::Union>(&declaration)) {
    Declared* declared = DeclareType(choice->name, "union");
    if (declared == nullptr) return;
    auto out = std::make_unique<Union>();
    out->name = choice->name.text;
    out->span = choice->name.span;
    declared->union_ = out.get();
    declared->union_ast = choice;
    model_->unions.push_back(std::move(out));
  } else if (const auto* view = std::get_if<ast::View>(&declaration)) {
    if (views_.size() >= limits::kModelItemsMax) {
      Report(view->name.span, fmt::format("there are at most {} views", limits::kModelItemsMax));
      return;
    }
    const auto [known, fresh] = views_.emplace(view->name.text, view->name.span);
    if (fresh) {
      view_asts_.emplace_back(view, &file);
    } else {
      ReportClash(view->name.span, "view", view->name.text, known->second);
    }
  }
}

Builder::Declared* Builder::DeclareType(const ast::Name& name, std::string_view what) {
  if (name.text.front() < 'A' || name.text.front() > 'Z') {
    Report(name.span, fmt::format("the name of {} {} begins with a capital letter",
                                  what == "enum" || what == "entity" ? "an" : "a", what));
  }
  CheckLength(name);
  const auto [known, fresh] = types_.emplace(name.text, Declared{.span = name.span});
  if (!fresh) {
    ReportClash(name.span, what, name.text, known->second.span);
    return nullptr;
  }
  return &known->second;
}

void Builder::DeclareEntity(const ast::File& file, const ast::Entity& entity) {
  if (works_.size() >= limits::kModelItemsMax) {
    Report(entity.name.span, fmt::format("there are at most {} entities", limits::kModelItemsMax));
    return;
  }
  Declared* declared = DeclareType(entity.name, "entity");
  if (declared == nullptr) return;
  auto out = std::make_unique<Entity>();
  out->name = entity.name.text;
  out->table = entity.table ? entity.table.text : DefaultTable(entity.name.text);
  out->model = file.name.text;
  out->was = entity.was.text;
  out->description = entity.description ? entity.description->text : "";
  out->global = entity.global;
  out->span = entity.name.span;
  auto work = std::make_unique<Work>();
  work->entity = out.get();
  work->parts.push_back({&entity, false});
  declared->work = work.get();
  DeclareTable(*work, entity);
  model_->entities.push_back(std::move(out));
  works_.push_back(std::move(work));
}

void Builder::DeclareTable(Work& work, const ast::Entity& entity) {
  const ast::Name& name = entity.table ? entity.table : entity.name;
  const std::string& table = work.entity->table;
  CheckLength(name);
  if (table.starts_with("sqlite_") || table.starts_with("pg_")) {
    Report(name.span, fmt::format("'{}' belongs to the database", table),
           "choose another table name");
  }
  const auto [known, fresh] = tables_.emplace(LowerName(table), name.span);
  if (!fresh) ReportClash(name.span, "table", table, known->second);
}

void Builder::ExtendAll() {
  for (const auto& [ast, file] : enum_extensions_) {
    const auto found = types_.find(ast->name.text);
    if (found == types_.end() || found->second.enumeration == nullptr) {
      std::vector<std::string_view> names;
      for (const auto& [name, declared] : types_) {
        if (declared.enumeration != nullptr) names.push_back(name);
      }
      std::sort(names.begin(), names.end());
      Report(ast->name.span, fmt::format("there is no enum {}", ast->name.text),
             DidYouMean(ast->name.text, names));
      continue;
    }
    BuildEnum(*found->second.enumeration, ast->values);
  }
  for (const auto& [ast, file] : entity_extensions_) {
    Work* work = FindWork(ast->name, "entity");
    if (work != nullptr) work->parts.push_back({ast, true});
  }
}

Builder::Work* Builder::FindWork(const ast::Name& name, std::string_view what) {
  const auto found = types_.find(name.text);
  if (found != types_.end() && found->second.work != nullptr) return found->second.work;
  std::vector<std::string_view> names;
  for (const auto& work : works_) names.push_back(work->entity->name);
  Report(name.span, fmt::format("there is no {} {}", what, name.text),
         DidYouMean(name.text, names));
  return nullptr;
}

const Field* Builder::FindField(const Entity& entity, const ast::Name& name) {
  const Field* field = entity.FindField(name.text);
  if (field != nullptr) return field;
  std::vector<std::string_view> names;
  for (const Field& known : entity.fields) names.push_back(known.name);
  Report(name.span, fmt::format("{} has no field '{}'", entity.name, name.text),
         DidYouMean(name.text, names));
  return nullptr;
}

ExpressionPtr Builder::ResolveTarget(const Entity& entity, const std::vector<ast::Name>& path,
                                     enum Place place) {
  // The first step is a field: nothing is written over a relation.
  if (FindField(entity, path.front()) == nullptr) return nullptr;
  ast::Expr expr;
  expr.kind = ast::ExprKind::kPath;
  expr.path = path;
  expr.span = Join(path.front().span, path.back().span);
  Scope scope;
  scope.row = &entity;
  scope.place = place;
  ExpressionPtr out = ExpressionChecker(scope, sink_).CheckPath(expr);
  if (out && !out->path.hops.empty()) {
    Report(expr.span, "this path leads to another row");
    return nullptr;
  }
  return out;
}

}  // namespace tenon::model
