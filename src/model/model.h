// The checked model: everything the engine derives tables, migrations, validation, REST, OpenAPI
// and the CLI from. Built by Check (check.h) from any number of source files; immutable and
// thread-safe from then on. All pointers inside point into the same Model.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/expression.h"
#include "model/type.h"

namespace tenon::model {

struct Entity;

enum class OnDelete { kRestrict, kCascade, kNull, kEvent };

// What the engine itself writes into a field; a client that sends it gets a field error.
enum class Auto { kNone, kCreated, kUpdated, kCreator, kUpdater, kAgent, kAddress, kJob };

struct Reference {
  const Entity* target = nullptr;
  std::string reverse;  // `as steps`, or empty
  OnDelete on_delete = OnDelete::kRestrict;
  std::string on_delete_event;  // kEvent: fired on the referencing row
};

struct Field {
  std::string name;
  Type type;
  std::string description;
  std::optional<std::string> example;
  int index = 0;  // position in Entity::fields, and in a Record
  bool key = false;
  bool tenant = false;           // the partition column (added as tenant_id when not written)
  bool namespace_label = false;  // modifier `namespace`
  bool unique = false;
  bool unique_globally = false;
  bool once = false;
  bool hidden = false;
  bool redact = false;
  bool lock = false;  // optimistic version, int, starts at 1
  bool search = false;
  bool facet = false;
  bool implicit = false;  // not written in the file: tenant_id
  bool computed = false;  // the engine's: `idempotent by FIELD = EXPR`
  Auto automatic = Auto::kNone;
  std::optional<Reference> reference;
  ExpressionPtr default_value;  // may use earlier fields
  std::string was;              // earlier column name
  Span span;

  [[nodiscard]] bool IsSecret() const { return type.kind == TypeKind::kSecret; }
  // Required on create: no default, not nullable, not the engine's.
  [[nodiscard]] bool RequiredOnCreate() const;
};

// A way from one entity to another, by which paths, expansions and cascades go.
struct Relation {
  enum class Kind {
    kForward,   // this row's `field` names one target row
    kBackward,  // rows of `target` whose `field` names this row
    kThrough,   // many-to-many: `through` rows with `near` naming this row and `far` the target
  };
  Kind kind = Kind::kForward;
  std::string name;  // "workflow" for workflow_id; "steps"; "tags"
  const Entity* source = nullptr;
  const Entity* target = nullptr;
  const Field* field = nullptr;     // kForward: of source; kBackward: of target
  const Entity* through = nullptr;  // kThrough
  const Field* near = nullptr;
  const Field* far = nullptr;
  [[nodiscard]] bool IsToMany() const { return kind != Kind::kForward; }
};

struct IndexColumn {
  const Field* field = nullptr;
  std::vector<std::string> json_path;  // index on a path inside a JSON field
  bool descending = false;
};

struct Index {
  std::string name;  // as printed, or made: idx_TABLE_COLUMNS
  std::vector<IndexColumn> columns;
  bool unique = false;
  bool globally = false;  // unique across tenants
  bool gin = false;       // PostgreSQL GIN; on SQLite no index is made
  ExpressionPtr where;
  Span span;
};

// `takes a, b?`: what a caller may or must send with an event. Usually a field of the entity;
// otherwise its declared type (`takes reason text?`) and it is visible to `set` and `when` only.
struct Take {
  std::string name;
  bool optional = false;
  const Field* field = nullptr;
  Type type;
};

struct Assignment {
  const Field* field = nullptr;
  std::vector<std::string> json_path;  // set properties.state = ...
  ExpressionPtr value;
};

// One `on` line. States are enum names; for a bool? lifecycle "null", "true", "false".
struct Event {
  std::string name;
  std::string description;
  bool any_state = false;  // `*`, or an event that changes no state
  std::vector<std::string> from;
  std::optional<std::string> to;  // absent: stateless (heartbeat, progress)
  std::vector<std::string> by;    // roles; empty: writer
  std::vector<Take> takes;
  ExpressionPtr when;
  std::vector<Assignment> set;
  ExpressionPtr auto_when;  // the clock takes it
  bool quiet = false;
  Span span;
};

struct Lifecycle {
  const Field* field = nullptr;
  std::vector<std::string> json_path;  // lifecycle properties.state
  std::string initial;
  std::vector<std::string> may_begin;  // further states that a new row may be given
  std::vector<std::string> states;     // every legal state, initial first
  const Enum* enumeration = nullptr;   // the states as an enum; null for a bool?
};

struct Check {
  ExpressionPtr condition;
  std::string message;
  bool sql_safe = false;  // also a CHECK in the database
  Span span;
};

struct Idempotency {
  const Field* field = nullptr;      // the field that holds the computed key, or null
  ExpressionPtr value;               // of `field = EXPR`
  std::vector<const Field*> fields;  // of `idempotent by (a, b)`
};

struct SoftDelete {
  const Field* field = nullptr;
  std::vector<std::string> json_path;  // properties.tombstone
  const Shape* shape = nullptr;        // `as SHAPE` ({at, by}); null: a plain time
};

struct Purge {
  ExpressionPtr when;
  std::optional<int> daily_at_minutes;  // minutes after midnight UTC; absent: hourly
  bool archive = false;                 // `export` before it
};

struct Notify {
  std::string type;
  std::vector<std::string> channels;
  ExpressionPtr when;
  std::vector<Path> payload;
  Span span;
};

// `edge FROM -> TO kind EXPR`: this row is an edge of the graph index.
struct Edge {
  const Field* from = nullptr;
  const Field* to = nullptr;
  ExpressionPtr kind;
};

struct Quota {
  std::string name;              // key in tenants.config.quotas; the table when not given
  std::int64_t default_max = 0;  // 0: none
};

struct Permit {
  std::string role;
  std::vector<std::string> actions;  // read, create, update, delete, or event names
};

struct Entity {
  std::string name;   // WorkflowExecution
  std::string table;  // workflow_executions
  std::string model;  // the model that declares it
  std::string was;    // earlier name of the table, for migrations
  std::string description;
  bool global = false;            // no tenant; the system's alone
  std::vector<Field> fields;      // stored order
  std::vector<const Field*> key;  // primary key, one or more
  const Field* tenant = nullptr;  // null only when global
  const Field* namespace_label = nullptr;
  const Field* lock = nullptr;
  std::vector<Relation> relations;  // every one has a name; see docs/language.md, "Relations"
  std::vector<Index> indexes;       // including those of unique fields and of foreign keys
  std::optional<Lifecycle> lifecycle;
  std::vector<Event> events;  // of the lifecycle and stateless; a name may have many lines
  std::optional<SoftDelete> soft_delete;
  bool append_only = false;
  std::vector<std::string> append_only_except;  // events that may still happen
  bool written_by_engine = false;
  std::optional<Idempotency> idempotency;
  std::vector<Check> checks;
  std::optional<Purge> purge;
  std::vector<Notify> notifies;
  std::vector<Edge> edges;
  const Field* node_label = nullptr;      // `node label FIELD`: rows are nodes of the graph index
  std::vector<std::string> search_paths;  // `search tags.name` beyond fields with the modifier
  std::optional<Quota> quota;
  std::vector<Permit> permits;  // empty: reader reads, writer writes, admin all
  bool partition_by_month = false;
  bool referenced = false;  // somebody references it: UNIQUE (tenant_id, key)
  Span span;

