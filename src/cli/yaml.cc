#include "cli/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <sstream>

#include "base/json_text.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/fields.h"

namespace tenon::cli {
namespace {

// Values of one text after aliases are followed: far above what is written by hand, far below what
// a few nested aliases can claim.
constexpr std::size_t kNodesMax = 2'000'000;

// A key without "?" in front may have 1,024 characters (YAML 1.2, 7.4.2).
constexpr std::size_t kSimpleKeyBytesMax = 1000;

// A plain scalar by the core schema (YAML 1.2, 10.3).
json::value PlainScalar(const std::string& text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    return json::value(nullptr);
  }
  if (text == "true" || text == "True" || text == "TRUE") return json::value(true);
  if (text == "false" || text == "False" || text == "FALSE") return json::value(false);
  const char* begin = text.data();
  const char* end = begin + text.size();
  const bool numeric =
      (text[0] >= '0' && text[0] <= '9') || text[0] == '-' || text[0] == '.' || text[0] == '+';
  if (!numeric) return json::value(text);
  if (text[0] == '+') ++begin;
  if (begin == end || (text[0] == '+' && (*begin == '-' || *begin == '+')))
    return json::value(text);
  std::int64_t whole = 0;
  if (auto [stop, problem] = std::from_chars(begin, end, whole);
      problem == std::errc() && stop == end) {
    return json::value(whole);
  }
  std::uint64_t large = 0;
  if (auto [stop, problem] = std::from_chars(begin, end, large);
      problem == std::errc() && stop == end) {
    return json::value(large);
  }
  double real = 0;
  // from_chars would also take "-inf" and "-nan", which JSON has no place for.
  const bool letters = text.find_first_of("iInN") != std::string::npos;
  if (auto [stop, problem] = std::from_chars(begin, end, real);
      !letters && problem == std::errc() && stop == end) {
    return json::value(real);
  }
  return json::value(text);
}

// What a value costs when an alias copies it.
struct Weight {
  std::size_t nodes = 0;
  std::size_t bytes = 0;
};

void Weigh(const json::value& value, Weight& weight) {
  ++weight.nodes;
  if (value.is_string()) weight.bytes += value.get_string().size();
  if (value.is_array()) {
    for (const json::value& item : value.get_array()) Weigh(item, weight);
  }
  if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      weight.bytes += member.key().size();
      Weigh(member.value(), weight);
    }
  }
}

// Makes JSON values of the parser's events. Throws YAML::ParserException, which ReadYaml catches:
// that is the library's own way to stop a parse.
class Builder final : public YAML::EventHandler {
 public:
  std::vector<json::value> documents;

  void OnDocumentStart(const YAML::Mark& mark) override {
    // yaml-cpp 0.7 finds empty documents without end after some broken ones.
    if (started_ && mark.pos <= start_) Stop(mark, "cannot be read from here on");
    started_ = true;
    start_ = mark.pos;
    anchors_.clear();
    root_.reset();
  }
  void OnDocumentEnd() override {
    if (root_ && !root_->is_null()) documents.push_back(*std::move(root_));
    root_.reset();
  }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Put(mark, json::value(nullptr), anchor, true);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto found = anchors_.find(anchor);
    if (found == anchors_.end()) Stop(mark, "an alias stands inside of what it stands for");
    Count(mark, found->second.second);
    Put(mark, found->second.first, 0, !found->second.first.is_string());
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    // yaml-cpp makes bare bytes of the escapes \_ and \N.
    if (InvalidUtf8At(text))
      Stop(mark, "an escape that makes no UTF-8; write the character itself");
    // "!" tells a quoted scalar, which is text whatever it looks like.
    json::value value = tag == "!" ? json::value(text) : PlainScalar(text);
    if (AtKey()) value = json::value(text);
    Count(mark, {1, text.size()});
    Put(mark, std::move(value), anchor, false);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, json::array(), anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, json::object(), anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Frame {
    json::value value;               // an array or an object
    std::optional<std::string> key;  // of the member whose value comes next
    YAML::anchor_t anchor = 0;
    YAML::Mark mark;
  };

  [[noreturn]] static void Stop(const YAML::Mark& mark, const std::string& message) {
    throw YAML::ParserException(mark, message);
  }

  [[nodiscard]] bool AtKey() const {
    return !frames_.empty() && frames_.back().value.is_object() && !frames_.back().key;
  }

