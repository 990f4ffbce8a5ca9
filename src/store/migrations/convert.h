// A column's values in another type.
#pragma once

#include <string>

#include "store/migrations/schema.h"

namespace tenon {

struct Conversion {
  std::string sql;            // the value in the new type
  bool safe = false;          // every value keeps its meaning, or the new column's CHECK refuses it
  std::string fits_sql = {};  // when it is not safe: which values keep theirs; empty: none
};

// Of `value`, the SQL of a value of `from`. Widening is safe; so is what a CHECK decides row by
// row (a shorter text, fewer enum values). What could change a value silently is not.
Conversion Convert(const PhysicalColumn& from, const PhysicalColumn& to, const std::string& value);

// The same on PostgreSQL, as the USING of ALTER COLUMN TYPE.
Conversion ConvertPostgres(const PhysicalColumn& from, const PhysicalColumn& to,
                           const std::string& value);

}  // namespace tenon
