#include "engine/page_token.h"

#include "base/hash.h"
#include "base/json.h"
#include "record/decode.h"
#include "record/encode.h"

namespace tenon {
namespace {

// Long enough that a token of another query is never taken by chance.
constexpr std::size_t kFingerprintBytes = 12;
constexpr std::size_t kTokenBytesMax = 16384;

std::string Fingerprint(std::string_view query) {
  return ToHex(Sha256("tenon page", query)).substr(0, kFingerprintBytes);
}

model::TypeKind KindOf(const Value& value) {
  if (value.Is<bool>()) return model::TypeKind::kBool;
  if (value.Is<std::int64_t>()) return model::TypeKind::kInt;
  if (value.Is<double>()) return model::TypeKind::kFloat;
  if (value.Is<Decimal>()) return model::TypeKind::kDecimal;
  if (value.Is<Uuid>()) return model::TypeKind::kUuid;
  if (value.Is<Time>()) return model::TypeKind::kTime;
  if (value.Is<Duration>()) return model::TypeKind::kDuration;
  if (value.Is<json::value>()) return model::TypeKind::kJson;
  return model::TypeKind::kText;
}

}  // namespace

std::string EncodePageToken(std::string_view query, const std::vector<Value>& values) {
  std::string text = Fingerprint(query) + "[";
  for (const Value& value : values) {
    if (text.back() != '[') text += ',';
    model::Type type;
    type.kind = KindOf(value);
    AppendValue(value, type, EncodeFor::kAnswer, text);
  }
  return ToBase64Url(text + "]");
}

Result<std::vector<Value>> DecodePageToken(std::string_view query, std::string_view token,
                                           const std::vector<model::Type>& types) {
  const auto bad = [] {
    return Fail(Code::kInvalidArgument,
                "page_token is not one that this query gave; start again without it");
  };
  if (token.size() > kTokenBytesMax) return bad();
  const auto text = FromBase64Url(token);
  if (!text || text->size() < kFingerprintBytes ||
      text->substr(0, kFingerprintBytes) != Fingerprint(query)) {
    return bad();
  }
  const auto parsed = ParseJson(std::string_view(*text).substr(kFingerprintBytes));
  if (!parsed || !parsed->is_array() || parsed->as_array().size() != types.size()) return bad();
  std::vector<Value> values;
  for (std::size_t i = 0; i < types.size(); ++i) {
    const json::value& item = parsed->as_array()[i];
    if (item.is_null()) {
      values.emplace_back();
      continue;
    }
    // Text-like kinds are compared as text, whatever their own rules; ranges do not matter here.
    model::Type plain;
    plain.kind = types[i].IsTextLike() ? model::TypeKind::kText : types[i].kind;
    plain.precision = 18;
    plain.scale = types[i].scale;
    std::vector<FieldError> errors;
    auto value = DecodeValue(plain, item, "", nullptr, {}, errors);
    if (!value || !errors.empty()) return bad();
    values.push_back(*std::move(value));
  }
  return values;
}

}  // namespace tenon
