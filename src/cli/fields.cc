#include "cli/fields.h"

#include <fmt/format.h>

#include <charconv>

#include "base/text.h"

namespace tenon::cli {
namespace {

using Typed = std::expected<json::value, std::string>;

Typed Whole(const std::string& text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  auto [stop, problem] = std::from_chars(text.data(), end, number);
  if (problem == std::errc() && stop == end && !text.empty()) return json::value(number);
  return std::unexpected(fmt::format("is a whole number, not '{}'", text));
}

Typed Number(const std::string& text) {
  double number = 0;
  const char* end = text.data() + text.size();
  auto [stop, problem] = std::from_chars(text.data(), end, number);
  if (problem == std::errc() && stop == end && !text.empty()) return json::value(number);
  return std::unexpected(fmt::format("is a number, not '{}'", text));
}

Typed Bool(const std::string& text) {
  if (text == "true") return json::value(true);
  if (text == "false") return json::value(false);
  return std::unexpected(fmt::format("is true or false, not '{}'", text));
}

Typed Json(const std::string& text) {
  Result<json::value> value = ParseJson(text);
  if (value) return *std::move(value);
  return std::unexpected(fmt::format("is JSON: {}", value.error().message));
}

// Without a model: what looks like JSON is JSON, all else is text.
json::value ByLook(const std::string& text) {
  if (!text.empty() &&
      (text[0] == '{' || text[0] == '[' || text[0] == '-' || (text[0] >= '0' && text[0] <= '9') ||
       text == "true" || text == "false" || text == "null")) {
    if (Result<json::value> value = ParseJson(text); value) return *std::move(value);
  }
  return json::value(text);
}

struct Word {
  std::vector<std::string> path;  // name, and members inside it
  bool raw = false;               // :=
  std::string text;
};

std::expected<Word, std::string> Split(const std::string& word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos || equals == 0) {
    return std::unexpected(std::string("is not NAME=VALUE"));
  }
  Word out;
  out.raw = word[equals - 1] == ':';
  const std::string name = word.substr(0, out.raw ? equals - 1 : equals);
  out.text = word.substr(equals + 1);
  std::size_t start = 0;
  while (true) {
    const std::size_t dot = name.find('.', start);
    out.path.push_back(name.substr(start, dot - start));
    if (out.path.back().empty()) return std::unexpected(std::string("has an empty name"));
    if (dot == std::string::npos) break;
    start = dot + 1;
  }
  return out;
}

std::expected<json::value, std::string> ValueOf(const Word& word, const FieldInfo* field,
                                                const ReadFileFn& read_file) {
  std::string text = word.text;
  bool from_file = false;
  if (text.starts_with("@") && text.size() > 1) {
    Result<std::string> content = read_file(text.substr(1));
    if (!content) return std::unexpected(content.error().message);
    text = *std::move(content);
    from_file = true;
  } else if (text.starts_with("\\@")) {
    text.erase(0, 1);
  }
  if (word.raw) return Json(text);
  // Inside a JSON field nothing is known of the members.
  if (word.path.size() > 1) return from_file ? json::value(text) : ByLook(text);
  if (from_file && field != nullptr && !field->IsJson()) {
    const std::string kind = field->kind;
    if (kind != "text" && kind != "secret") {
      while (text.ends_with('\n')) text.pop_back();
    }
  }
  return TypedValue(field, text);
}

std::string UnknownField(const EntityInfo& entity, const std::string& name) {
  std::vector<std::string_view> names;
  for (const FieldInfo& field : entity.fields) names.emplace_back(field.name);
  for (const EventInfo& event : entity.events) {
    for (const std::string& take : event.takes) {
      names.emplace_back(std::string_view(take).substr(0, take.find('?')));
    }
  }
  if (std::ranges::find(names, name) != names.end()) return "";
  const std::string_view nearest = Nearest(name, names);
  return fmt::format("{} has no such field{}", entity.name,
                     nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest));
}

// The place of `path` in `into`, with objects made on the way.
json::value& Place(json::object& into, const std::vector<std::string>& path) {
  json::value* at = &into[path[0]];
  for (std::size_t i = 1; i < path.size(); ++i) {
    if (!at->is_object()) at->emplace_object();
    at = &at->get_object()[path[i]];
  }
  return *at;
}

}  // namespace

Typed TypedValue(const FieldInfo* field, const std::string& text) {
  if (field == nullptr) return ByLook(text);
  if (text == "null" && field->nullable) return json::value(nullptr);
  const std::string kind = field->kind;
  if (kind == "int") return Whole(text);
  if (kind == "float") return Number(text);
  if (kind == "bool") return Bool(text);
  if (kind == "json" && !text.empty()) {
    // A JSON text field may well be meant: words that are no JSON become a string.
    return ByLook(text);
  }
  if (kind == "list" && !text.starts_with('[')) {
    // tags=a,b,c is what people type.
    json::array items;
    std::size_t start = 0;
    while (!text.empty() && start <= text.size()) {
      const std::size_t comma = std::min(text.find(',', start), text.size());
      items.push_back(ByLook(text.substr(start, comma - start)));
      start = comma + 1;
    }
    return json::value(std::move(items));
  }
  if (field->IsJson()) return Json(text);
  return json::value(text);
}

Result<void> ReadAssignments(const std::vector<std::string>& words, const EntityInfo* entity,
                             const ReadFileFn& read_file, json::object& into) {
  Error error(Code::kInvalidField, "");
  for (const std::string& word : words) {
    std::expected<Word, std::string> split = Split(word);
    if (!split) {
      error.fields.push_back({word, "format", split.error()});
      continue;
    }
    const FieldInfo* field = entity == nullptr ? nullptr : entity->Find(split->path[0]);
    if (entity != nullptr && field == nullptr) {
      if (std::string wrong = UnknownField(*entity, split->path[0]); !wrong.empty()) {
        error.fields.push_back({split->path[0], "unknown", wrong});
        continue;
      }
    }
    Typed value = ValueOf(*split, field, read_file);
    if (!value) {
      error.fields.push_back({split->path[0], "type", value.error()});
      continue;
    }
    Place(into, split->path) = *std::move(value);
  }
  if (error.fields.empty()) return {};
  // Said as the server says it.
  const FieldError& first = error.fields.front();
  error.message = error.fields.size() == 1
                      ? first.path + ": " + first.message
                      : std::to_string(error.fields.size()) + " words are wrong";
  return Fail(std::move(error));
}

}  // namespace tenon::cli
