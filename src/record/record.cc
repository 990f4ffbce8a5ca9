#include "record/record.h"

#include <fmt/format.h>

#include "record/decode.h"
#include "record/operators.h"

namespace tenon {
namespace {

// RFC 9562, appendix on name spaces: URL.
constexpr Uuid kUrlNamespace{{0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00,
                              0xc0, 0x4f, 0xd4, 0x30, 0xc8}};

// '~' parts the fields of a composite key, so it is escaped inside them.
void AppendKeyPart(const std::string& part, bool escape, std::string& out) {
  if (!escape) {
    out += part;
    return;
  }
  for (const char c : part) {
    if (c == '~' || c == '!') out += '!';
    out += c;
  }
}

std::vector<std::string> SplitKey(std::string_view text) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '~') {
      parts.emplace_back();
    } else if (text[i] == '!' && i + 1 < text.size()) {
      parts.back() += text[++i];
    } else {
      parts.back() += text[i];
    }
  }
  return parts;
}

}  // namespace

std::vector<const model::Field*> KeyFields(const model::Entity& entity) {
  std::vector<const model::Field*> fields;
  for (const model::Field* field : entity.key) {
    if (field != entity.tenant) fields.push_back(field);
  }
  return fields.empty() ? entity.key : fields;
}

std::string KeyText(const Record& record) {
  const auto fields = KeyFields(*record.entity);
  std::string out;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) out += '~';
    AppendKeyPart(TextOf(record.at(*fields[i])), fields.size() > 1, out);
  }
  return out;
}

Result<std::vector<Value>> ParseKey(const model::Entity& entity, std::string_view text) {
  const auto fields = KeyFields(entity);
  const auto missing = [&] {
    return Fail(Code::kNotFound, fmt::format("no {} has this key", entity.name));
  };
  const auto parts =
      fields.size() == 1 ? std::vector<std::string>{std::string(text)} : SplitKey(text);
  if (parts.size() != fields.size()) return missing();
  std::vector<Value> values;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    auto value = ParseText(fields[i]->type, parts[i]);
    if (!value || value->IsNull()) return missing();
    values.push_back(std::move(*value));
  }
  return values;
}

Uuid EntityId(const Record& record) {
  const auto fields = KeyFields(*record.entity);
  if (fields.size() == 1) {
    const Value& value = record.at(*fields.front());
    if (const auto* id = value.If<Uuid>()) return *id;
    const auto* text = value.If<std::string>();
    if (text != nullptr && fields.front()->type.kind == model::TypeKind::kUlid) {
      if (const auto ulid = Ulid::Parse(*text)) return Uuid{ulid->bytes};
    }
  }
  return UuidV5(kUrlNamespace, "tenon:" + record.entity->table + "/" + KeyText(record));
}

}  // namespace tenon