  [[nodiscard]] const Field* FindField(std::string_view field_name) const;
  [[nodiscard]] const Relation* FindRelation(std::string_view relation_name) const;
  // Lines of the event with this name; empty when there is none.
  [[nodiscard]] std::vector<const Event*> FindEvent(std::string_view event_name) const;
};

struct ViewParameter {
  std::string name;
  Type type;
  bool optional = false;  // nullable, or with a default: may be left out
  Value default_value;    // null without one
};

// One column of a view: an expression, or rows of a relation with columns of their own.
struct ViewColumn {
  std::string name;
  ExpressionPtr value;  // null when nested
  const Relation* nested = nullptr;
  std::vector<ViewColumn> columns;                    // of nested
  std::vector<std::pair<ExpressionPtr, bool>> order;  // of nested; true: descending
};

struct ViewJoin {
  const Entity* entity = nullptr;
  std::string alias;
  ExpressionPtr on;
};

// One `of ENTITY` body; a view with several is their union, column by column.
struct ViewBody {
  const Entity* entity = nullptr;
  std::vector<ViewJoin> joins;
  ExpressionPtr where;
  std::vector<ExpressionPtr> group;
  std::vector<std::pair<ExpressionPtr, bool>> order;  // true: descending
  std::optional<std::int64_t> limit;
  std::string limit_parameter;  // `limit rows`: the name of an int parameter, or empty
  bool grouped = false;         // has `group`, or aggregates over its rows
  std::vector<ViewColumn> select;
};

struct View {
  std::string name;
  std::string model;
  std::string description;
  std::vector<ViewParameter> parameters;
  std::vector<ViewBody> bodies;
  Span span;
};

struct ModelFile {
  std::string name;  // workflows
  std::string description;
  std::string path;
};

// Owns all of the above. Entities, shapes and so on stay at their addresses.
class Model {
 public:
  std::vector<ModelFile> files;
  std::vector<std::unique_ptr<Entity>> entities;  // in order of declaration, over all files
  std::vector<std::unique_ptr<Enum>> enums;       // named and inline
  std::vector<std::unique_ptr<Shape>> shapes;
  std::vector<std::unique_ptr<Union>> unions;
  std::vector<std::unique_ptr<View>> views;

  [[nodiscard]] const Entity* FindEntity(std::string_view name) const;  // by its name
  [[nodiscard]] const Entity* FindTable(std::string_view table) const;  // by its table
  [[nodiscard]] const View* FindView(std::string_view name) const;

  // Entities so that what is referenced comes before what references it; ties by declaration.
  // References to the entity itself do not count; other cycles are refused by the checker.
  [[nodiscard]] std::vector<const Entity*> ByDependency() const;
};

}  // namespace tenon::model
