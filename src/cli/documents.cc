#include "cli/documents.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <boost/json/serialize.hpp>
#include <charconv>

#include "base/limits.h"

namespace tenon::cli {
namespace {

// Nodes of one file after aliases are followed: far above what is written by hand, far below what
// a few nested aliases can claim.
constexpr std::size_t kNodesMax = 2'000'000;

// YAML 1.2, 10.3: the core schema.
json::value Scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return json::value(text);  // quoted: text whatever it looks like
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    return json::value(nullptr);
  }
  if (text == "true" || text == "True" || text == "TRUE") return json::value(true);
  if (text == "false" || text == "False" || text == "FALSE") return json::value(false);
  const char* begin = text.data();
  const char* end = begin + text.size();
  const bool numeric = (text[0] >= '0' && text[0] <= '9') || text[0] == '-' || text[0] == '.' ||
                       text[0] == '+';
  if (!numeric) return json::value(text);
  if (text[0] == '+') ++begin;
  std::int64_t whole = 0;
  if (auto [stop, problem] = std::from_chars(begin, end, whole);
      problem == std::errc() && stop == end) {
    return json::value(whole);
  }
  double real = 0;
  if (auto [stop, problem] = std::from_chars(begin, end, real);
      problem == std::errc() && stop == end) {
    return json::value(real);
  }
  return json::value(text);
}

Error Wrong(const std::string& name, const YAML::Mark& mark, const std::string& message) {
  if (mark.is_null()) return Error(Code::kInvalidArgument, name + ": " + message);
  return Error(Code::kInvalidArgument,
               fmt::format("{}:{}:{}: {}", name, mark.line + 1, mark.column + 1, message));
}

class FromYaml {
 public:
  explicit FromYaml(const std::string& name) : name_(name) {}

  Result<json::value> Convert(const YAML::Node& node, std::size_t depth) {
    if (depth > limits::kJsonDepthMax) {
      return Fail(Wrong(name_, node.Mark(),
                        fmt::format("nested deeper than {}", limits::kJsonDepthMax)));
    }
    if (++nodes_ > kNodesMax) {
      return Fail(Wrong(name_, node.Mark(), fmt::format("more than {} values", kNodesMax)));
    }
    switch (node.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        return json::value(nullptr);
      case YAML::NodeType::Scalar:
        return Scalar(node);
      case YAML::NodeType::Sequence: {
        json::array items;
        for (const YAML::Node& item : node) items.push_back(TRY(Convert(item, depth + 1)));
        return json::value(std::move(items));
      }
      case YAML::NodeType::Map:
        return Map(node, depth);
    }
    return json::value(nullptr);
  }

 private:
  Result<json::value> Map(const YAML::Node& node, std::size_t depth) {
    json::object members;
    for (const auto& member : node) {
      if (!member.first.IsScalar()) {
        return Fail(Wrong(name_, member.first.Mark(), "a key must be plain text"));
      }
      const std::string& key = member.first.Scalar();
      if (members.contains(key)) {
        return Fail(Wrong(name_, member.first.Mark(), fmt::format("'{}' stands twice", key)));
      }
      members[key] = TRY(Convert(member.second, depth + 1));
    }
    return json::value(std::move(members));
  }

  const std::string& name_;
  std::size_t nodes_ = 0;
};

Result<std::vector<json::value>> ReadYaml(std::string_view text, const std::string& name) {
  std::vector<json::value> values;
  try {
    FromYaml from(name);
    for (const YAML::Node& document : YAML::LoadAll(std::string(text))) {
      if (!document.IsDefined() || document.IsNull()) continue;  // an empty one between two ---
      values.push_back(TRY(from.Convert(document, 0)));
    }
  } catch (const YAML::Exception& problem) {
    return Fail(Wrong(name, problem.mark, problem.msg));
  }
  return values;
}

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

// Text that a plain YAML scalar would not come back as.
bool NeedsQuotes(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return true;
  const json::value back = Scalar(YAML::Node(std::string(text)));
  if (!back.is_string()) return true;
  if (std::string_view("-?:,[]{}#&*!|>'\"%@`").find(text.front()) != std::string_view::npos) {
    return true;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7f) return true;
    if (text[i] == ':' && (i + 1 == text.size() || text[i + 1] == ' ')) return true;
    if (text[i] == '#' && i > 0 && text[i - 1] == ' ') return true;
  }
  return false;
}

std::string YamlScalar(const json::value& value) {
  if (value.is_string()) {
    const std::string_view text = value.get_string();
    if (!NeedsQuotes(text)) return std::string(text);
    std::string quoted;  // JSON strings are YAML's double-quoted style
    AppendJsonString(text, quoted);
    return quoted;
  }
  if (value.is_double()) {
    std::string number;
    AppendJsonNumber(value.get_double(), number);
    return number;
  }
  return json::serialize(value);  // also {} and []
}

bool IsBlock(const json::value& value) {
  return (value.is_object() && !value.get_object().empty()) ||
         (value.is_array() && !value.get_array().empty());
}

void AppendYaml(const json::value& value, std::size_t depth, std::string& out) {
  const std::string indent(2 * depth, ' ');
  if (value.is_object()) {
    bool first = true;
    for (const auto& member : value.get_object()) {
      // The first member of a list item stands behind its dash.
      if (!first || out.empty() || out.back() == '\n') out += indent;
      first = false;
      out += YamlScalar(json::value(member.key())) + ":";
      if (IsBlock(member.value())) {
        out += '\n';
        AppendYaml(member.value(), depth + 1, out);
      } else {
        out += " " + YamlScalar(member.value()) + "\n";
      }
    }
    return;
  }
  for (const json::value& item : value.get_array()) {
    out += indent + "- ";
    if (item.is_object() && IsBlock(item)) {
      AppendYaml(item, depth + 1, out);
    } else if (IsBlock(item)) {
      out += json::serialize(item) + "\n";
    } else {
      out += YamlScalar(item) + "\n";
    }
  }
}

}  // namespace

Result<std::vector<json::value>> ReadValues(std::string_view text, const std::string& name) {
  if (OnlyBlank(text)) return Fail(Code::kInvalidArgument, name + " is empty");
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
    return Fail(Code::kInvalidArgument,
                fmt::format("{} must hold one object, not {} documents; tenon apply takes many",
                            name, values.size()));
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

std::string ToYaml(const json::value& value) {
  if (!IsBlock(value)) return YamlScalar(value) + "\n";
  std::string out;
  AppendYaml(value, 0, out);
  return out;
}

}  // namespace tenon::cli
