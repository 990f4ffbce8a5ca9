#include "record/encode.h"

#include <algorithm>

#include "base/json.h"
#include "record/decode.h"
#include "record/secrets.h"

namespace tenon {
namespace {

void AppendQuoted(std::string_view plain, std::string& out) {
  out += '"';
  out += plain;
  out += '"';
}

// JSON as it is, secrets of its shape masked.
void AppendDocument(const json::value& document, const model::Type& type,
                    const json::object* siblings, std::string& out) {
  if (!HoldsSecret(type)) return AppendCanonicalJson(document, out);
  json::value masked = document;
  MaskSecrets(masked, type, siblings);
  AppendCanonicalJson(masked, out);
}

// `json by FIELD` needs its sibling to know which shape masks it.
json::object SiblingsOf(const Record& record, const model::Type& type) {
  json::object siblings;
  if (type.by == nullptr) return siblings;
  const model::Field* field = record.entity->FindField(type.by->field);
  if (field == nullptr) return siblings;
  if (const auto* text = record.at(*field).If<std::string>()) siblings[field->name] = *text;
  return siblings;
}

void AppendField(const Record& record, const model::Field& field, EncodeFor purpose,
                 std::string& out) {
  out += '"';
  out += field.name;
  out += "\":";
  const Value& value = record.at(field);
  if (purpose == EncodeFor::kLog && field.redact && !value.IsNull()) {
    out += "\"[redacted]\"";
  } else if (const auto* document = value.If<json::value>();
             document != nullptr && field.type.by != nullptr) {
    const json::object siblings = SiblingsOf(record, field.type);
    AppendDocument(*document, field.type, &siblings, out);
  } else {
    AppendValue(value, field.type, purpose, out);
  }
}

void CollectDifferences(const json::value& before, const json::value& after,
                        const std::string& path, json::array& out) {
  if (before.is_object() && after.is_object()) {
    const json::object& old_members = before.as_object();
    const json::object& new_members = after.as_object();
    const auto step = [&](std::string_view key) {
      return path.empty() ? std::string(key) : path + "." + std::string(key);
    };
    for (const auto& [key, value] : old_members) {
      const json::value* now = new_members.if_contains(key);
      if (now == nullptr) {
        out.emplace_back(json::object{{"path", step(key)}, {"before", value}});
      } else {
        CollectDifferences(value, *now, step(key), out);
      }
    }
    for (const auto& [key, value] : new_members) {
      if (!old_members.contains(key)) {
        out.emplace_back(json::object{{"path", step(key)}, {"after", value}});
      }
    }
    return;
  }
  if (before == after) return;
  out.emplace_back(json::object{{"path", path}, {"before", before}, {"after", after}});
}

}  // namespace

void AppendRecord(const Record& record, EncodeFor purpose, std::string& out) {
  const std::vector<model::Field>& fields = record.entity->fields;
  out += '{';
  const std::size_t start = out.size();
  const auto append = [&](const model::Field& field) {
    if (field.hidden) return;
    if (out.size() > start) out += ',';
    AppendField(record, field, purpose, out);
  };
  if (purpose == EncodeFor::kLog) {
    // In the canonical order of members (RFC 8785), so that a store that keeps JSON in a form of
    // its own gives back the text that was sealed.
    std::vector<const model::Field*> sorted;
    sorted.reserve(fields.size());
    for (const model::Field& field : fields) sorted.push_back(&field);
    std::sort(sorted.begin(), sorted.end(),
              [](const auto* a, const auto* b) { return a->name < b->name; });
    for (const model::Field* field : sorted) append(*field);
  } else {
    for (const model::Field& field : fields) append(field);
  }
  out += '}';
}

void AppendValue(const Value& value, const model::Type& type, EncodeFor, std::string& out) {
  if (value.IsNull()) {
    out += "null";
  } else if (type.kind == model::TypeKind::kSecret) {
    AppendQuoted(kSealedMark, out);
  } else if (const auto* text = value.If<std::string>()) {
    AppendJsonString(*text, out);
  } else if (const auto* whole = value.If<std::int64_t>()) {
    out += std::to_string(*whole);
  } else if (const auto* flag = value.If<bool>()) {
    out += *flag ? "true" : "false";
  } else if (const auto* id = value.If<Uuid>()) {
    out += '"';
    id->AppendTo(out);
    out += '"';
  } else if (const auto* time = value.If<Time>()) {
    out += '"';
    AppendTime(*time, out);
    out += '"';
  } else if (const auto* document = value.If<json::value>()) {
    AppendDocument(*document, type, nullptr, out);
  } else if (const auto* exact = value.If<Decimal>()) {
    AppendQuoted(exact->ToString(), out);
  } else if (const auto* number = value.If<double>()) {
    AppendJsonNumber(*number, out);
  } else if (const auto* duration = value.If<Duration>()) {
    AppendQuoted(FormatDuration(*duration), out);
  }
}

json::array Differences(const json::value& before, const json::value& after) {
  json::array out;
  if (before.is_null() && after.is_null()) return out;
  const json::value empty = json::object();
  CollectDifferences(before.is_null() ? empty : before, after.is_null() ? empty : after, "", out);
  return out;
}

}  // namespace tenon
