// Scalars out of JSON and out of text.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "base/text.h"
#include "record/cron.h"
#include "record/decoder.h"

namespace tenon {

using model::Type;
using model::TypeKind;

namespace {

constexpr std::size_t kUrlBytesMax = 2048;  // what browsers and proxies take
constexpr std::size_t kEnumNamesShownMax = 20;
constexpr std::int64_t kDurationSecondsMax = 9'999'999'999;  // record/column.h

std::string_view TextOfJson(const json::value& input) {
  return {input.get_string().data(), input.get_string().size()};
}

std::string_view Expected(const Type& type) {
  switch (type.kind) {
    case TypeKind::kUuid:
      return "a UUID";
    case TypeKind::kUlid:
      return "a ULID";
    case TypeKind::kInt:
      return "a whole number";
    case TypeKind::kDecimal:
      return "a decimal number, best as text";
    case TypeKind::kFloat:
      return "a number";
    case TypeKind::kBool:
      return "true or false";
    case TypeKind::kTime:
      return "a time as text (RFC 3339)";
    case TypeKind::kDuration:
      return "a duration as text (ISO 8601)";
    case TypeKind::kEnum:
      return "one of the names";
    case TypeKind::kIp:
      return "an IP address";
    case TypeKind::kUrl:
      return "a URL";
    case TypeKind::kCron:
      return "a cron line";
    case TypeKind::kTimezone:
      return "a time zone";
    default:
      return "text";
  }
}

// The canonical text of an address, so that equal addresses are equal text; empty when it is none.
std::string CanonicalIp(std::string_view text) {
  const std::string copy(text);
  unsigned char bytes[16];
  char out[INET6_ADDRSTRLEN];
  if (inet_pton(AF_INET, copy.c_str(), bytes) == 1) {
    return inet_ntop(AF_INET, bytes, out, sizeof out) == nullptr ? "" : out;
  }
  if (inet_pton(AF_INET6, copy.c_str(), bytes) == 1) {
    return inet_ntop(AF_INET6, bytes, out, sizeof out) == nullptr ? "" : out;
  }
  return {};
}

// What is wrong with a URL, or empty.
std::string_view UrlFault(std::string_view text) {
  if (text.size() > kUrlBytesMax) return "a URL has at most 2048 characters";
  const auto parsed = boost::urls::parse_uri(boost::core::string_view(text.data(), text.size()));
  if (!parsed) return "not an absolute URL, such as https://example.com/path";
  const auto scheme = parsed->scheme();
  const bool web = scheme == "http" || scheme == "https" || scheme == "ws" || scheme == "wss";
  if (web && parsed->encoded_host().empty()) return "the URL names no host";
  return {};
}

}  // namespace

void Decoder::Report(const std::string& path, std::string_view code, std::string message) {
  if (errors_.size() >= kErrorsMax) return;
  errors_.push_back({path, std::string(code), std::move(message)});
}

std::string_view KindName(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "true or false";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "a number";
    case json::kind::string:
      return "text";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return "an object";
  }
  return "something else";
}

std::string NearestHint(std::string_view name, std::span<const std::string_view> names) {
  const std::string_view nearest = Nearest(name, names);
  return nearest.empty() ? std::string() : fmt::format("; did you mean '{}'?", nearest);
}

bool IsTimezone(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.front() == '/' || name.back() == '/') return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    if (!letter && !digit && c != '_' && c != '-' && c != '+' && c != '/') return false;
    if (c == '/' && name[i - 1] == '/') return false;
  }
  if (name.front() < 'A' || name.front() > 'Z') return false;
  // No dots, so no way up. A machine without the zones takes any name of the right form.
  std::error_code ignored;
  const std::filesystem::path zones("/usr/share/zoneinfo");
  if (!std::filesystem::is_directory(zones, ignored)) return true;
  return std::filesystem::is_regular_file(zones / name, ignored);
}

std::optional<Value> Decoder::DecodeEnum(const Type& type, std::string_view text,
                                         const std::string& path) {
  std::vector<std::string_view> names;
  std::string list;
  for (const model::EnumValue& value : type.enumeration->values) {
    if (value.name == text) return Value(text);
    names.push_back(value.name);
    if (names.size() <= kEnumNamesShownMax) list += (list.empty() ? "" : ", ") + value.name;
  }
  if (names.size() > kEnumNamesShownMax) list += fmt::format(" and {} more", names.size() - 20);
  Report(
      path, "enum",
      fmt::format("'{}' is not one of {}{}", Ellipsis(text, 60), list, NearestHint(text, names)));
  return std::nullopt;
}

