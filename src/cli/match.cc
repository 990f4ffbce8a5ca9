#include "cli/match.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/value_to.hpp>

#include "base/clock.h"
#include "base/json_text.h"
#include "base/value.h"
#include "cli/rows.h"

namespace tenon::cli {
namespace {

bool HasAll(const json::object& fields, const std::vector<std::string>& names) {
  return !names.empty() && std::ranges::all_of(names, [&](const std::string& name) {
    const json::value* value = fields.if_contains(name);
    return value != nullptr && !value->is_null();
  });
}

bool SameText(const FieldInfo& field, std::string_view a, std::string_view b) {
  if (a == b) return true;
  const std::string kind = field.kind;
  if (kind == "time") {
    const std::optional<Time> x = ParseTime(a);
    return x.has_value() && x == ParseTime(b);
  }
  if (kind == "duration") {
    const std::optional<Duration> x = ParseDuration(a);
    return x.has_value() && x == ParseDuration(b);
  }
  if (kind == "uuid" || kind == "ulid") {
    return std::ranges::equal(a, b, [](char x, char y) {
      return std::tolower(static_cast<unsigned char>(x)) ==
             std::tolower(static_cast<unsigned char>(y));
    });
  }
  return false;
}

bool IsNumber(const json::value& value) {
  return value.is_int64() || value.is_uint64() || value.is_double();
}

std::string NumberText(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (!value.is_double()) return JsonText(value);
  std::string text;
  AppendJsonNumber(value.get_double(), text);
  return text;
}

// `wanted` says nothing that `stored` does not have.
bool Covers(const json::value& stored, const json::value& wanted) {
  if (wanted.is_object() && stored.is_object()) {
    for (const auto& member : wanted.get_object()) {
      const json::value* there = stored.get_object().if_contains(member.key());
      if (there == nullptr) {
        if (member.value().is_null()) continue;  // a merge patch removes what is not there
        return false;
      }
      if (!Covers(*there, member.value())) return false;
    }
    return true;
  }
  if (IsNumber(stored) && IsNumber(wanted)) {
    return json::value_to<double>(stored) == json::value_to<double>(wanted);
  }
  return CanonicalJson(stored) == CanonicalJson(wanted);
}

bool Same(const FieldInfo* field, const json::value& stored, const json::value& wanted) {
  if (Covers(stored, wanted)) return true;
  if (field == nullptr) return false;
  if (field->kind == "decimal" && !stored.is_null() && !wanted.is_null()) {
    const std::optional<Decimal> a = Decimal::Parse(NumberText(stored));
    const std::optional<Decimal> b = Decimal::Parse(NumberText(wanted));
    return a && b && *a == *b;
  }
  if (stored.is_string() && wanted.is_string()) {
    return SameText(*field, stored.get_string(), wanted.get_string());
  }
  return false;
}

Result<std::optional<StoredRow>> ByKey(Api& api, const EntityInfo& entity, const std::string& key) {
  Target target("/v1");
  target.Segment(entity.table).Segment(key);
  http::ClientResponse response = TRY(api.Send("GET", target));
  if (response.status == 404) return std::optional<StoredRow>();
  if (response.status >= 400) return Fail(ErrorOf(response));
  json::value row = TRY(ParseJson(response.body));
  if (!row.is_object()) return Fail(Code::kInternal, "the server's row is not an object");
  StoredRow stored;
  stored.key = key;
  stored.etag = std::string(response.headers.Get("ETag"));
  stored.row = std::move(row.get_object());
  return std::optional<StoredRow>(std::move(stored));
}

Result<std::optional<StoredRow>> ByUnique(Api& api, const EntityInfo& entity,
                                          const json::object& fields,
                                          const std::vector<std::string>& names) {
  std::string filter;
  for (const std::string& name : names) {
    const json::value& value = fields.at(name);
    filter += (filter.empty() ? "" : " and ") + name + " = " +
              (value.is_string() ? Quoted(value.get_string()) : JsonText(value));
  }
  Target target("/v1");
  target.Segment(entity.table).Add("filter", filter).Add("page_size", "1");
  const json::value page = TRY(api.Call("GET", target));
  const json::value* items = page.is_object() ? page.get_object().if_contains("items") : nullptr;
  if (items == nullptr || !items->is_array() || items->get_array().empty()) {
    return std::optional<StoredRow>();
  }
  // Read once more by key: the single row carries the ETag.
  const std::string key = entity.KeyOf(items->get_array()[0].as_object());
  return ByKey(api, entity, key);
}

}  // namespace

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{{{:x}}}", static_cast<unsigned>(c));
      continue;
    }
    out += c;
  }
  return out + "\"";
}

void DropEngineFields(const EntityInfo& entity, json::object& fields) {
  json::object kept;
  for (auto& member : fields) {
    const FieldInfo* field = entity.Find(member.key());
    if (field != nullptr && !field->key && (field->engine || field->lock || field->tenant)) {
      continue;
    }
    // As exports show it of rows that are not deleted.
    if (member.key() == entity.soft_delete && member.value().is_null()) continue;
    kept[member.key()] = std::move(member.value());
  }
  fields = std::move(kept);
}

Result<std::optional<StoredRow>> FindStored(Api& api, const EntityInfo& entity,
                                            const json::object& fields) {
  const std::vector<std::string>& key = entity.key;
  if (HasAll(fields, key)) return ByKey(api, entity, entity.KeyOf(fields));
  for (const std::vector<std::string>& names : entity.uniques) {
    if (HasAll(fields, names)) return ByUnique(api, entity, fields, names);
  }
  std::string ways = fmt::format("{}", fmt::join(key, ", "));
  for (const std::vector<std::string>& names : entity.uniques) {
    ways += fmt::format(" or {}", fmt::join(names, ", "));
  }
  return Fail(
      Code::kInvalidField,
      fmt::format("{} needs {}, so that applying it twice means the same row", entity.name, ways));
}

json::object Changes(const EntityInfo& entity, const json::object& stored,
                     const json::object& fields, bool secrets) {
  json::object changes;
  for (const auto& member : fields) {
    const FieldInfo* field = entity.Find(member.key());
    const json::value* there = stored.if_contains(member.key());
    if (field != nullptr && field->secret) {
      const bool has = there != nullptr && !there->is_null();
      if (secrets || has == member.value().is_null()) changes[member.key()] = member.value();
      continue;
    }
    if (there == nullptr && member.value().is_null()) continue;
    if (there != nullptr && Same(field, *there, member.value())) continue;
    changes[member.key()] = member.value();
  }
  return changes;
}

std::string Title(const EntityInfo& entity, const json::object& fields) {
  auto join = [&](const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
      if (const json::value* value = fields.if_contains(name)) {
        text += (text.empty() ? "" : " ") + Cell(*value);
      }
    }
    return text;
  };
  for (const std::vector<std::string>& names : entity.uniques) {
    if (HasAll(fields, names)) return entity.name + " " + join(names);
  }
  return entity.name + " " + join(entity.key);
}

}  // namespace tenon::cli
