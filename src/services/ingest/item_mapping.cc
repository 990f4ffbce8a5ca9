#include "services/ingest/item_mapping.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>

#include "base/ids.h"
#include "base/text.h"
#include "services/ingest/json_fields.h"

namespace tenon::ingest {
namespace {

constexpr std::string_view kNodeSuffix = "|node";
constexpr std::string_view kNodes = "graph_nodes";

bool IsGraph(std::string_view table) { return table == kNodes || table == "graph_edges"; }

std::string KeyText(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_number() || value.is_bool()) return json::serialize(value);
  return "";
}

// Puts a value at a path of fields, making the objects on the way.
void PutAt(json::object& row, std::string_view path, json::value value) {
  json::object* at = &row;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    json::value& inner = (*at)[path.substr(0, dot)];
    if (!inner.is_object()) inner.emplace_object();
    at = &inner.get_object();
    path.remove_prefix(dot + 1);
  }
  (*at)[path] = std::move(value);
}

const json::value* Find(const json::value& item, const json::value& about, std::string_view path) {
  return AtPath(path.starts_with('@') ? about : item, path);
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> ReadPairs(
    std::string_view option, const std::vector<std::string>& texts) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      Error error(Code::kInvalidField,
                  fmt::format("options.{}: '{}' has no '='", option, Ellipsis(text, 80)));
      error.fields.push_back({fmt::format("options.{}", option), "format",
                              fmt::format("'{}' has no '='", Ellipsis(text, 80))});
      return Fail(std::move(error));
    }
    pairs.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return pairs;
}

std::string IdOfItem(const ItemMapping& mapping, std::string_view table, std::string_view key) {
  static const Uuid kUrls = *Uuid::Parse("6ba7b811-9dad-11d1-80b4-00c04fd430c8");
  return UuidV5(kUrls, fmt::format("tenon:{}/{}/{}", mapping.origin, table, key)).ToString();
}

Result<std::string> IdOfAbsent(const ItemMapping& mapping, const json::value& about) {
  const json::value* key = mapping.key.starts_with('@') ? AtPath(about, mapping.key) : nullptr;
  const std::string text = key != nullptr ? KeyText(*key) : "";
  if (text.empty()) {
    return Fail(Code::kInvalidField,
                fmt::format("there is no {}, which would tell whose row it is", mapping.key));
  }
  return IsGraph(mapping.table) ? IdOfItem(mapping, mapping.table, text) : text;
}

Result<json::object> RowOf(const ItemMapping& mapping, const json::value& item,
                           const json::value& about) {
  if (!item.is_object()) return Fail(Code::kInvalidField, "the item is no object");
  json::object row;
  if (mapping.fields.empty()) row = item.get_object();
  for (const auto& [path, field] : mapping.fields) {
    const bool is_node = path.ends_with(kNodeSuffix);
    const json::value* value =
        Find(item, about, is_node ? path.substr(0, path.size() - kNodeSuffix.size()) : path);
    if (value == nullptr) continue;
    if (!is_node) {
      PutAt(row, field, *value);
    } else if (const std::string key = KeyText(*value); !key.empty()) {
      PutAt(row, field, json::string(IdOfItem(mapping, kNodes, key)));
    }
  }
  for (const auto& [field, text] : mapping.constants) {
    auto value = ParseJson(text);
    PutAt(row, field, value ? *std::move(value) : json::value(text));
  }
  if (!IsGraph(mapping.table) || row.contains("id")) return row;
  if (mapping.key.empty()) {
    return Fail(Code::kInvalidField,
                "nothing tells this item from others: name the path of its key, or map an id");
  }
  const json::value* key = Find(item, about, mapping.key);
  const std::string text = key != nullptr ? KeyText(*key) : "";
  if (text.empty()) {
    return Fail(Code::kInvalidField, fmt::format("the item has no {}, its key", mapping.key));
  }
  row["id"] = IdOfItem(mapping, mapping.table, text);
  return row;
}

}  // namespace tenon::ingest
