// Builds the Model from the parsed files, in passes over all of them: names, types, fields,
// relations, lifecycles, then everything that holds expressions. Each pass goes on after an error,
// so that all errors are found in one run; the Model is given out only when there was none.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/ast.h"
#include "model/diagnostics.h"
#include "model/expression_checker.h"
#include "model/model.h"
#include "model/source.h"

namespace tenon::model {

// Not thread-safe; used once.
class Builder {
 public:
  Builder(const Sources& sources, const std::vector<ast::File>& files, DiagnosticSink& sink);

  std::shared_ptr<const Model> Build();

 private:
  // An entity while it is built: its declaration and those that extend it.
  struct Part {
    const ast::Entity* ast = nullptr;
    bool extends = false;
  };
  struct Work {
    Entity* entity = nullptr;
    std::vector<Part> parts;
    std::vector<const ast::Field*> field_asts;  // by Field::index; null for the implicit one
    std::set<std::string> seen_clauses;
    std::unordered_map<std::string, Span> relation_names;
    std::unordered_map<std::string, Span> field_names;  // in small letters
  };
  struct Declared {
    Span span;
    Enum* enumeration = nullptr;
    Shape* shape = nullptr;
    Union* union_ = nullptr;
    Work* work = nullptr;
    const ast::Shape* shape_ast = nullptr;
    const ast::Union* union_ast = nullptr;
  };

  void Report(Span span, std::string message, std::string hint = "") {
    sink_.Report(span, std::move(message), std::move(hint));
  }
  // Reports that `name` is taken, naming the other place.
  void ReportClash(Span span, std::string_view what, std::string_view name, Span other);
  [[nodiscard]] std::string Place(Span span) const;
  bool CheckLength(const ast::Name& name);
  // Whether one more fits: extensions may add to an entity from any number of places.
  bool Room(std::size_t have, std::string_view what, Span span);
  template <typename F>
  void EachItem(Work& work, F visit);

  // builder.cc: names
  void DeclareAll();
  void Declare(const ast::File& file, const ast::Declaration& declaration);
  Declared* DeclareType(const ast::Name& name, std::string_view what);
  void DeclareEntity(const ast::File& file, const ast::Entity& entity);
  void DeclareTable(Work& work, const ast::Entity& entity);
  void ExtendAll();

  // build_types.cc
  void BuildEnum(Enum& out, const std::vector<ast::EnumValue>& values);
  void BuildShapes();
  void BuildShape(Shape& out, const ast::Shape& shape);
  void BuildShapeField(Shape& out, const ast::ShapeField& field);
  void BuildUnion(Union& out, const ast::Union& declaration);
  void CheckShapeCircles();
  Type BuildType(const ast::TypeExpr& expr);
  void BuildNamedType(const ast::TypeExpr& expr, Type& type);
  void BuildSized(const ast::TypeExpr& expr, Type& type);
  void BuildBy(const ast::TypeExpr& expr, Type& type);
  void UseShape(const ast::Name& name, Type& type);
  [[nodiscard]] std::vector<std::string_view> TypeNames(bool entities) const;

  // build_fields.cc
  void BuildFields(Work& work);
  void AddField(Work& work, const ast::Field& field, bool extends);
  void AddTenant(Work& work);
  void CheckModifiers(const Work& work, const Field& field, const ast::Field& ast);
  void BuildAutomatic(Field& out, const ast::Field& field);
  void BuildKey(Work& work);
  void CheckBy(const Work& work);
  void BuildDefaults(Work& work);
  void BuildDefault(Work& work, Field& field, const ast::Field& ast);

  // build_relations.cc
  void BuildReferences(Work& work);
  void BuildReference(Work& work, Field& field, const ast::Field& ast);
  void BuildForward(Work& work);
  void BuildBackward(Work& work, bool named);
  void BuildMany(Work& work, const ast::Many& many);
  bool AddRelation(Work& work, Relation relation, Span span);
  [[nodiscard]] Work& WorkOf(const Entity& entity);
  void CheckCircles();