// Text with a form of its own; its canonical form comes out.
std::optional<Value> Decoder::DecodeFormat(const Type& type, std::string_view text,
                                           const std::string& path) {
  const auto wrong = [&](std::string message) -> std::optional<Value> {
    Report(path, "format", std::move(message));
    return std::nullopt;
  };
  const std::string shown = Ellipsis(text, 60);
  switch (type.kind) {
    case TypeKind::kUuid:
      if (const auto id = Uuid::Parse(text)) return Value(*id);
      return wrong(fmt::format("'{}' is not a UUID", shown));
    case TypeKind::kUlid:
      if (const auto id = Ulid::Parse(text)) return Value(id->ToString());
      return wrong(fmt::format("'{}' is not a ULID (26 characters)", shown));
    case TypeKind::kTime:
      if (const auto time = ParseTime(text)) return Value(*time);
      return wrong(fmt::format("'{}' is not a time such as 2026-01-31T12:00:00Z", shown));
    case TypeKind::kDuration: {
      auto duration = ParseDuration(text);
      if (!duration) duration = ParseShortDuration(text);
      if (!duration) return wrong(fmt::format("'{}' is not a duration such as PT15M", shown));
      if (duration->count() >= 0 && duration->count() / 1'000'000 <= kDurationSecondsMax) {
        return Value(*duration);
      }
      Report(path, "range", "a duration is from 0 to 9999999999 seconds");
      return std::nullopt;
    }
    case TypeKind::kIp: {
      std::string ip = CanonicalIp(text);
      if (!ip.empty()) return Value(std::move(ip));
      return wrong(fmt::format("'{}' is not an IPv4 or IPv6 address", shown));
    }
    case TypeKind::kUrl: {
      const std::string_view fault = UrlFault(text);
      return fault.empty() ? std::optional(Value(text)) : wrong(std::string(fault));
    }
    case TypeKind::kCron: {
      const auto schedule = ParseCron(text);
      return schedule ? std::optional(Value(text)) : wrong(schedule.error().message);
    }
    case TypeKind::kTimezone:
      if (IsTimezone(text)) return Value(text);
      return wrong(fmt::format("'{}' is not a time zone such as Europe/Berlin", shown));
    default:
      return Value(text);
  }
}

std::optional<Value> Decoder::DecodeText(const Type& type, std::string_view text,
                                         const std::string& path) {
  if (InvalidUtf8At(text)) {
    Report(path, "format", "not valid UTF-8");
    return std::nullopt;
  }
  if (text.find('\0') != std::string_view::npos) {
    Report(path, "format", "text cannot hold the character NUL");
    return std::nullopt;
  }
  if (type.kind == TypeKind::kEnum) return DecodeEnum(type, text, path);
  if (type.kind == TypeKind::kLiteral) {
    if (text == type.literal) return Value(text);
    Report(path, "enum", fmt::format("must be '{}'", type.literal));
    return std::nullopt;
  }
  if (type.kind != TypeKind::kText) return DecodeFormat(type, text, path);
  // A text of few bytes has few code points: most are never counted.
  if (type.length_max && text.size() > static_cast<std::size_t>(*type.length_max)) {
    const std::size_t length = CountCodePoints(text);
    if (length > static_cast<std::size_t>(*type.length_max)) {
      Report(path, "length",
             fmt::format("has {} characters, at most {} are allowed", length, *type.length_max));
      return std::nullopt;
    }
  }
  return Value(text);
}

std::optional<Value> Decoder::DecodeInt(const Type& type, const json::value& input,
                                        const std::string& path) {
  if (input.is_uint64()) {
    Report(path, "range", "the number does not fit 64 bits with a sign");
    return std::nullopt;
  }
  if (!input.is_int64()) {
    Report(path, "type",
           fmt::format("expected a whole number, got {}",
                       input.is_double() ? "one with a point or an exponent" : KindName(input)));
    return std::nullopt;
  }
  const std::int64_t value = input.get_int64();
  if ((type.min && value < *type.min) || (type.max && value > *type.max)) {
    if (type.min && type.max) {
      Report(path, "range", fmt::format("must be from {} to {}", *type.min, *type.max));
    } else {
      Report(path, "range",
             type.min ? fmt::format("must be at least {}", *type.min)
                      : fmt::format("must be at most {}", *type.max));
    }
    return std::nullopt;
  }
  return Value(value);
}

