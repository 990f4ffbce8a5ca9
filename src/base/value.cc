#include "base/value.h"

#include <array>
#include <charconv>
#include <cstdlib>
#include <limits>

#include "base/json.h"
#include "base/text.h"

namespace tenon {
namespace {

__extension__ using Int128 = __int128;

constexpr int kScaleMax = 18;
constexpr std::size_t kDescribeBytesMax = 200;

constexpr std::array<std::int64_t, kScaleMax + 1> MakePowers() {
  std::array<std::int64_t, kScaleMax + 1> powers{};
  powers[0] = 1;
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}
constexpr std::array<std::int64_t, kScaleMax + 1> kPowers = MakePowers();

std::int64_t Power(int exponent) { return kPowers[static_cast<std::size_t>(exponent)]; }

// The number in units of 10^-18: at most 9.3e36, which 128 bits hold.
Int128 Widest(const Decimal& decimal) {
  return static_cast<Int128>(decimal.units) * Power(kScaleMax - decimal.scale);
}

struct Describer {
  std::string out;

  void operator()(Null) { out = "null"; }
  void operator()(bool v) { out = v ? "true" : "false"; }
  void operator()(std::int64_t v) { out = std::to_string(v); }
  void operator()(double v) { AppendJsonNumber(v, out); }
  void operator()(const Decimal& v) { out = v.ToString(); }
  // Cut before it is quoted, so that the closing quote stays.
  void operator()(const std::string& v) {
    AppendJsonString(Ellipsis(v, kDescribeBytesMax - 2), out);
  }
  void operator()(const Uuid& v) { out = v.ToString(); }
  void operator()(Time v) { out = FormatTime(v); }
  void operator()(Duration v) { out = FormatDuration(v); }
  void operator()(const json::value& v) { AppendCanonicalJson(v, out); }
};

struct Hasher {
  std::size_t operator()(Null) const { return 0; }
  template <typename T>
  std::size_t operator()(const T& v) const {
    return std::hash<T>()(v);
  }
  std::size_t operator()(const Decimal& v) const { return std::hash<double>()(v.ToDouble()); }
  std::size_t operator()(const Uuid& v) const { return std::hash<std::string>()(v.ToString()); }
  std::size_t operator()(Time v) const { return Count(v.time_since_epoch()); }
  std::size_t operator()(Duration v) const { return Count(v); }
  std::size_t operator()(const json::value&) const { return 1; }
  static std::size_t Count(Duration v) { return std::hash<std::int64_t>()(v.count()); }
};

}  // namespace

std::string Decimal::ToString() const {
  const bool negative = units < 0;
  std::uint64_t magnitude = static_cast<std::uint64_t>(units);
  if (negative) magnitude = 0 - magnitude;
  char digits[24];
  const auto done = std::to_chars(digits, digits + sizeof digits, magnitude);
  const auto count = static_cast<std::size_t>(done.ptr - digits);
  const auto places = static_cast<std::size_t>(scale);
  std::string out;
  if (negative) out.push_back('-');
  if (count > places) {
    out.append(digits, count - places);
  } else {
    out.push_back('0');
  }
  if (places == 0) return out;
  out.push_back('.');
  if (count > places) {
    out.append(digits + (count - places), places);
  } else {
    out.append(places - count, '0');
    out.append(digits, count);
  }
  return out;
}

double Decimal::ToDouble() const {
  // Both are exact doubles, so the division rounds once.
  constexpr std::int64_t kExact = 1ll << 53;
  if (units > -kExact && units < kExact) {
    return static_cast<double>(units) / static_cast<double>(Power(scale));
  }
  const std::string text = ToString();
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::optional<Decimal> Decimal::Parse(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const std::size_t point = text.find('.');
  const std::size_t whole = std::min(point, text.size());
  const std::size_t places = point == std::string_view::npos ? 0 : text.size() - point - 1;
  if (whole == 0 || places > kScaleMax || (point != std::string_view::npos && places == 0)) {
    return std::nullopt;
  }
  Int128 units = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == point) continue;
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    units = units * 10 + (text[i] - '0');
    if (units > static_cast<Int128>(std::numeric_limits<std::int64_t>::max()) + 1) {
      return std::nullopt;
    }
  }
  if (negative) units = -units;
  if (units > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  return Decimal{static_cast<std::int64_t>(units), static_cast<int>(places)};
}

std::optional<Decimal> Decimal::Rescale(int to) const {
  if (to < 0 || to > kScaleMax) return std::nullopt;
  if (to <= scale) {
    const std::int64_t divisor = Power(scale - to);
    if (units % divisor != 0) return std::nullopt;
    return Decimal{units / divisor, to};
  }
  const Int128 wide = static_cast<Int128>(units) * Power(to - scale);
  if (wide > std::numeric_limits<std::int64_t>::max() ||
      wide < std::numeric_limits<std::int64_t>::min()) {
    return std::nullopt;
  }
  return Decimal{static_cast<std::int64_t>(wide), to};
}

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) {
  const Int128 x = Widest(a);
  const Int128 y = Widest(b);
  if (x == y) return std::strong_ordering::equal;
  return x < y ? std::strong_ordering::less : std::strong_ordering::greater;
}

bool operator==(const Decimal& a, const Decimal& b) { return (a <=> b) == 0; }

bool Value::operator==(const Value& other) const {
  if (v_.index() != other.v_.index()) return false;
  const auto* document = std::get_if<json::value>(&v_);
  if (document == nullptr) return v_ == other.v_;
  const json::value& theirs = std::get<json::value>(other.v_);
  return *document == theirs || CanonicalJson(*document) == CanonicalJson(theirs);
}

std::size_t Value::Hash() const { return std::visit(Hasher(), v_); }

std::string Describe(const Value& value) {
  Describer describer;
  std::visit(describer, value.storage());
  return Ellipsis(describer.out, kDescribeBytesMax);
}

}  // namespace tenon
