// The functions that expressions may call, with their types and where they are legal. The
// evaluator (record/eval.cc) and the SQL compiler (record/sql.cc) both go by this table.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "model/type.h"

namespace tenon::model {

// What an argument may be, or what a result is.
enum class Domain : std::uint8_t {
  kAny,
  kText,  // text and what is held as text
  kInt,
  kNumber,  // int, decimal, float
  kBool,
  kTime,
  kDuration,
  kJson,  // JSON, lists and maps
  kList,  // a list
  kTextOrList,
  kUuid,
  kSame,  // results: the type of the first argument; arguments: as the first
};

struct Function {
  std::string_view name;
  int args_min;
  int args_max;      // -1: any number; the last domain repeats
  bool engine_only;  // refused in filters, views, purge, auto and index predicates
  std::array<Domain, 3> args;
  Domain result;
  std::string_view description;
};

// In the order of docs/language.md, "Functions". Aggregates (count, sum, min, max, avg, list, any,
// all) and now() are no functions: they have operators of their own.
std::span<const Function> Functions();
const Function* FindFunction(std::string_view name);

bool IsAggregate(std::string_view name);
std::span<const std::string_view> Aggregates();

}  // namespace tenon::model
