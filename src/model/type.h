// The types of fields, of shapes and of expressions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/value.h"
#include "model/span.h"

namespace tenon::model {

enum class TypeKind {
  kUuid,
  kUlid,
  kText,
  kInt,
  kDecimal,
  kFloat,
  kBool,
  kTime,
  kDuration,
  kJson,  // any JSON, or checked by `shape`, `union_`, `by`
  kEnum,  // one of the names
  kIp,
  kUrl,
  kCron,
  kTimezone,
  kSecret,   // sealed; with a shape, the plain text is JSON of it
  kLiteral,  // in shapes only: exactly this text (type "cron")
  kList,     // [T]   stored as JSON
  kMap,      // map T stored as JSON, keys are text
  kNull,     // of expressions only: the type of `null`
};

struct Enum;
struct Shape;
struct Union;
struct Type;

// `json by FIELD { V: SHAPE }`: the shape depends on a sibling enum field of the entity.
struct ByField {
  std::string field;
  std::vector<std::pair<std::string, const Shape*>> cases;  // value -> shape
};

// Immutable after checking. Pointers are into the Model that owns it.
struct Type {
  TypeKind kind = TypeKind::kText;
  bool nullable = false;                           // `?`
  int uuid_version = 7;                            // kUuid: what is generated when it is the key
  std::optional<std::int64_t> length_max = {};     // kText, in code points
  std::optional<std::int64_t> min = {}, max = {};  // kInt, inclusive
  int precision = 0, scale = 0;                    // kDecimal
  const Enum* enumeration = nullptr;               // kEnum, named or inline
  std::string literal = {};                        // kLiteral
  const Shape* shape = nullptr;                    // kJson, kSecret
  const Union* union_ = nullptr;                   // kJson, kSecret
  std::shared_ptr<const ByField> by = {};          // kJson
  std::shared_ptr<const Type> element = {};        // kList, kMap

  // Stored as JSON text or jsonb.
  [[nodiscard]] bool IsJson() const {
    return kind == TypeKind::kJson || kind == TypeKind::kList || kind == TypeKind::kMap;
  }
  // Held in a Value as std::string.
  [[nodiscard]] bool IsTextLike() const {
    return kind == TypeKind::kText || kind == TypeKind::kEnum || kind == TypeKind::kUlid ||
           kind == TypeKind::kIp || kind == TypeKind::kUrl || kind == TypeKind::kCron ||
           kind == TypeKind::kTimezone || kind == TypeKind::kSecret || kind == TypeKind::kLiteral;
  }
};

// As it is written in a model: "text(100)?", "enum(A, B)", "[int(0..)]".
std::string ToString(const Type& type);

struct EnumValue {
  std::string name;
  std::string description;
  std::string was;  // earlier name, for migrations
};

struct Enum {
  std::string name;  // empty when inline
  std::vector<EnumValue> values;
  Span span;
  [[nodiscard]] bool Has(std::string_view value) const;
};

struct ShapeField {
  std::string name;  // may hold blanks when it was written in quotes ("Technical Quality")
  Type type;
  bool required = true;  // neither nullable nor defaulted
  std::optional<boost::json::value> default_value;
  std::string description;
  std::optional<std::string> example;
  Span span;
};

// Describes a JSON object. `open` lets other fields through; `* T` types them; `drop` removes
// fields on write.
struct Shape {
  std::string name;
  std::string description;
  bool open = false;
  std::vector<ShapeField> fields;
  std::shared_ptr<const Type> rest;  // of `* T`, or null
  std::vector<std::string> drop;
  Span span;
  [[nodiscard]] const ShapeField* Find(std::string_view field) const;
};

// One of several shapes, told apart by a literal field that each has.
struct Union {
  std::string name;
  std::string description;
  std::string discriminator;
  std::vector<std::pair<std::string, const Shape*>> cases;  // literal -> shape
  Span span;
};

}  // namespace tenon::model
