#include "record/decode.h"

#include <fmt/format.h>

#include <algorithm>

#include "record/decoder.h"
#include "record/operators.h"
#include "record/secrets.h"

namespace tenon {

using model::Entity;
using model::Field;

namespace {

Error Wrong(std::vector<FieldError> errors) {
  Error error(Code::kInvalidField, errors.size() == 1 ? "a field is wrong" : "fields are wrong");
  if (errors.size() == 1) {
    error.message = errors.front().path.empty()
                        ? errors.front().message
                        : errors.front().path + ": " + errors.front().message;
  } else {
    error.message = fmt::format("{} fields are wrong", errors.size());
  }
  error.fields = std::move(errors);
  return error;
}

void ReportUnknown(const Entity& entity, std::string_view key, Decoder& decoder) {
  std::vector<std::string_view> names;
  for (const Field& field : entity.fields) {
    if (!field.hidden) names.push_back(field.name);
  }
  decoder.Report(Step("", key), "unknown",
                 fmt::format("{} has no field '{}'{}", entity.name, key.substr(0, 60),
                             NearestHint(key, names)));
}

bool IsSoftDelete(const Entity& entity, const Field& field) {
  return entity.soft_delete && entity.soft_delete->field == &field;
}

bool IsState(const Entity& entity, const Field& field) {
  return entity.lifecycle && entity.lifecycle->field == &field;
}

// Why a client may not write the field; empty when it may.
std::string_view EngineWrites(const Entity& entity, const Field& field) {
  if (field.automatic != model::Auto::kNone) return "the server writes this field";
  if (field.tenant && !field.key) return "the server writes this field: it is the caller's tenant";
  if (field.lock) return "the server counts this version; send it as If-Match";
  if (field.computed) return "the server computes this field";
  if (field.hidden) return "this field is the server's own";
  if (IsSoftDelete(entity, field) && entity.soft_delete->json_path.empty()) {
    return "deleting the row sets this field";
  }
  return {};
}

std::string StateText(const Value& value) {
  if (value.IsNull()) return "null";
  return TextOf(value);
}

// The place inside a JSON field that only events, or only deletion, may change.
std::string GuardedPath(const Field& field, const std::vector<std::string>& path) {
  std::string out = field.name;
  for (const std::string& key : path) out = Step(out, key);
  return out;
}

std::string TextAt(const Value& value, const std::vector<std::string>& path) {
  const auto* document = value.If<json::value>();
  const json::value* at = document == nullptr ? nullptr : FindStep(*document, path);
  if (at == nullptr || at->is_null()) return {};
  return TextOf(Value::Json(*at));
}

// The lifecycle's state in a new row: absent, or the initial one.
void CheckInitialState(const Record& record, const std::vector<bool>& given, Decoder& decoder) {
  const Entity& entity = *record.entity;
  if (entity.lifecycle) {
    const model::Lifecycle& lifecycle = *entity.lifecycle;
    const Value& value = record.at(*lifecycle.field);
    const bool inside = !lifecycle.json_path.empty();
    const bool there = given[static_cast<std::size_t>(lifecycle.field->index)] &&
                       (!inside || !TextAt(value, lifecycle.json_path).empty());
    const std::string state = inside ? TextAt(value, lifecycle.json_path) : StateText(value);
    const bool may_begin =
        state == lifecycle.initial ||
        std::ranges::find(lifecycle.may_begin, state) != lifecycle.may_begin.end();
    if (there && !may_begin) {
      decoder.Report(GuardedPath(*lifecycle.field, lifecycle.json_path), "read_only",
                     fmt::format("a new {} is {}{}{}; events change it", entity.name,
                                 lifecycle.initial, lifecycle.may_begin.empty() ? "" : " or ",
                                 fmt::join(lifecycle.may_begin, " or ")));
    }
  }
  if (entity.soft_delete && !entity.soft_delete->json_path.empty()) {
    const model::SoftDelete& soft = *entity.soft_delete;
    if (!TextAt(record.at(*soft.field), soft.json_path).empty()) {
      decoder.Report(GuardedPath(*soft.field, soft.json_path), "read_only",
                     "deleting the row sets this");
    }
  }
}

// Guarded places inside JSON must be as they were.
void CheckGuardedPaths(const Record& before, const Record& after, Decoder& decoder) {
  const Entity& entity = *after.entity;
  const auto check = [&](const Field& field, const std::vector<std::string>& path,
                         std::string_view why) {
    if (path.empty() || TextAt(before.at(field), path) == TextAt(after.at(field), path)) return;
    decoder.Report(GuardedPath(field, path), "read_only", std::string(why));
  };
  if (entity.lifecycle) {
    check(*entity.lifecycle->field, entity.lifecycle->json_path, "only events change the state");
  }
  if (entity.soft_delete) {
    check(*entity.soft_delete->field, entity.soft_delete->json_path, "deleting the row sets this");
  }
}

// The sibling that `json by FIELD` goes by: from the body, else from the row, else the default.
json::object SiblingsFor(const Field& field, const Entity& entity, const json::object& body,
                         const Record* current) {
  json::object out;
  if (!field.type.by) return out;
  const std::string& name = field.type.by->field;
  if (const json::value* given = body.if_contains(name)) {
    out[name] = *given;
    return out;
  }
  const Field* sibling = entity.FindField(name);
  if (sibling == nullptr) return out;
  if (current != nullptr) {
    if (const auto* text = current->at(*sibling).If<std::string>()) out[name] = *text;
  } else if (sibling->default_value && sibling->default_value->op == model::Op::kLiteral) {
    if (const auto* text = sibling->default_value->value.If<std::string>()) out[name] = *text;
  }
  return out;
}

void ReportMissing(const Record& record, const std::vector<bool>& given, const json::object& body,
                   Decoder& decoder) {
  const Entity& entity = *record.entity;
  for (const Field& field : entity.fields) {
    if (given[static_cast<std::size_t>(field.index)] || body.contains(field.name)) continue;
    if (!field.RequiredOnCreate() || IsState(entity, field) || IsSoftDelete(entity, field)) {
      continue;
    }
    decoder.Report(field.name, "required", "a value is required");
  }
}

}  // namespace

Result<Decoded> DecodeCreate(const Entity& entity, const json::object& body,
                             const DecodeOptions& options) {
  std::vector<FieldError> errors;
  Decoder decoder(options, errors);
  Decoded decoded{Record(entity), std::vector<bool>(entity.fields.size())};
  for (const auto& member : body) {
    const std::string_view key(member.key().data(), member.key().size());
    const Field* field = entity.FindField(key);
    if (field == nullptr || (field->hidden && !options.allow_automatic)) {
      ReportUnknown(entity, key, decoder);
      continue;
    }
    if (!options.allow_automatic) {
      const std::string_view why = EngineWrites(entity, *field);
      if (!why.empty()) {
        decoder.Report(field->name, "read_only", std::string(why));
        continue;
      }
    }
    const json::object siblings = SiblingsFor(*field, entity, body, nullptr);
    auto value = decoder.Decode(field->type, member.value(), field->name, &siblings, nullptr);
    if (!value) continue;
    decoded.record.at(*field) = std::move(*value);
    decoded.given[static_cast<std::size_t>(field->index)] = true;
  }
  if (!options.allow_automatic) CheckInitialState(decoded.record, decoded.given, decoder);
  ReportMissing(decoded.record, decoded.given, body, decoder);
  if (!errors.empty()) return std::unexpected(Wrong(std::move(errors)));
  return decoded;
}

namespace {

// What a patch may not change.
std::pair<std::string_view, std::string_view> Fixed(const Entity& entity, const Field& field,
                                                    const DecodeOptions& options) {
  if (field.key) return {"immutable", "the key of a row never changes"};
  if (options.allow_automatic) return {};
  const std::string_view why = EngineWrites(entity, field);
  if (!why.empty()) return {"read_only", why};
  if (field.once) return {"once", "this field is set at creation only"};
  if (IsState(entity, field) && entity.lifecycle->json_path.empty()) {
    return {"read_only", "only events change the state"};
  }
  return {};
}

// The document after a merge patch. Secrets in it are marks, which the decoder turns back.
json::value Merged(const Field& field, const Value& present, const json::value& patch,
                   const json::object& siblings) {
  const auto* document = present.If<json::value>();
  if (document == nullptr || !patch.is_object() || !document->is_object() ||
      field.type.kind == model::TypeKind::kList) {
    return patch;
  }
  json::value merged = *document;
  if (HoldsSecret(field.type)) MaskSecrets(merged, field.type, &siblings);
  MergePatch(merged, patch);
  return merged;
}

}  // namespace

Result<Decoded> DecodePatch(const Record& current, const json::object& patch,
                            const DecodeOptions& options) {
  const Entity& entity = *current.entity;
  std::vector<FieldError> errors;
  Decoder decoder(options, errors);
  Decoded decoded{current, std::vector<bool>(entity.fields.size())};
  for (const auto& member : patch) {
    const std::string_view key(member.key().data(), member.key().size());
    const Field* field = entity.FindField(key);
    if (field == nullptr || (field->hidden && !options.allow_automatic)) {
      ReportUnknown(entity, key, decoder);
      continue;
    }
    const Value& present = current.at(*field);
    // The secrets of the row are masked by the sibling it has now, decoded by the one it will have.
    const json::object before = SiblingsFor(*field, entity, {}, &current);
    const json::object siblings = SiblingsFor(*field, entity, patch, &current);
    const auto [code, why] = Fixed(entity, *field, options);
    if (!code.empty()) {
      // Sent back as it is, it does no harm: clients patch what they have read.
      std::vector<FieldError> ignored;
      const auto same = Decoder(options, ignored)
                            .Decode(field->type, member.value(), field->name, &siblings, &present);
      if (!same || *same != present) decoder.Report(field->name, code, std::string(why));
      continue;
    }
    auto value = decoder.Decode(field->type, Merged(*field, present, member.value(), before),
                                field->name, &siblings, &present);
    if (!value) continue;
    decoded.record.at(*field) = std::move(*value);
    decoded.given[static_cast<std::size_t>(field->index)] = true;
  }
  // A document whose shape goes by a field that changed must have the new shape.
  for (const Field& field : entity.fields) {
    if (!field.type.by || patch.contains(field.name) || !patch.contains(field.type.by->field)) {
      continue;
    }
    const Value& present = current.at(field);
    if (present.IsNull()) continue;
    const json::object siblings = SiblingsFor(field, entity, patch, &current);
    const json::object before = SiblingsFor(field, entity, {}, &current);
    const json::value& document = present.As<json::value>();
    auto value = decoder.Decode(
        field.type,
        document.is_object() ? Merged(field, present, json::object(), before) : document,
        field.name, &siblings, &present);
    if (value) decoded.record.at(field) = std::move(*value);
  }
  if (!options.allow_automatic) CheckGuardedPaths(current, decoded.record, decoder);
  if (!errors.empty()) return std::unexpected(Wrong(std::move(errors)));
  return decoded;
}

Result<DecodedTakes> DecodeTakes(const model::Event& event, const Record& current,
                                 const json::object& body, const DecodeOptions& options) {
  const Entity& entity = *current.entity;
  std::vector<FieldError> errors;
  Decoder decoder(options, errors);
  DecodedTakes decoded{current, std::vector<bool>(entity.fields.size()), {}};
  std::vector<std::string_view> names;
  for (const model::Take& take : event.takes) names.push_back(take.name);
  for (const auto& member : body) {
    const std::string_view key(member.key().data(), member.key().size());
    if (std::ranges::find(names, key) != names.end()) continue;
    decoder.Report(
        Step("", key), "unknown",
        fmt::format("{} takes no '{}'{}", event.name, key.substr(0, 60), NearestHint(key, names)));
  }
  for (const model::Take& take : event.takes) {
    const model::Type& type = take.field != nullptr ? take.field->type : take.type;
    const json::value* input = body.if_contains(take.name);
    if (input == nullptr || (input->is_null() && take.optional && !type.nullable)) {
      if (!take.optional) decoder.Report(take.name, "required", "a value is required");
      if (take.optional && take.field == nullptr) decoded.extra.emplace_back(take.name, Value());
      continue;
    }
    const Value* present = take.field != nullptr ? &current.at(*take.field) : nullptr;
    const json::object siblings =
        take.field != nullptr ? SiblingsFor(*take.field, entity, body, &current) : json::object();
    auto value = decoder.Decode(type, *input, take.name, &siblings, present);
    if (!value) continue;
    if (take.field == nullptr) {
      decoded.extra.emplace_back(take.name, std::move(*value));
      continue;
    }
    decoded.record.at(*take.field) = std::move(*value);
    decoded.given[static_cast<std::size_t>(take.field->index)] = true;
  }
  if (!errors.empty()) return std::unexpected(Wrong(std::move(errors)));
  return decoded;
}

}  // namespace tenon
