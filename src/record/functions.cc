#include "record/functions.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/json.h"
#include "base/pattern.h"
#include "base/text.h"
#include "record/text_case.h"

namespace tenon {
namespace {

using Args = std::span<const Value>;

// RFC 9562, appendix on name spaces: URL.
constexpr Uuid kUrlNamespace{{0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00,
                              0xc0, 0x4f, 0xd4, 0x30, 0xc8}};

const std::string& Text(const Value& value) { return value.As<std::string>(); }

Result<Computed> Lower(Args args) { return Value(ToLower(Text(args[0]))); }
Result<Computed> Upper(Args args) { return Value(ToUpper(Text(args[0]))); }

Result<Computed> Length(Args args) {
  if (const auto* text = args[0].If<std::string>()) {
    return Value(static_cast<std::int64_t>(CountCodePoints(*text)));
  }
  if (const auto* document = args[0].If<json::value>()) {
    if (document->is_array()) return Value(static_cast<std::int64_t>(document->get_array().size()));
    if (document->is_string()) {
      const json::string& text = document->get_string();
      return Value(static_cast<std::int64_t>(CountCodePoints({text.data(), text.size()})));
    }
  }
  return Value();
}

Result<Computed> Substr(Args args) {
  const auto* from = args[1].If<std::int64_t>();
  if (from == nullptr) return Value();
  if (args.size() < 3) return Value(Substring(Text(args[0]), *from, std::nullopt));
  const auto* count = args[2].If<std::int64_t>();
  if (count == nullptr) return Value();
  return Value(Substring(Text(args[0]), *from, *count));
}

Result<Computed> Concat(Args args) {
  std::string out;
  for (const Value& value : args) out += TextOf(value);
  return Value(std::move(out));
}

Result<Computed> Abs(Args args) { return Absolute(args[0]); }

Result<Computed> RoundTo(Args args) {
  const auto* digits = args.size() > 1 ? args[1].If<std::int64_t>() : nullptr;
  if (args.size() > 1 && digits == nullptr) return Value();
  return Round(args[0], digits == nullptr ? 0 : *digits);
}

Result<Computed> StartsWith(Args args) { return Value(Text(args[0]).starts_with(Text(args[1]))); }

Result<Computed> Matches(Args args) {
  return Value(TRY(Pattern::Compile(Text(args[1])))->IsFoundIn(Text(args[0])));
}

Result<Computed> Sha256Of(Args args) { return Value(HashOfTexts(args)); }

Result<Computed> Canonical(Args args) {
  const auto* document = args[0].If<json::value>();
  return document == nullptr ? Value(TextOf(args[0])) : Value(CanonicalJson(*document));
}

Result<Computed> Sort(Args args) {
  const auto* document = args[0].If<json::value>();
  if (document == nullptr || !document->is_array()) return Value();
  json::array sorted = document->get_array();
  std::vector<std::pair<std::string, std::size_t>> order;
  order.reserve(sorted.size());
  // Text by its own order; everything else by its canonical form, after text.
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const json::value& element = sorted[i];
    order.emplace_back(element.is_string() ? "0" + std::string(element.get_string())
                                           : "1" + CanonicalJson(element),
                       i);
  }
  std::ranges::sort(order);
  json::array out;
  out.reserve(sorted.size());
  for (const auto& [key, i] : order) out.push_back(std::move(sorted[i]));
  return Value::Json(std::move(out));
}

Result<Computed> Bucket(Args args) { return BucketOf(args[0], args[1]); }

template <std::int64_t kMicros>
Result<Computed> Units(Args args) {
  const auto* duration = args[0].If<Duration>();
  if (duration == nullptr) return Value();
  // The wall clock may have gone back between the two times: no time has passed, not less.
  return Value(std::max<std::int64_t>(duration->count(), 0) / kMicros);  // rounded down
}

Result<Computed> Acyclic(Args args) {
  const auto* document = args[0].If<json::value>();
  return document == nullptr ? Value() : Value(IsAcyclic(*document));
}

Result<Computed> JoinsExist(Args args) {
  const auto* document = args[0].If<json::value>();
  return document == nullptr ? Value() : Value(EdgesJoinNodes(*document));
}

Result<Computed> SlugOf(Args args) { return Value(Slug(Text(args[0]))); }

Result<Computed> Uuid5(Args args) {
  Uuid name_space = kUrlNamespace;
  if (args.size() > 1) {
    const Value first = ReadValueAs(args[0], {Kind::kUuid});
    if (const auto* id = first.If<Uuid>()) {
      name_space = *id;
      args = args.subspan(1);
    }
  }
  std::string name;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (i > 0) name += '\n';
    name += TextOf(args[i]);
  }
  return Value(UuidV5(name_space, name));
}

