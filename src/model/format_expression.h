// Parsed expressions and types as text. Where a long line may be broken, kBreak stands for a blank.
#pragma once

#include <string>
#include <vector>

#include "model/ast.h"

namespace tenon::model {

std::string FormatName(const ast::Name& name);
std::string FormatPath(const std::vector<ast::Name>& path);
std::string FormatNames(const std::vector<ast::Name>& names);  // "a, b"
std::string FormatExpression(const ast::Expr& expr);
std::string FormatType(const ast::TypeExpr& type);
std::string FormatEnumValue(const ast::EnumValue& value);

}  // namespace tenon::model
