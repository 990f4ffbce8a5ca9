#include "services/ingest/json_fields.h"

#include <charconv>
#include <utility>

namespace tenon::ingest {

std::string TextIn(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

const json::object& ObjectIn(const json::object& object, std::string_view name) {
  static const json::object kNone;
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : kNone;
}

const json::array& ListIn(const json::object& object, std::string_view name) {
  static const json::array kNone;
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

bool FlagIn(const json::object& object, std::string_view name, bool otherwise) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_bool() ? value->get_bool() : otherwise;
}

std::vector<std::string> TextsIn(const json::object& object, std::string_view name) {
  std::vector<std::string> texts;
  if (std::string one = TextIn(object, name); !one.empty()) texts.push_back(std::move(one));
  for (const json::value& item : ListIn(object, name)) {
    if (item.is_string()) texts.emplace_back(item.get_string());
  }
  return texts;
}

void PutUnlessEmpty(json::object& object, std::string_view name, json::value value) {
  const bool is_empty = value.is_null() || (value.is_string() && value.get_string().empty()) ||
                        (value.is_object() && value.get_object().empty()) ||
                        (value.is_array() && value.get_array().empty());
  if (!is_empty) object[name] = std::move(value);
}

void PutUnlessEmpty(json::object& object, std::string_view name, std::string_view text) {
  if (!text.empty()) object[name] = text;
}

const json::value* AtPath(const json::value& value, std::string_view path) {
  const json::value* at = &value;
  if (path == ".") path = {};
  while (at != nullptr && !path.empty()) {
    const std::size_t dot = path.find('.');
    const std::string_view step = path.substr(0, dot);
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    if (at->is_object()) {
      at = at->get_object().if_contains(step);
    } else if (at->is_array()) {
      std::size_t index = 0;
      const auto [end, problem] = std::from_chars(step.data(), step.data() + step.size(), index);
      const bool is_index = problem == std::errc() && end == step.data() + step.size();
      at = is_index && index < at->get_array().size() ? &at->get_array()[index] : nullptr;
    } else {
      at = nullptr;
    }
  }
  return at;
}

}  // namespace tenon::ingest
