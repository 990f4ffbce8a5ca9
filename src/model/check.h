// From source text to a checked Model.
#pragma once

#include <expected>
#include <memory>
#include <string_view>
#include <vector>

#include "model/model.h"
#include "model/source.h"

namespace tenon::model {

// Parses and checks all files together, as one name space. Never throws, whatever the input; stops
// collecting after limits::kModelErrorsMax. Diagnostics come in order of file and place.
std::expected<std::shared_ptr<const Model>, std::vector<Diagnostic>> Check(const Sources& sources);

// Canonical text of one file. Diagnostics when it does not parse (it need not check).
std::expected<std::string, std::vector<Diagnostic>> Format(const Sources& sources,
                                                           std::uint32_t file);

// Where an expression from outside stands: `filter=`, a webhook's condition.
enum class ExpressionUse {
  kFilter,   // boolean over a row; engine-only functions and aggregates over the row are refused
  kInMemory  // boolean over a row, evaluated in memory: engine-only functions are allowed
};

// Parses and checks one boolean expression over `entity`. The error is kInvalidArgument; its
// message has the expression with a caret, its details `offset`.
Result<ExpressionPtr> CheckExpression(const Model& model, const Entity& entity,
                                      std::string_view text, ExpressionUse use);

// One path, as `order_by` and `fields` use it.
Result<ExpressionPtr> CheckPath(const Model& model, const Entity& entity, std::string_view text);
// One path of a `search` line, which may lead to many rows.
Result<ExpressionPtr> CheckSearchPath(const Model& model, const Entity& entity,
                                      std::string_view text);

}  // namespace tenon::model
