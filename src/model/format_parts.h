// Parts of a model file as text, on one line each; kBreak stands where a long one may be broken.
#pragma once

#include <string>
#include <vector>

#include "model/ast.h"

namespace tenon::model {

// A description with the blank before it, or nothing.
std::string FormatDescription(const std::optional<ast::Text>& text);
// Everything of a field behind its type, in the order that docs/language.md lists it.
std::string FormatModifiers(const ast::Field& field);
// The same of a shape's field.
std::string FormatShapeModifiers(const ast::ShapeField& field);
std::string FormatShapeItem(const ast::ShapeItem& item);
std::string FormatTakes(const std::vector<ast::Take>& takes);
std::string FormatSet(const std::vector<ast::Assignment>& set);
std::string FormatOrder(const ast::Order& order);
std::string FormatColumn(const ast::ViewColumn& column);
// A clause of one line; empty for fields, lifecycles and events.
std::string FormatClause(const ast::Item& item);

}  // namespace tenon::model