  // build_lifecycle.cc
  void BuildLifecycle(Work& work);
  void BuildStates(Work& work, const ast::Lifecycle& ast);
  bool StatesOfPath(Work& work, const ast::Lifecycle& ast, Lifecycle& out);
  void BuildEvents(Work& work);
  void BuildEvent(Work& work, const ast::Event& ast, bool in_lifecycle);
  void BuildEventStates(Work& work, const ast::Event& ast, Event& out);
  void BuildTakes(Work& work, const ast::Event& ast, Event& out);
  void FinishEvents(Work& work);
  void BuildSet(Work& work, const ast::Event& ast, Event& out);
  void CheckRoles(const std::vector<ast::Name>& roles);
  [[nodiscard]] bool IsState(const Lifecycle& lifecycle, std::string_view name) const;

  // build_indexes.cc
  void BuildIndexes(Work& work);
  void BuildIndex(Work& work, const ast::IndexClause& ast);
  void AddIndex(Work& work, Index index, bool made);
  void AddMadeIndexes(Work& work);
  void CheckIndexNames();
  void CheckBacked(const Entity& entity, const Expression& condition, std::string_view clause);

  // build_clauses.cc
  void BuildClauses(Work& work);
  bool Once(Work& work, std::string_view clause, Span span);
  void BuildClause(Work& work, const ast::SoftDelete& ast);
  void BuildClause(Work& work, const ast::AppendOnly& ast);
  void BuildClause(Work& work, const ast::WrittenBy& ast);
  void BuildClause(Work& work, const ast::Idempotent& ast);
  void BuildClause(Work& work, const ast::Check& ast);
  void BuildClause(Work& work, const ast::Purge& ast);
  void BuildClause(Work& work, const ast::Notify& ast);
  void BuildClause(Work& work, const ast::Edge& ast);
  void BuildClause(Work& work, const ast::NodeLabel& ast);
  void BuildClause(Work& work, const ast::Search& ast);
  void BuildClause(Work& work, const ast::Quota& ast);
  void BuildClause(Work& work, const ast::Permit& ast);
  void BuildClause(Work& work, const ast::Partition& ast);
  template <typename T>
  void BuildClause(Work&, const T&) {}  // fields, keys, indexes, lifecycles: elsewhere

  // build_views.cc
  void BuildView(const ast::View& ast, const std::string& model);
  void BuildParameters(const ast::View& ast, View& out);
  bool BuildBody(const ast::ViewBody& ast, View& view);
  bool BuildColumns(const std::vector<ast::ViewColumn>& ast, const Scope& scope, bool nested,
                    std::vector<ViewColumn>& out, bool& aggregated);
  bool BuildNested(const ast::ViewColumn& ast, const Scope& scope, ViewColumn& out);
  bool BuildOrder(const ast::ViewBody& ast, const Scope& scope, ViewBody& out, bool& aggregated);
  void CheckGrouped(const ast::ViewBody& ast, const ViewBody& body);
  void CheckUnion(const ast::View& ast, const View& view);

  // Finds a field by name and reports when there is none.
  const Field* FindField(const Entity& entity, const ast::Name& name);
  Work* FindWork(const ast::Name& name, std::string_view what);
  // A path that is written: a field, then keys of its JSON.
  ExpressionPtr ResolveTarget(const Entity& entity, const std::vector<ast::Name>& path,
                              enum Place place);

  const Sources& sources_;
  const std::vector<ast::File>& files_;
  DiagnosticSink& sink_;
  std::shared_ptr<Model> model_;
  std::unordered_map<std::string, Declared> types_;  // enums, shapes, unions, entities
  std::unordered_map<std::string, Span> views_;
  std::unordered_map<std::string, Span> tables_;  // by name in small letters
  std::vector<std::unique_ptr<Work>> works_;      // in order of declaration
  std::vector<std::pair<const ast::Enum*, const ast::File*>> enum_extensions_;
  std::vector<std::pair<const ast::Entity*, const ast::File*>> entity_extensions_;
  std::vector<std::pair<const ast::View*, const ast::File*>> view_asts_;
};

template <typename F>
void Builder::EachItem(Work& work, F visit) {
  for (const Part& part : work.parts) {
    for (const ast::Item& item : part.ast->items) visit(item, part.extends);
  }
}

// What is wrong with a JSON literal for a type, as a sentence; empty when it fits.
std::string WhyNotOfType(const boost::json::value& json, const Type& type, int depth = 0);

// True when the database can hold the condition as a CHECK with the very same outcome; with
// `json_paths`, as the predicate of an index, which may look into JSON.
bool IsSqlSafe(const Expression& expression, bool json_paths = false);

// Text in small letters, for names that a database takes as equal.
std::string LowerName(std::string_view name);

}  // namespace tenon::model
