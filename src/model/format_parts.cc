#include "model/format_parts.h"

#include <fmt/format.h>

#include "model/format_expression.h"
#include "model/format_writer.h"
#include "model/lexer.h"

namespace tenon::model {
namespace {

std::string FormatColumns(const std::vector<ast::Column>& columns) {
  std::string out;
  for (const ast::Column& column : columns) {
    if (!out.empty()) {
      out += ',';
      out += kInnerBreak;
    }
    out += FormatPath(column.path) + (column.descending ? " desc" : "");
  }
  return out;
}

std::string FormatTake(const ast::Take& take) {
  if (take.type) return take.name.text + " " + FormatType(*take.type);
  return take.name.text + (take.optional ? "?" : "");
}

// A clause of an entity that is one line. Fields, lifecycles and events have functions of their
// own.
struct ClauseText {
  std::string operator()(const ast::KeyClause& c) const {
    return "key (" + FormatNames(c.columns) + ")";
  }
  std::string operator()(const ast::IndexClause& c) const {
    std::string out = c.unique ? "unique" : "index";
    if (c.name) out += " " + c.name.text;
    if (c.gin) return out + " " + FormatPath(c.columns[0].path) + " gin";
    out += " (" + FormatColumns(c.columns) + ")";
    if (c.globally) out += " globally";
    if (c.where) out += " where " + FormatExpression(*c.where);
    return out;
  }
  std::string operator()(const ast::SoftDelete& c) const {
    return "soft delete by " + FormatPath(c.path) + (c.shape ? " as " + c.shape.text : "");
  }
  std::string operator()(const ast::AppendOnly& c) const {
    return std::string("append only") +
           (c.except.empty() ? "" : " except " + FormatNames(c.except));
  }
  std::string operator()(const ast::WrittenBy&) const { return "written by engine"; }
  std::string operator()(const ast::Idempotent& c) const {
    if (!c.value) return "idempotent by (" + FormatNames(c.fields) + ")";
    return "idempotent by " + c.field.text + " = " + FormatExpression(*c.value);
  }
  std::string operator()(const ast::Check& c) const {
    const std::string condition = FormatExpression(*c.condition);
    return fmt::format("check {} {}",
                       c.condition->brackets ? "(" + Inner(condition) + ")" : condition,
                       EncodeString(c.message.text));
  }
  std::string operator()(const ast::Purge& c) const {
    std::string out = "purge when " + FormatExpression(*c.when);
    if (c.daily_at_minutes) {
      out +=
          fmt::format(" daily at {:02}:{:02}", *c.daily_at_minutes / 60, *c.daily_at_minutes % 60);
    }
    return out + (c.archive ? " export" : "");
  }
  std::string operator()(const ast::Notify& c) const {
    std::string out = "notify " + c.type.text;
    if (!c.channels.empty()) out += " to " + FormatNames(c.channels);
    out += " when " + FormatExpression(*c.when);
    if (c.payload.empty()) return out;
    out += " {";
    for (std::size_t i = 0; i < c.payload.size(); ++i) {
      if (i > 0) out += ',';
      out += kInnerBreak;
      out += Inner(FormatExpression(*c.payload[i]));
    }
    return out + " }";
  }
  std::string operator()(const ast::Edge& c) const {
    return fmt::format("edge {} -> {} kind {}", c.from.text, c.to.text, FormatExpression(*c.kind));
  }
  std::string operator()(const ast::NodeLabel& c) const { return "node label " + c.field.text; }
  std::string operator()(const ast::Many& c) const {
    return fmt::format("many {} -> {} through {}", c.name.text, c.target.text, c.through.text);
  }
  std::string operator()(const ast::Search& c) const {
    std::string out = "search ";
    for (std::size_t i = 0; i < c.paths.size(); ++i) {
      if (i > 0) {
        out += ',';
        out += kBreak;
      }
      out += FormatExpression(*c.paths[i]);
    }
    return out;
  }
  std::string operator()(const ast::Quota& c) const {
    return "quota " + c.name.text + (c.max ? fmt::format(" = {}", *c.max) : "");
  }
  std::string operator()(const ast::Permit& c) const {
    return "permit " + c.role.text + ": " + FormatNames(c.actions);
  }
  std::string operator()(const ast::Partition&) const { return "partition by month"; }
  template <typename T>
  std::string operator()(const T&) const {
    return "";
  }
};

}  // namespace

std::string FormatDescription(const std::optional<ast::Text>& text) {
  return text ? " " + EncodeString(text->text) : "";
}

std::string FormatOrder(const ast::Order& order) {
  return FormatExpression(*order.value) + (order.descending ? " desc" : "");
}

// Everything of a field behind its type, in the order that docs/language.md lists it.
std::string FormatModifiers(const ast::Field& field) {
  std::string out;
  const auto add = [&](std::string_view text) {
    if (!out.empty()) out += ' ';
    out += text;
  };
  if (field.key.length > 0) add("key");
  if (field.tenant.length > 0) add("tenant");
  if (field.namespace_label.length > 0) add("namespace");
  if (field.automatic) add("auto " + field.automatic.text);
  if (field.reference) {
    add("-> " + field.reference->target.text);
    if (field.reference->reverse) add("as " + field.reference->reverse.text);
    if (field.reference->on_delete) add("on delete " + field.reference->on_delete.text);
  }
  if (field.unique.length > 0) add("unique");
  if (field.globally.length > 0) add("globally");
  if (field.lock.length > 0) add("lock");
  if (field.default_value) add("= " + FormatExpression(*field.default_value));
  if (field.once.length > 0) add("once");
  if (field.search.length > 0) add("search");
  if (field.facet.length > 0) add("facet");
  if (field.hidden.length > 0) add("hidden");
  if (field.redact.length > 0) add("redact");
  if (field.was) add("was " + field.was.text);
  if (field.description) add(EncodeString(field.description->text));
  if (field.example) add("example " + FormatExpression(*field.example));
  return out;
}

std::string FormatTakes(const std::vector<ast::Take>& takes) {
  std::string out;
  for (const ast::Take& take : takes) {
    if (!out.empty()) {
      out += ',';
      out += kBreak;
    }
    out += FormatTake(take);
  }
  return out;
}

std::string FormatSet(const std::vector<ast::Assignment>& set) {
  std::string out;
  for (const ast::Assignment& assignment : set) {
    if (!out.empty()) {
      out += ',';
      out += kBreak;
    }
    out += FormatPath(assignment.path) + " = " + FormatExpression(*assignment.value);
  }
  return out;
}

std::string FormatColumn(const ast::ViewColumn& column) {
  if (column.all) return "*";
  std::string out;
  if (column.relation) {
    out = column.relation.text + " {";
    for (std::size_t i = 0; i < column.columns.size(); ++i) {
      if (i > 0) out += ',';
      out += kInnerBreak;
      out += Inner(FormatColumn(column.columns[i]));
    }
    out += " }";
    if (column.order) out += " order " + FormatOrder(*column.order);
  } else {
    out = FormatExpression(*column.value);
  }
  return out + (column.as ? " as " + column.as.text : "");
}

std::string FormatShapeModifiers(const ast::ShapeField& field) {
  std::string out;
  if (field.default_value) out += "= " + FormatExpression(*field.default_value);
  if (field.description) out += (out.empty() ? "" : " ") + EncodeString(field.description->text);
  if (field.example)
    out += std::string(out.empty() ? "" : " ") + "example " + FormatExpression(*field.example);
  return out;
}

std::string FormatShapeItem(const ast::ShapeItem& item) {
  if (const auto* field = std::get_if<ast::ShapeField>(&item)) {
    const std::string rest = FormatShapeModifiers(*field);
    return FormatName(field->name) + " " + FormatType(field->type) +
           (rest.empty() ? "" : " " + rest);
  }
  if (const auto* rest = std::get_if<ast::ShapeRest>(&item)) return "* " + FormatType(rest->type);
  return "drop " + FormatNames(std::get<ast::ShapeDrop>(item).names);
}

std::string FormatClause(const ast::Item& item) { return std::visit(ClauseText{}, item); }

}  // namespace tenon::model