std::optional<Value> Decoder::DecodeDecimal(const Type& type, const json::value& input,
                                            const std::string& path) {
  std::optional<Decimal> parsed;
  if (input.is_string()) {
    parsed = Decimal::Parse(TextOfJson(input));
    if (!parsed) {
      Report(path, "format",
             fmt::format("'{}' is not a decimal number", Ellipsis(TextOfJson(input), 60)));
      return std::nullopt;
    }
  } else if (input.is_int64()) {
    parsed = Decimal{input.get_int64(), 0};
  } else if (input.is_double()) {
    std::string digits;
    AppendJsonNumber(input.get_double(), digits);
    parsed = Decimal::Parse(digits);
  } else if (!input.is_uint64()) {
    Report(path, "type", fmt::format("expected {}, got {}", Expected(type), KindName(input)));
    return std::nullopt;
  }
  const auto fitted = parsed ? parsed->Rescale(type.scale) : std::nullopt;
  std::int64_t limit = 1;
  for (int i = 0; i < type.precision && i < 18; ++i) limit *= 10;
  if (!fitted || fitted->units >= limit || fitted->units <= -limit) {
    Report(path, "range",
           fmt::format("has at most {} digits, {} of them after the point", type.precision,
                       type.scale));
    return std::nullopt;
  }
  return Value(*fitted);
}

std::optional<Value> Decoder::DecodeScalar(const Type& type, const json::value& input,
                                           const std::string& path) {
  const auto wrong = [&]() -> std::optional<Value> {
    Report(path, "type", fmt::format("expected {}, got {}", Expected(type), KindName(input)));
    return std::nullopt;
  };
  switch (type.kind) {
    case TypeKind::kInt:
      return DecodeInt(type, input, path);
    case TypeKind::kDecimal:
      return DecodeDecimal(type, input, path);
    case TypeKind::kFloat: {
      if (!input.is_number()) return wrong();
      const double number = input.is_int64()    ? static_cast<double>(input.get_int64())
                            : input.is_uint64() ? static_cast<double>(input.get_uint64())
                                                : input.get_double();
      if (std::isfinite(number)) return Value(number);
      Report(path, "range", "the number is too large");
      return std::nullopt;
    }
    case TypeKind::kBool:
      return input.is_bool() ? Value(input.get_bool()) : wrong();
    default:
      if (!input.is_string()) return wrong();
      return DecodeText(type, TextOfJson(input), path);
  }
}

std::optional<Value> DecodeValue(const Type& type, const json::value& input,
                                 const std::string& path, const json::object* siblings,
                                 const DecodeOptions& options, std::vector<FieldError>& errors) {
  return Decoder(options, errors).Decode(type, input, path, siblings, nullptr);
}

Result<Value> ParseText(const Type& type, std::string_view text) {
  const auto wrong = [&](std::string message) {
    return Fail(Code::kInvalidArgument, std::move(message));
  };
  if (text.empty() && type.nullable) return Value();
  json::value input;
  switch (type.kind) {
    case TypeKind::kInt: {
      std::int64_t value = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
        return wrong(fmt::format("'{}' is not a whole number", Ellipsis(text, 60)));
      }
      input = value;
      break;
    }
    case TypeKind::kFloat: {
      double value = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
        return wrong(fmt::format("'{}' is not a number", Ellipsis(text, 60)));
      }
      input = value;
      break;
    }
    case TypeKind::kBool:
      if (text != "true" && text != "false") {
        return wrong(fmt::format("'{}' is not true or false", Ellipsis(text, 60)));
      }
      input = text == "true";
      break;
    case TypeKind::kJson:
    case TypeKind::kList:
    case TypeKind::kMap:
      input = TRY(ParseJson(text));
      break;
    default:
      input = json::string(text);
      break;
  }
  std::vector<FieldError> errors;
  auto value = DecodeValue(type, input, "", nullptr, {}, errors);
  if (value) return std::move(*value);
  const FieldError& first = errors.front();
  return wrong(first.path.empty() ? first.message : first.path + ": " + first.message);
}

}  // namespace tenon
