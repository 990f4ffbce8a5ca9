// Values read as kinds, compared, and written as text.
#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/json.h"
#include "record/operators.h"

namespace tenon {

std::optional<Decimal> AsDecimal(const Value& value) {
  if (const auto* decimal = value.If<Decimal>()) return *decimal;
  if (const auto* whole = value.If<std::int64_t>()) return Decimal{*whole, 0};
  if (const auto* number = value.If<double>()) {
    std::string text;
    AppendJsonNumber(*number, text);
    return Decimal::Parse(text);  // none for 1e30: it would not fit
  }
  return std::nullopt;
}

namespace {

// The order of a whole number and a double by exact value (a double of 2^63 fits no int64).
std::strong_ordering CompareExact(std::int64_t whole, double number) {
  if (number >= 9223372036854775808.0) return std::strong_ordering::less;
  if (number < -9223372036854775808.0) return std::strong_ordering::greater;
  const auto cut = static_cast<std::int64_t>(number);
  if (whole != cut) return whole <=> cut;
  const double rest = number - static_cast<double>(cut);
  if (rest > 0) return std::strong_ordering::less;
  if (rest < 0) return std::strong_ordering::greater;
  return std::strong_ordering::equal;
}

std::strong_ordering CompareDoubles(double a, double b) {
  if (a < b) return std::strong_ordering::less;
  if (a > b) return std::strong_ordering::greater;
  return std::strong_ordering::equal;
}

std::strong_ordering Order(int compared) { return compared <=> 0; }

template <typename T>
Value OrNull(const std::optional<T>& value) {
  return value ? Value(*value) : Value();
}

Value NumberOfJson(const json::value& document) {
  if (document.is_int64()) return document.get_int64();
  if (document.is_uint64()) return static_cast<double>(document.get_uint64());
  if (!document.is_double()) return {};
  const double number = document.get_double();
  // Canonical JSON writes 5.0 as 5, so it is whole when it comes back from a store.
  if (number == std::trunc(number) && std::abs(number) < 9007199254740992.0) {
    return static_cast<std::int64_t>(number);
  }
  return number;
}

Value ReadText(std::string_view text, OperandKind kind) {
  switch (kind.kind) {
    case Kind::kText:
      return text;
    case Kind::kUuid:
      return OrNull(Uuid::Parse(text));
    case Kind::kTime:
      return OrNull(ParseTime(text));
    case Kind::kDuration:
      return OrNull(ParseDuration(text));
    case Kind::kDecimal: {
      const auto parsed = Decimal::Parse(text);
      return parsed ? OrNull(parsed->Rescale(kind.scale)) : Value();
    }
    default:
      return {};
  }
}

}  // namespace

Value NumberOfText(std::string_view text) {
  const auto decimal = Decimal::Parse(text);
  return decimal ? Value(decimal->ToDouble()) : Value();
}

namespace {

Value ReadJson(const json::value& document, OperandKind kind) {
  switch (kind.kind) {
    case Kind::kNull:
    case Kind::kJson:
      return document.is_null() ? Value() : Value::Json(document);
    case Kind::kBool:
      return document.is_bool() ? Value(document.get_bool()) : Value();
    case Kind::kDecimal:
    case Kind::kNumber:
      if (!kind.from_text || !document.is_string()) return NumberOfJson(document);
      return NumberOfText({document.get_string().data(), document.get_string().size()});
    default:
      break;
  }
  if (!document.is_string()) return {};
  return ReadText({document.get_string().data(), document.get_string().size()}, kind);
}

}  // namespace

std::optional<std::strong_ordering> CompareNumeric(const Value& a, const Value& b) {
  const auto* x = a.If<std::int64_t>();
  const auto* y = b.If<std::int64_t>();
  if (x && y) return *x <=> *y;
  const auto* u = a.If<double>();
  const auto* v = b.If<double>();
  if (u && v) return CompareDoubles(*u, *v);
  if (x && v) return CompareExact(*x, *v);
  if (u && y) return 0 <=> CompareExact(*y, *u);
  if ((!u && !AsDecimal(a)) || (!v && !AsDecimal(b))) return std::nullopt;
  const auto left = u ? std::nullopt : AsDecimal(a);
  const auto right = v ? std::nullopt : AsDecimal(b);
  if (left && right) return *left <=> *right;
  if (left && v) return CompareDoubles(left->ToDouble(), *v);
  if (u && right) return CompareDoubles(*u, right->ToDouble());
  return std::nullopt;
}

std::optional<std::strong_ordering> CompareMet(const Value& a, const Value& b) {
  if (a.IsNull() || b.IsNull()) return std::nullopt;
  if (a.Is<std::string>() && b.Is<std::string>()) {
    return Order(a.As<std::string>().compare(b.As<std::string>()));
  }
  if (a.Is<bool>() && b.Is<bool>()) return a.As<bool>() <=> b.As<bool>();
  if (a.Is<Uuid>() && b.Is<Uuid>()) return a.As<Uuid>() <=> b.As<Uuid>();
  if (a.Is<Time>() && b.Is<Time>()) return a.As<Time>() <=> b.As<Time>();
  if (a.Is<Duration>() && b.Is<Duration>()) {
    return a.As<Duration>().count() <=> b.As<Duration>().count();
  }
  if (a.Is<json::value>() && b.Is<json::value>()) {
    return Order(CanonicalJson(a.As<json::value>()).compare(CanonicalJson(b.As<json::value>())));
  }
  return CompareNumeric(a, b);
}

Value ReadValueAs(const Value& value, OperandKind kind) {
  if (const auto* document = value.If<json::value>()) return ReadJson(*document, kind);
  if (const auto* text = value.If<std::string>()) {
    if (kind.kind == Kind::kText) return value;
    if (kind.kind == Kind::kNull || kind.kind == Kind::kJson) return value;
    return ReadText(*text, kind);
  }
  if (const auto* id = value.If<Uuid>(); id && kind.kind == Kind::kText) return id->ToString();
  return value;
}

Value ConvertNumber(const Value& value, OperandKind kind) {
  const auto* decimal = value.If<Decimal>();
  if (kind.kind == Kind::kNumber && decimal != nullptr) return decimal->ToDouble();
  if (kind.kind != Kind::kDecimal || (decimal != nullptr && decimal->scale == kind.scale)) {
    return value;
  }
  if (decimal == nullptr && !value.Is<std::int64_t>() && !value.Is<double>()) return value;
  const auto rounded = DecimalOperation(model::Op::kAdd, value, Value(0), kind.scale);
  return rounded ? *rounded : Value();
}

std::optional<Decimal> DecimalOfNumber(double number, int scale) {
  const Value rounded = ConvertNumber(Value(number), {Kind::kDecimal, scale});
  const auto* decimal = rounded.If<Decimal>();
  return decimal == nullptr ? std::nullopt : std::optional(*decimal);
}

const json::value* FindStep(const json::value& root, std::span<const std::string> path) {
  const json::value* at = &root;
  for (const std::string& key : path) {
    if (const auto* array = at->if_array()) {
      std::size_t index = 0;
      const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
      if (error != std::errc() || end != key.data() + key.size() || index >= array->size()) {
        return nullptr;
      }
      at = &(*array)[index];
      continue;
    }
    const json::object* object = at->if_object();
    if (object == nullptr) return nullptr;
    at = object->if_contains(key);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string TextOf(const Value& value) {
  std::string out;
  if (const auto* text = value.If<std::string>()) return *text;
  if (const auto* flag = value.If<bool>()) return *flag ? "true" : "false";
  if (const auto* whole = value.If<std::int64_t>()) return std::to_string(*whole);
  if (const auto* number = value.If<double>()) AppendJsonNumber(*number, out);
  if (const auto* decimal = value.If<Decimal>()) return decimal->ToString();
  if (const auto* id = value.If<Uuid>()) return id->ToString();
  if (const auto* time = value.If<Time>()) return FormatTime(*time);
  if (const auto* duration = value.If<Duration>()) return FormatDuration(*duration);
  if (const auto* document = value.If<json::value>()) {
    if (document->is_string()) return std::string(document->get_string());
    if (!document->is_null()) AppendCanonicalJson(*document, out);
  }
  return out;
}

}  // namespace tenon
