// Value: one scalar or JSON document of the model's types, as it travels between JSON, expressions
// and a store. Lives in base/ because literals in a model, parameters of a statement and fields of
// a record are all of it.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <variant>

#include "base/clock.h"
#include "base/ids.h"

namespace tenon {

// Exact decimal: value = units / 10^scale. decimal(p,s) columns hold units of their own scale.
struct Decimal {
  std::int64_t units = 0;
  int scale = 0;  // 0..18

  [[nodiscard]] std::string ToString() const;  // "0.50", always `scale` digits
  [[nodiscard]] double ToDouble() const;
  // Digits with an optional sign and point; nullopt on anything else or when it does not fit.
  static std::optional<Decimal> Parse(std::string_view text);
  // The same number at another scale; nullopt when digits would be lost or it overflows.
  [[nodiscard]] std::optional<Decimal> Rescale(int to) const;
};
std::strong_ordering operator<=>(const Decimal& a, const Decimal& b);  // by number
bool operator==(const Decimal& a, const Decimal& b);

struct Null {
  bool operator==(const Null&) const = default;
};

// Text-like types (text, enum, ulid, ip, url, cron, timezone, sealed secret) are all std::string.
class Value {
 public:
  using Storage = std::variant<Null, bool, std::int64_t, double, Decimal, std::string, Uuid, Time,
                               Duration, boost::json::value>;

  Value() = default;
  Value(Null) {}                                      // NOLINT: values convert on purpose
  Value(bool v) : v_(v) {}                            // NOLINT
  Value(int v) : v_(static_cast<std::int64_t>(v)) {}  // NOLINT
  Value(std::int64_t v) : v_(v) {}                    // NOLINT
  Value(double v) : v_(v) {}                          // NOLINT
  Value(Decimal v) : v_(v) {}                         // NOLINT
  Value(std::string v) : v_(std::move(v)) {}          // NOLINT
  Value(std::string_view v) : v_(std::string(v)) {}   // NOLINT
  Value(const char* v) : v_(std::string(v)) {}        // NOLINT
  Value(Uuid v) : v_(v) {}                            // NOLINT
  Value(Time v) : v_(v) {}                            // NOLINT
  Value(Duration v) : v_(v) {}                        // NOLINT
  static Value Json(boost::json::value v) {
    Value r;
    r.v_ = std::move(v);
    return r;
  }

  [[nodiscard]] bool IsNull() const { return std::holds_alternative<Null>(v_); }
  template <typename T>
  [[nodiscard]] bool Is() const {
    return std::holds_alternative<T>(v_);
  }
  template <typename T>
  [[nodiscard]] const T& As() const {
    return std::get<T>(v_);
  }
  template <typename T>
  [[nodiscard]] T& As() {
    return std::get<T>(v_);
  }
  template <typename T>
  [[nodiscard]] const T* If() const {
    return std::get_if<T>(&v_);
  }
  [[nodiscard]] const Storage& storage() const { return v_; }

  // Equal in kind and content; JSON by canonical form. Null equals null.
  bool operator==(const Value& other) const;
  // Equal values have equal hashes, and so has an id its text.
  [[nodiscard]] std::size_t Hash() const;

 private:
  Storage v_;
};

// For messages and debugging: text in quotes, times as RFC 3339, JSON canonical, at most 200 bytes.
std::string Describe(const Value& value);

}  // namespace tenon
