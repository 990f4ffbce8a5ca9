// Values and expressions as SQL text, for DDL, where nothing can be bound.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"
#include "model/model.h"
#include "record/sql.h"

namespace tenon {

// The value as a literal of a column of the type.
std::string LiteralSql(const Value& value, const model::Type& type, Dialect dialect);

// The expression with columns unqualified and its parameters written in. nullopt when it has no SQL
// form, or calls a function of ours: the sqlite3 shell does not have those, and a table that calls
// one could not be written there.
std::optional<std::string> ExpressionSql(const model::Expression& expression, Dialect dialect);

// "not softly deleted", unqualified; empty when the entity has no soft delete.
std::string LiveSql(const model::Entity& entity, Dialect dialect);

// The expression's value when it depends on nothing: a literal, a list, arithmetic on them.
std::optional<Value> ConstantOf(const model::Expression& expression);

// The present moment as a column holds it: "(strftime(...))", "now()".
std::string_view NowSql(Dialect dialect);

// The name, or when PostgreSQL would cut it (63 bytes), its beginning and a digest of it.
std::string PostgresName(const std::string& name);

// `"a", "b"`.
std::string NameList(const std::vector<std::string>& names);
// `'a', 'b'`.
std::string TextList(const std::vector<std::string>& texts);

}  // namespace tenon
