// The functions that expressions may call, with their types and where they are legal. The
// evaluator (record/eval.cc) and the SQL compiler (record/sql.cc) both go by this table.
#pragma once

#include <span>
#include <string_view>

#include "model/type.h"

namespace tenon::model {

struct Function {
  std::string_view name;
  int args_min;
  int args_max;       // -1: any number
  bool engine_only;   // refused in filters, views, purge, auto and index predicates
  std::string_view description;
};

// lower upper length coalesce substr concat abs round | engine-only: matches sha256 sort bucket
// millis seconds minutes acyclic joins_exist uuid5 ...
std::span<const Function> Functions();
const Function* FindFunction(std::string_view name);

}  // namespace tenon::model
