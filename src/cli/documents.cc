#include "cli/documents.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "cli/yaml.h"

namespace tenon::cli {
namespace {

bool OnlyBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// One JSON document, an array of them, or one a line.
Result<std::vector<json::value>> ReadJson(std::string_view text, const std::string& name) {
  std::vector<json::value> values;
  Result<json::value> whole = ParseJson(text);
  if (whole) {
    if (whole->is_array()) {
      for (json::value& item : whole->get_array()) values.push_back(std::move(item));
    } else {
      values.push_back(*std::move(whole));
    }
    return values;
  }
  int line = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line;
    if (OnlyBlank(one)) continue;
    Result<json::value> value = ParseJson(one);
    // Not NDJSON either, so the error of the whole is the one that helps.
    if (!value) {
      return Fail(values.empty() ? std::move(whole).error().In(name)
                                 : std::move(value).error().In(fmt::format("{}:{}", name, line)));
    }
    values.push_back(*std::move(value));
  }
  return values;
}

}  // namespace

Result<std::vector<json::value>> ReadValues(std::string_view text, const std::string& name) {
  if (OnlyBlank(text)) return Fail(Code::kInvalidArgument, name + " is empty");
  if (const std::optional<std::size_t> at = InvalidUtf8At(text)) {
    return Fail(Code::kInvalidArgument, fmt::format("{} is not UTF-8 at byte {}", name, *at));
  }
  const char first = text[text.find_first_not_of(" \t\r\n")];
  return first == '{' || first == '[' ? ReadJson(text, name) : ReadYaml(text, name);
}

Result<std::vector<Document>> ReadDocuments(std::string_view text, const std::string& name) {
  std::vector<json::value> values = TRY(ReadValues(text, name));
  std::vector<Document> documents;
  for (std::size_t i = 0; i < values.size(); ++i) {
    Document document;
    document.place = values.size() == 1 ? name : fmt::format("{}, document {}", name, i + 1);
    if (!values[i].is_object()) {
      return Fail(Code::kInvalidArgument, document.place + " is not an object");
    }
    json::object object = std::move(values[i].get_object());
    const json::value* entity = object.if_contains("entity");
    if (entity == nullptr || !entity->is_string()) {
      return Fail(Code::kInvalidArgument,
                  document.place + " does not say its entity; add a line such as: entity: Asset");
    }
    document.entity = std::string(entity->get_string());
    object.stable_erase("entity");
    json::value* fields = object.if_contains("fields");
    if (fields != nullptr && fields->is_object() && object.size() == 1) {
      document.fields = std::move(fields->get_object());
    } else {
      document.fields = std::move(object);
    }
    documents.push_back(std::move(document));
  }
  return documents;
}

Result<json::object> ReadObject(std::string_view text, const std::string& name) {
  std::vector<json::value> values = TRY(ReadValues(text, name));
  if (values.size() != 1 || !values[0].is_object()) {
    return Fail(
        Code::kInvalidArgument,
        values.size() == 1
            ? name + " must hold an object with fields"
            : fmt::format("{} must hold one object, not {} documents; tenon apply takes many", name,
                          values.size()));
  }
  json::object object = std::move(values[0].get_object());
  // What apply takes, create takes too.
  json::value* fields = object.if_contains("fields");
  if (object.contains("entity") && fields != nullptr && fields->is_object()) {
    json::object inner = std::move(fields->get_object());
    return inner;
  }
  object.stable_erase("entity");
  return object;
}

}  // namespace tenon::cli