  void Count(const YAML::Mark& mark, const Weight& weight) {
    total_.nodes += weight.nodes;
    total_.bytes += weight.bytes;
    if (total_.nodes > kNodesMax) Stop(mark, fmt::format("more than {} values", kNodesMax));
    if (total_.bytes > kInputBytesMax) {
      Stop(mark, fmt::format("more than {} MB of text", kInputBytesMax >> 20));
    }
  }

  void Open(const YAML::Mark& mark, json::value value, YAML::anchor_t anchor) {
    if (AtKey()) Stop(mark, "a key must be plain text");
    if (frames_.size() >= limits::kJsonDepthMax) {
      Stop(mark, fmt::format("nested deeper than {}", limits::kJsonDepthMax));
    }
    Count(mark, {1, 0});
    frames_.push_back({std::move(value), std::nullopt, anchor, mark});
  }

  void Close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    Put(frame.mark, std::move(frame.value), frame.anchor, true);
  }

  void Put(const YAML::Mark& mark, json::value value, YAML::anchor_t anchor, bool no_key) {
    if (anchor != 0) {
      Weight weight;
      Weigh(value, weight);
      anchors_[anchor] = {value, weight};
    }
    if (frames_.empty()) {
      root_ = std::move(value);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.value.is_array()) {
      frame.value.get_array().push_back(std::move(value));
      return;
    }
    json::object& object = frame.value.get_object();
    if (!frame.key) {
      if (no_key || !value.is_string()) Stop(mark, "a key must be plain text");
      const std::string key(value.get_string());
      if (object.contains(key)) Stop(mark, fmt::format("'{}' stands twice", key));
      frame.key = key;
      return;
    }
    object[*frame.key] = std::move(value);
    frame.key.reset();
  }

  std::vector<Frame> frames_;
  std::optional<json::value> root_;
  std::map<YAML::anchor_t, std::pair<json::value, Weight>> anchors_;
  Weight total_;
  bool started_ = false;
  int start_ = 0;
};

// Text that a plain YAML scalar would not come back as.
bool NeedsQuotes(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return true;
  if (!PlainScalar(std::string(text)).is_string()) return true;
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
  return JsonText(value);  // also {} and []
}

bool IsBlock(const json::value& value) {
  return (value.is_object() && !value.get_object().empty()) ||
         (value.is_array() && !value.get_array().empty());
}

// The first entry of what stands in a list goes on behind the list's dash.
void AppendIndent(std::size_t depth, std::string& out) {
  if (out.empty() || out.back() == '\n') out.append(2 * depth, ' ');
}

void AppendYaml(const json::value& value, std::size_t depth, std::string& out) {
  if (value.is_array()) {
    for (const json::value& item : value.get_array()) {
      AppendIndent(depth, out);
      out += "- ";
      if (IsBlock(item)) {
        AppendYaml(item, depth + 1, out);
      } else {
        out += YamlScalar(item) + "\n";
      }
    }
    return;
  }
  for (const auto& member : value.get_object()) {
    AppendIndent(depth, out);
    const std::string key = YamlScalar(json::value(member.key()));
    if (key.size() < kSimpleKeyBytesMax) {
      out += key + ":";
    } else {
      out += "? " + key + "\n";
      AppendIndent(depth, out);
      out += ":";
    }
    if (IsBlock(member.value())) {
      out += '\n';
      AppendYaml(member.value(), depth + 1, out);
    } else {
      out += " " + YamlScalar(member.value()) + "\n";
    }
  }
}

}  // namespace

Result<std::vector<json::value>> ReadYaml(std::string_view text, const std::string& name) {
  // YAML 1.2, 5.1. yaml-cpp would take some of these for marks of its own.
  const auto control = std::ranges::find_if(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && c != '\t' && c != '\n' && c != '\r';
  });
  if (control != text.end()) {
    return Fail(Code::kInvalidArgument,
                fmt::format("{} has a control character at byte {}", name, control - text.begin()));
  }
  Builder builder;
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& problem) {
    if (problem.mark.is_null()) return Fail(Code::kInvalidArgument, name + ": " + problem.msg);
    return Fail(Code::kInvalidArgument, fmt::format("{}:{}:{}: {}", name, problem.mark.line + 1,
                                                    problem.mark.column + 1, problem.msg));
  }
  return std::move(builder.documents);
}

std::string ToYaml(const json::value& value) {
  if (!IsBlock(value)) return YamlScalar(value) + "\n";
  std::string out;
  AppendYaml(value, 0, out);
  return out;
}

}  // namespace tenon::cli
