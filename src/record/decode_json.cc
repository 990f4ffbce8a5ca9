// Documents along their types: shapes, unions, lists, maps, and the secrets inside them.
#include <fmt/format.h>

#include "base/limits.h"
#include "base/text.h"
#include "record/accumulate.h"
#include "record/decoder.h"
#include "record/secrets.h"

namespace tenon {

using model::Shape;
using model::ShapeField;
using model::Type;
using model::TypeKind;

namespace {

const json::value* MemberOf(const json::value* document, std::string_view key) {
  const json::object* object = document == nullptr ? nullptr : document->if_object();
  return object == nullptr ? nullptr : object->if_contains(key);
}

bool IsName(std::string_view key) {
  if (key.empty() || (key.front() >= '0' && key.front() <= '9')) return false;
  for (const char c : key) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
    if (!letter && !(c >= '0' && c <= '9')) return false;
  }
  return true;
}

}  // namespace

std::string Step(const std::string& path, std::string_view key) {
  if (IsName(key)) return path.empty() ? std::string(key) : path + "." + std::string(key);
  std::string out = path + "[";
  AppendJsonString(Ellipsis(key, 100), out);
  return out + "]";
}

std::string Step(const std::string& path, std::size_t index) {
  return fmt::format("{}[{}]", path, index);
}

// Sealed text. The mark that answers show in place of a secret keeps the one that is there.
std::optional<std::string> Decoder::DecodeSecret(const Type& type, const json::value& input,
                                                 const std::string& path,
                                                 const std::string* present) {
  if (input.is_string() && input.get_string() == kSealedMark) {
    if (present != nullptr) return *present;
    Report(path, "secret", fmt::format("'{}' keeps a secret, but there is none yet", kSealedMark));
    return std::nullopt;
  }
  std::string plain;
  if (type.shape != nullptr || type.union_ != nullptr) {
    auto document = DecodeDocument(type, input, path, nullptr, nullptr);
    if (!document) return std::nullopt;
    AppendCanonicalJson(*document, plain);
  } else if (input.is_string()) {
    Type text;
    text.kind = TypeKind::kText;
    text.length_max = type.length_max;
    auto value = DecodeText(text, {input.get_string().data(), input.get_string().size()}, path);
    if (!value) return std::nullopt;
    plain = std::move(value->As<std::string>());
  } else {
    Report(path, "type", fmt::format("expected text, got {}", KindName(input)));
    return std::nullopt;
  }
  if (options_.vault == nullptr) {
    Report(path, "secret", "secrets cannot be kept: the server has no ENCRYPTION_KEY");
    return std::nullopt;
  }
  return options_.vault->Seal(plain);
}

std::optional<json::value> Decoder::DecodeShape(const Shape& shape, const json::value& input,
                                                const std::string& path,
                                                const json::value* present) {
  const json::object* object = input.if_object();
  if (object == nullptr) {
    Report(path, "type",
           fmt::format("expected an object ({}), got {}", shape.name, KindName(input)));
    return std::nullopt;
  }
  const std::size_t errors_before = errors_.size();
  json::object out;
  for (const auto& member : *object) {
    const std::string_view key(member.key().data(), member.key().size());
    if (std::ranges::find(shape.drop, key) != shape.drop.end()) continue;
    const ShapeField* field = shape.Find(key);
    const Type* type = field != nullptr ? &field->type : shape.rest.get();
    if (type == nullptr && !shape.open) {
      std::vector<std::string_view> names;
      for (const ShapeField& known : shape.fields) names.push_back(known.name);
      Report(Step(path, key), "unknown",
             fmt::format("{} has no field '{}'{}", shape.name, Ellipsis(key, 60),
                         NearestHint(key, names)));
      continue;
    }
    if (type == nullptr) {
      out.emplace(key, member.value());
      continue;
    }
    auto value = DecodeJson(*type, member.value(), Step(path, key), object, MemberOf(present, key));
    if (value) out.emplace(key, std::move(*value));
  }
  for (const ShapeField& field : shape.fields) {
    if (object->contains(field.name)) continue;
    if (field.default_value) {
      out.emplace(field.name, *field.default_value);
    } else if (field.required) {
      Report(Step(path, field.name), "required", "a value is required");
    }
  }
  if (errors_.size() != errors_before) return std::nullopt;
  return json::value(std::move(out));
}

std::optional<json::value> Decoder::DecodeList(const Type& type, const json::value& input,
                                               const std::string& path,
                                               const json::value* present) {
  const json::array* array = input.if_array();
  if (array == nullptr) {
    Report(path, "type", fmt::format("expected a list, got {}", KindName(input)));
    return std::nullopt;
  }
  const json::array* before = present == nullptr ? nullptr : present->if_array();
  const std::size_t errors_before = errors_.size();
  json::array out;
  out.reserve(array->size());
  for (std::size_t i = 0; i < array->size(); ++i) {
    const json::value* there = before != nullptr && i < before->size() ? &(*before)[i] : nullptr;
    auto value = DecodeJson(*type.element, (*array)[i], Step(path, i), nullptr, there);
    if (value) out.push_back(std::move(*value));
    if (errors_.size() >= kErrorsMax) break;
  }
  if (errors_.size() != errors_before) return std::nullopt;
  return json::value(std::move(out));
}