constexpr std::array kBodies = {
    FunctionBody{"lower", Kind::kText, Kind::kText, true, Lower},
    FunctionBody{"upper", Kind::kText, Kind::kText, true, Upper},
    FunctionBody{"length", Kind::kNull, Kind::kNull, true, Length},
    FunctionBody{"substr", Kind::kText, Kind::kNumber, true, Substr},
    FunctionBody{"concat", Kind::kNull, Kind::kNull, false, Concat},
    FunctionBody{"abs", Kind::kNumber, Kind::kNumber, true, Abs},
    FunctionBody{"round", Kind::kNumber, Kind::kNumber, true, RoundTo},
    FunctionBody{"starts_with", Kind::kText, Kind::kText, true, StartsWith},
    FunctionBody{"matches", Kind::kText, Kind::kText, true, Matches},
    FunctionBody{"sha256", Kind::kNull, Kind::kNull, false, Sha256Of},
    FunctionBody{"canonical", Kind::kNull, Kind::kNull, true, Canonical},
    FunctionBody{"sort", Kind::kNull, Kind::kNull, true, Sort},
    FunctionBody{"bucket", Kind::kTime, Kind::kDuration, true, Bucket},
    FunctionBody{"millis", Kind::kDuration, Kind::kDuration, true, Units<1'000>},
    FunctionBody{"seconds", Kind::kDuration, Kind::kDuration, true, Units<1'000'000>},
    FunctionBody{"minutes", Kind::kDuration, Kind::kDuration, true, Units<60'000'000>},
    FunctionBody{"hours", Kind::kDuration, Kind::kDuration, true, Units<3'600'000'000>},
    FunctionBody{"days", Kind::kDuration, Kind::kDuration, true, Units<86'400'000'000>},
    FunctionBody{"acyclic", Kind::kNull, Kind::kNull, true, Acyclic},
    FunctionBody{"edges_join_nodes", Kind::kNull, Kind::kNull, true, JoinsExist},
    FunctionBody{"joins_exist", Kind::kNull, Kind::kNull, true, JoinsExist},
    FunctionBody{"slug", Kind::kText, Kind::kText, true, SlugOf},
    FunctionBody{"uuid5", Kind::kNull, Kind::kNull, true, Uuid5},
};

}  // namespace

const FunctionBody* FindFunctionBody(std::string_view name) {
  const auto at = std::ranges::find(kBodies, name, &FunctionBody::name);
  return at == kBodies.end() ? nullptr : &*at;
}

std::string Substring(std::string_view text, std::int64_t from, std::optional<std::int64_t> count) {
  if (count && *count <= 0) return {};
  if (from < 1) from = 1;
  const auto skip = [&](std::size_t at, std::int64_t code_points) {
    while (at < text.size() && code_points > 0) {
      ++at;
      while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
      --code_points;
    }
    return at;
  };
  const std::size_t start = skip(0, from - 1);
  const std::size_t end = count ? skip(start, *count) : text.size();
  return std::string(text.substr(start, end - start));
}

std::string Slug(std::string_view text) {
  std::string out;
  for (const char c : ToLower(text)) {
    const bool keep = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (keep) {
      out += c;
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  if (!out.empty() && out.back() == '-') out.pop_back();
  return out;
}

std::string HashOfTexts(std::span<const Value> values) {
  std::string joined;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) joined += '\n';
    joined += TextOf(values[i]);
  }
  return ToHex(Sha256(joined));
}

}  // namespace tenon
