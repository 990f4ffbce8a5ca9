// What the parser reads: the text's own structure, nothing resolved. The checker turns it into a
// Model, the formatter back into text.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "model/expression.h"
#include "model/model.h"
#include "model/span.h"

namespace tenon::model::ast {

// A name, or text in quotes where a name may stand (enum values, JSON keys). Empty: not written.
struct Name {
  std::string text;
  Span span;
  bool quoted = false;
  explicit operator bool() const { return span.length > 0; }
};

struct Text {
  std::string text;
  Span span;
};

enum class ExprKind : std::uint8_t {
  kNull,
  kTrue,
  kFalse,
  kInt,
  kDecimal,
  kFloat,
  kDuration,
  kString,
  kPath,
  kCall,
  kList,     // args
  kObject,   // json
  kNegate,   // args[0]
  kBinary,   // op; args[0], args[1]; and/or have two or more
  kNot,      // args[0]
  kIn,       // args[0] in args[1..], or in the list args[1] names when in_path
  kIsNull,   // args[0]
  kBecomes,  // args[0], args[1]
};

struct Expr {
  ExprKind kind = ExprKind::kNull;
  Op op = Op::kEq;
  bool negated = false;   // not in, is not null, not like
  bool in_path = false;   // kIn
  bool distinct = false;  // kCall
  bool brackets = false;  // written inside ( )
  int depth = 1;
  Span span;
  std::string text;        // numbers and durations as written, kString decoded, kCall's name
  std::vector<Name> path;  // kPath
  std::vector<std::unique_ptr<Expr>> args;
  std::unique_ptr<Expr> where;               // kCall
  std::unique_ptr<boost::json::value> json;  // kObject
};
using ExprPtr = std::unique_ptr<Expr>;

struct EnumValue {
  Name name;
  Name was;
  std::optional<Text> description;
};

struct TypeExpr {
  Span span;
  Name name;  // the word it begins with: text, json, map, Owner; empty for lists and literals
  bool nullable = false;
  bool version_4 = false;                     // uuid v4
  std::optional<std::int64_t> first, second;  // text(n), int(a..b), decimal(p,s)
  bool is_list = false;
  std::optional<Text> literal;
  std::vector<EnumValue> values;      // enum(...)
  std::unique_ptr<TypeExpr> element;  // [T], map T
  Name shape;                         // json S, secret S
  Name by;                            // json by F
  std::vector<std::pair<Name, Name>> cases;
};

struct Reference {
  Name target;
  Name reverse;
  Name on_delete;  // cascade, restrict, null or an event
};

struct Field {
  Span span;
  Name name;
  bool broken = false;  // its type could not be read: it fits everything, to spare further errors
  TypeExpr type;
  // Where each plain modifier stands; length 0: not written.
  Span key, tenant, namespace_label, unique, globally, lock, search, facet, once, hidden, redact;
  Name automatic;
  Name was;
  std::optional<Reference> reference;
  ExprPtr default_value;
  ExprPtr example;
  std::optional<Text> description;
};

struct Column {
  std::vector<Name> path;
  bool descending = false;
};

struct KeyClause {
  Span span;
  std::vector<Name> columns;
};

struct IndexClause {
  Span span;
  Name name;
  bool unique = false;
  bool globally = false;
  bool gin = false;
  std::vector<Column> columns;
  ExprPtr where;
};

struct Take {
  Name name;
  std::optional<TypeExpr> type;
  bool optional = false;
};

struct Assignment {
  std::vector<Name> path;
  ExprPtr value;
};

struct Event {
  Span span;
  Name name;
  bool any_state = false;
  std::vector<Name> from;
  Name to;
  std::vector<Name> by;
  ExprPtr auto_when;
  std::optional<Text> description;
  bool quiet = false;
  std::vector<Take> takes;
  ExprPtr when;
  std::vector<Assignment> set;
  bool one_line = true;  // how its body was written
};

struct Lifecycle {
  Span span;
  Span end;  // the closing brace
  std::vector<Name> path;
  Name initial;
  std::vector<Name> may_begin;  // after it: further states that a new row may be given
  std::vector<Event> events;
};

struct SoftDelete {
  Span span;
  std::vector<Name> path;
  Name shape;
};

struct AppendOnly {
  Span span;
  std::vector<Name> except;
};

struct WrittenBy {
  Span span;
};

struct Idempotent {
  Span span;
  Name field;  // of `FIELD = value`
  ExprPtr value;
  std::vector<Name> fields;
};

struct Check {
  Span span;
  ExprPtr condition;
  Text message;
};

struct Purge {
  Span span;
  ExprPtr when;
  std::optional<int> daily_at_minutes;
  bool archive = false;
};

struct Notify {
  Span span;
  Name type;
  std::vector<Name> channels;
  ExprPtr when;
  std::vector<ExprPtr> payload;
};

struct Edge {
  Span span;
  Name from, to;
  ExprPtr kind;
};

struct NodeLabel {
  Span span;
  Name field;
};

struct Many {
  Span span;
  Name name, target, through;
};

struct Search {
  Span span;
  std::vector<ExprPtr> paths;
};

struct Quota {
  Span span;
  Name name;
  std::optional<std::int64_t> max;
};

struct Permit {
  Span span;
  Name role;
  std::vector<Name> actions;
};

struct Partition {
  Span span;
};

using Item = std::variant<Field, KeyClause, IndexClause, Lifecycle, Event, SoftDelete, AppendOnly,
                          WrittenBy, Idempotent, Check, Purge, Notify, Edge, NodeLabel, Many,
                          Search, Quota, Permit, Partition>;

struct Enum {
  Span span;
  Span end;
  Name name;
  bool extend = false;
  bool one_line = false;
  std::optional<Text> description;
  std::vector<EnumValue> values;
};

struct ShapeField {
  Span span;
  Name name;
  TypeExpr type;
  ExprPtr default_value;
  ExprPtr example;
  std::optional<Text> description;
};

struct ShapeRest {
  Span span;
  TypeExpr type;
};

struct ShapeDrop {
  Span span;
  std::vector<Name> names;
};

using ShapeItem = std::variant<ShapeField, ShapeRest, ShapeDrop>;

struct Shape {
  Span span;
  Span end;
  Name name;
  bool open = false;
  bool one_line = false;
  std::optional<Text> description;
  std::vector<ShapeItem> items;
};

struct Union {
  Span span;
  Span end;
  Name name;
  Name discriminator;
  bool one_line = false;
  std::optional<Text> description;
  std::vector<Name> shapes;
};

struct Entity {
  Span span;
  Span end;
  Name name;
  Name table;
  Name was;
  bool extend = false;
  bool global = false;
  bool one_line = false;
  std::optional<Text> description;
  std::vector<Item> items;
};

struct Parameter {
  Name name;
  TypeExpr type;
  ExprPtr default_value;
};

struct Order {
  ExprPtr value;
  bool descending = false;
};

struct ViewColumn {
  Span span;
  bool all = false;  // *
  ExprPtr value;     // or
  Name relation;     // relation { columns }
  std::vector<ViewColumn> columns;
  std::optional<Order> order;
  Name as;
};

struct ViewJoin {
  Span span;
  Name entity, alias;
  ExprPtr on;
};

struct ViewBody {
  Span span;
  Span end;
  Name entity;
  bool one_line = false;
  std::vector<ViewJoin> joins;
  ExprPtr where;
  std::vector<ExprPtr> group;
  std::vector<Order> order;
  Name limit;  // an int literal or a parameter
  bool limit_is_number = false;
  std::vector<ViewColumn> select;
};

struct View {
  Span span;
  Span end;
  Name name;
  std::vector<Parameter> parameters;
  std::optional<Text> description;
  bool single = false;  // `view v of E { ... }`: one body, without a block of its own
  std::vector<ViewBody> bodies;
};

using Declaration = std::variant<Enum, Shape, Union, Entity, View>;

struct File {
  Name name;
  std::optional<Text> description;
  Span span;  // of the model line
  std::vector<Declaration> declarations;
};

}  // namespace tenon::model::ast