std::optional<json::value> Decoder::DecodeMap(const Type& type, const json::value& input,
                                              const std::string& path, const json::value* present) {
  const json::object* object = input.if_object();
  if (object == nullptr) {
    Report(path, "type", fmt::format("expected an object, got {}", KindName(input)));
    return std::nullopt;
  }
  const std::size_t errors_before = errors_.size();
  json::object out;
  for (const auto& member : *object) {
    const std::string_view key(member.key().data(), member.key().size());
    auto value =
        DecodeJson(*type.element, member.value(), Step(path, key), nullptr, MemberOf(present, key));
    if (value) out.emplace(key, std::move(*value));
    if (errors_.size() >= kErrorsMax) break;
  }
  if (errors_.size() != errors_before) return std::nullopt;
  return json::value(std::move(out));
}

std::optional<json::value> Decoder::DecodeDocument(const Type& type, const json::value& input,
                                                   const std::string& path,
                                                   const json::object* siblings,
                                                   const json::value* present) {
  if (type.kind == TypeKind::kList) return DecodeList(type, input, path, present);
  if (type.kind == TypeKind::kMap) return DecodeMap(type, input, path, present);
  if (const Shape* shape = ShapeOf(type, input, siblings)) {
    return DecodeShape(*shape, input, path, present);
  }
  if (type.union_ == nullptr) return input;  // any JSON
  const model::Union& one_of = *type.union_;
  if (!input.is_object()) {
    Report(path, "type",
           fmt::format("expected an object ({}), got {}", one_of.name, KindName(input)));
    return std::nullopt;
  }
  const json::value* given = MemberOf(&input, one_of.discriminator);
  const std::string at = Step(path, one_of.discriminator);
  if (given == nullptr) {
    Report(at, "required",
           fmt::format("a value is required: it tells which {} this is", one_of.name));
    return std::nullopt;
  }
  std::vector<std::string_view> names;
  std::string list;
  for (const auto& [name, shape] : one_of.cases) {
    names.push_back(name);
    list += (list.empty() ? "" : ", ") + name;
  }
  if (!given->is_string()) {
    Report(at, "type", fmt::format("expected one of {}, got {}", list, KindName(*given)));
    return std::nullopt;
  }
  const std::string text(given->get_string());
  Report(
      at, "enum",
      fmt::format("'{}' is not one of {}{}", Ellipsis(text, 60), list, NearestHint(text, names)));
  return std::nullopt;
}

// A place inside a document: what comes out is JSON again, in its canonical form.
std::optional<json::value> Decoder::DecodeJson(const Type& type, const json::value& input,
                                               const std::string& path,
                                               const json::object* siblings,
                                               const json::value* present) {
  if (input.is_null()) {
    if (type.nullable || (type.kind == TypeKind::kJson && type.shape == nullptr &&
                          type.union_ == nullptr && type.by == nullptr)) {
      return json::value(nullptr);
    }
    Report(path, "required", "a value is required, not null");
    return std::nullopt;
  }
  if (type.kind == TypeKind::kSecret) {
    std::string sealed;
    const bool there = present != nullptr && present->is_string();
    if (there) sealed = std::string(present->get_string());
    auto text = DecodeSecret(type, input, path, there ? &sealed : nullptr);
    if (!text) return std::nullopt;
    return json::value(json::string(*text));
  }
  if (type.IsJson()) {
    if (depth_ >= static_cast<int>(limits::kJsonDepthMax)) {
      Report(path, "shape", "nested too deeply");
      return std::nullopt;
    }
    ++depth_;
    auto out = DecodeDocument(type, input, path, siblings, present);
    --depth_;
    return out;
  }
  auto value = DecodeScalar(type, input, path);
  if (!value) return std::nullopt;
  return JsonOfValue(*value);
}

std::optional<Value> Decoder::Decode(const Type& type, const json::value& input,
                                     const std::string& path, const json::object* siblings,
                                     const Value* present) {
  if (input.is_null()) {
    if (type.nullable) return Value();
    Report(path, "required", "a value is required, not null");
    return std::nullopt;
  }
  if (type.kind == TypeKind::kSecret) {
    const auto* sealed = present == nullptr ? nullptr : present->If<std::string>();
    auto text = DecodeSecret(type, input, path, sealed);
    if (!text) return std::nullopt;
    return Value(std::move(*text));
  }
  if (!type.IsJson()) return DecodeScalar(type, input, path);
  const auto* before = present == nullptr ? nullptr : present->If<json::value>();
  auto document = DecodeJson(type, input, path, siblings, before);
  if (!document) return std::nullopt;
  return Value::Json(std::move(*document));
}

}  // namespace tenon
