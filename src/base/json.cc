#include "base/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/json_text.h"

namespace tenon {
namespace {

// 0: stands for itself; 'u': \u00XX; else the letter after the backslash.
constexpr std::array<char, 256> MakeEscapes() {
  std::array<char, 256> table{};
  for (std::size_t i = 0; i < 0x20; ++i) table[i] = 'u';
  table['\b'] = 'b';
  table['\t'] = 't';
  table['\n'] = 'n';
  table['\f'] = 'f';
  table['\r'] = 'r';
  table['"'] = '"';
  table['\\'] = '\\';
  return table;
}
constexpr std::array<char, 256> kEscapes = MakeEscapes();

// Orders bytes of UTF-8 as UTF-16 code units order: surrogates (leads F0 to F4) come before
// U+E000 (leads EE and EF), everything else is as in UTF-8.
std::uint8_t Utf16Rank(char c) {
  const auto byte = static_cast<std::uint8_t>(c);
  if (byte < 0xEE) return byte;
  return static_cast<std::uint8_t>(byte < 0xF0 ? byte + 5 : byte - 2);
}

bool Utf16Less(std::string_view a, std::string_view b) {
  const auto [x, y] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (x == a.end() || y == b.end()) return y != b.end();
  return Utf16Rank(*x) < Utf16Rank(*y);
}

template <typename Integer>
void AppendInteger(Integer value, std::string& out) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
  out.append(buffer, end.ptr);
}

enum class Members { kSorted, kAsTheyStand };

void AppendJson(const json::value& value, Members order, std::string& out);

void AppendObject(const json::object& object, Members order, std::string& out) {
  std::vector<const json::key_value_pair*> members;
  members.reserve(object.size());
  for (const json::key_value_pair& member : object) members.push_back(&member);
  const auto less = [](const json::key_value_pair* a, const json::key_value_pair* b) {
    return Utf16Less({a->key().data(), a->key().size()}, {b->key().data(), b->key().size()});
  };
  if (order == Members::kSorted && !std::is_sorted(members.begin(), members.end(), less)) {
    std::sort(members.begin(), members.end(), less);
  }
  out.push_back('{');
  for (const json::key_value_pair* member : members) {
    if (member != members.front()) out.push_back(',');
    AppendJsonString({member->key().data(), member->key().size()}, out);
    out.push_back(':');
    AppendJson(member->value(), order, out);
  }
  out.push_back('}');
}

void AppendArray(const json::array& array, Members order, std::string& out) {
  out.push_back('[');
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (i != 0) out.push_back(',');
    AppendJson(array[i], order, out);
  }
  out.push_back(']');
}

void AppendJson(const json::value& value, Members order, std::string& out) {
  switch (value.kind()) {
    case json::kind::null:
      out += "null";
      break;
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      break;
    case json::kind::int64:
      AppendInteger(value.get_int64(), out);
      break;
    case json::kind::uint64:
      AppendInteger(value.get_uint64(), out);
      break;
    case json::kind::double_:
      AppendJsonNumber(value.get_double(), out);
      break;
    case json::kind::string: {
      const json::string& text = value.get_string();
      AppendJsonString({text.data(), text.size()}, out);
      break;
    }
    case json::kind::array:
      AppendArray(value.get_array(), order, out);
      break;
    case json::kind::object:
      AppendObject(value.get_object(), order, out);
      break;
  }
}

}  // namespace

std::string CanonicalJson(const json::value& value) {
  std::string out;
  AppendCanonicalJson(value, out);
  return out;
}

void AppendCanonicalJson(const json::value& value, std::string& out) {
  AppendJson(value, Members::kSorted, out);
}

std::string JsonText(const json::value& value) {
  std::string out;
  AppendJson(value, Members::kAsTheyStand, out);
  return out;
}

void AppendJsonString(std::string_view text, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    const char escape = kEscapes[byte];
    if (escape == 0) [[likely]]
      continue;
    out.append(text, start, i - start);
    start = i + 1;
    out.push_back('\\');
    out.push_back(escape);
    if (escape == 'u') {
      const char digits[4] = {'0', '0', kHex[byte >> 4], kHex[byte & 15]};
      out.append(digits, sizeof digits);
    }
  }
  out.append(text, start, text.size() - start);
  out.push_back('"');
}

// ECMA-262, Number::toString. The digits are the shortest that read back as the same double, of
// which to_chars gives the nearest; only the layout is done here.
void AppendJsonNumber(double value, std::string& out) {
  if (!std::isfinite(value)) {  // JSON has no way to write it
    out += "null";
    return;
  }
  if (value == 0) {  // also -0
    out.push_back('0');
    return;
  }
  if (value < 0) {
    out.push_back('-');
    value = -value;
  }
  char buffer[32];
  const auto done =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  const std::string_view text(buffer, static_cast<std::size_t>(done.ptr - buffer));
  const std::size_t e = text.find('e');
  char digits[20];
  int count = 0;
  for (const char c : text.substr(0, e)) {
    if (c != '.') digits[count++] = c;
  }
  int exponent = 0;
  const std::size_t sign = e + 1;
  std::from_chars(text.data() + sign + 1, text.data() + text.size(), exponent);
  if (text[sign] == '-') exponent = -exponent;

  const int point = exponent + 1;  // the value is 0.DIGITS * 10^point
  const auto append = [&](int from, int to) {
    out.append(digits + from, static_cast<std::size_t>(to - from));
  };
  if (count <= point && point <= 21) {
    append(0, count);
    out.append(static_cast<std::size_t>(point - count), '0');
  } else if (0 < point && point <= 21) {
    append(0, point);
    out.push_back('.');
    append(point, count);
  } else if (-6 < point && point <= 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-point), '0');
    append(0, count);
  } else {
    append(0, 1);
    if (count > 1) {
      out.push_back('.');
      append(1, count);
    }
    out.push_back('e');
    out.push_back(exponent < 0 ? '-' : '+');
    AppendInteger(std::abs(exponent), out);
  }
}

const json::value* FindPath(const json::value& root, std::span<const std::string> path) {
  const json::value* at = &root;
  for (const std::string& key : path) {
    const json::object* object = at->if_object();
    if (object == nullptr) return nullptr;
    at = object->if_contains(key);
    if (at == nullptr) return nullptr;
  }
  return at;
}

void MergePatch(json::value& target, const json::value& patch) {
  const json::object* changes = patch.if_object();
  if (changes == nullptr) {
    target = patch;
    return;
  }
  if (!target.is_object()) target.emplace_object();
  json::object& object = target.get_object();
  for (const json::key_value_pair& change : *changes) {
    if (change.value().is_null()) {
      object.erase(change.key());
    } else {
      MergePatch(object[change.key()], change.value());
    }
  }
}

}  // namespace tenon
