// Strict reading of JSON: the grammar, UTF-8 and depth are checked by Boost's parser, duplicate
// keys, NUL and the range of numbers by the handler here. The only file that instantiates the
// parser, which is slow to compile.
#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>
#include <deque>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/text.h"

namespace tenon {
namespace {

using BoostError = boost::json::error_code;

// One key of an object that is still open.
struct Key {
  std::string_view text;
  std::size_t offset = 0;  // of its first byte in the document
};

// Builds the value and remembers the first thing that a strict reader refuses. The parser sees the
// whole document at once, so text without escapes arrives as one piece that points into it.
class Handler {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  explicit Handler(std::string_view document) : document_(document) {}

  json::value Release() { return stack_.release(); }
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] std::size_t problem_offset() const { return problem_offset_; }

  // The names below are the parser's.
  bool on_document_begin(BoostError&) {
    stack_.reset();
    return true;
  }
  bool on_document_end(BoostError&) { return true; }
  bool on_object_begin(BoostError&) {
    object_starts_.push_back(keys_.size());
    return true;
  }
  bool on_object_end(std::size_t count, BoostError& ec) {
    if (!CheckKeys(object_starts_.back(), ec)) return false;
    keys_.resize(object_starts_.back());
    object_starts_.pop_back();
    stack_.push_object(count);
    return true;
  }
  bool on_array_begin(BoostError&) { return true; }
  bool on_array_end(std::size_t count, BoostError&) {
    stack_.push_array(count);
    return true;
  }
  bool on_key_part(json::string_view text, std::size_t, BoostError& ec) {
    if (partial_.empty()) partial_offset_ = OffsetOf(text);
    partial_.append(text.data(), text.size());
    stack_.push_chars(text);
    return CheckNul(text, ec);
  }
  bool on_key(json::string_view text, std::size_t, BoostError& ec) {
    if (!CheckNul(text, ec)) return false;
    if (partial_.empty() && InDocument(text)) {
      keys_.push_back({{text.data(), text.size()}, OffsetOf(text)});
    } else {
      if (partial_.empty()) partial_offset_ = document_.size();
      partial_.append(text.data(), text.size());
      unescaped_.push_back(std::move(partial_));
      keys_.push_back({unescaped_.back(), partial_offset_});
      partial_.clear();
    }
    stack_.push_key(text);
    return true;
  }
  bool on_string_part(json::string_view text, std::size_t, BoostError& ec) {
    stack_.push_chars(text);
    return CheckNul(text, ec);
  }
  bool on_string(json::string_view text, std::size_t, BoostError& ec) {
    stack_.push_string(text);
    return CheckNul(text, ec);
  }
  bool on_number_part(json::string_view, BoostError&) { return true; }
  bool on_int64(std::int64_t value, json::string_view, BoostError&) {
    stack_.push_int64(value);
    return true;
  }
  bool on_uint64(std::uint64_t value, json::string_view, BoostError&) {
    stack_.push_uint64(value);
    return true;
  }
  bool on_double(double, json::string_view text, BoostError& ec) {
    // Boost's own conversion may be off in the last bit; this one is exact.
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) {
      if (TooLarge(text)) return Refuse("the number is too large for a double", OffsetOf(text), ec);
      value = text[0] == '-' ? -0.0 : 0.0;  // too small to tell from zero
    }
    stack_.push_double(value);
    return true;
  }
  bool on_bool(bool value, BoostError&) {
    stack_.push_bool(value);
    return true;
  }
  bool on_null(BoostError&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, BoostError&) { return true; }
  bool on_comment(json::string_view, BoostError&) { return true; }

 private:
  [[nodiscard]] bool InDocument(json::string_view text) const {
    return text.data() >= document_.data() && text.data() < document_.data() + document_.size();
  }
  [[nodiscard]] std::size_t OffsetOf(json::string_view text) const {
    return InDocument(text) ? static_cast<std::size_t>(text.data() - document_.data())
                            : document_.size();
  }
  bool Refuse(std::string problem, std::size_t offset, BoostError& ec) {
    problem_ = std::move(problem);
    problem_offset_ = offset;
    ec = boost::json::error::syntax;
    return false;
  }
  // A NUL comes only out of an escape, and those are decoded outside the document.
  bool CheckNul(json::string_view text, BoostError& ec) {
    if (InDocument(text) || text.find('\0') == json::string_view::npos) return true;
    return Refuse("a string holds the NUL character (\\u0000)", document_.size(), ec);
  }
  static bool TooLarge(json::string_view text) {
    const std::size_t exponent = text.find_first_of("eE");
    if (exponent == json::string_view::npos) return true;
    return exponent + 1 < text.size() && text[exponent + 1] != '-';
  }
  // Sorts the keys of the object that starts at `from`: no choice of keys makes it slow.
  bool CheckKeys(std::size_t from, BoostError& ec) {
    const auto begin = keys_.begin() + static_cast<std::ptrdiff_t>(from);
    if (keys_.end() - begin < 2) return true;
    std::sort(begin, keys_.end(), [](const Key& a, const Key& b) {
      return a.text.size() != b.text.size() ? a.text.size() < b.text.size()
             : a.text != b.text             ? a.text < b.text
                                            : a.offset < b.offset;
    });
    const Key* first = nullptr;
    for (auto it = begin + 1; it != keys_.end(); ++it) {
      if (it->text != (it - 1)->text) continue;
      if (first == nullptr || it->offset < first->offset) first = &*it;
    }
    if (first == nullptr) return true;
    return Refuse("the key " + Quoted(first->text) + " stands twice in one object", first->offset,
                  ec);
  }
  static std::string Quoted(std::string_view text) {
    std::string out;
    AppendJsonString(Ellipsis(text, 80), out);
    return out;
  }

  std::string_view document_;
  boost::json::value_stack stack_;
  std::vector<Key> keys_;                   // of all open objects
  std::vector<std::size_t> object_starts_;  // where each of them begins in keys_
  std::deque<std::string> unescaped_;       // keys with escapes; a deque does not move them
  std::string partial_;
  std::size_t partial_offset_ = 0;
  std::string problem_;
  std::size_t problem_offset_ = 0;
};

// What the parser's error means in words.
std::string Explain(const BoostError& ec, std::string_view text, std::size_t at,
                    std::size_t depth_max) {
  using boost::json::error;
  if (ec == error::incomplete) return "the document ends too early";
  if (ec == error::extra_data) return "there is more text after the end of the document";
  if (ec == error::illegal_leading_surrogate || ec == error::illegal_trailing_surrogate ||
      ec == error::expected_hex_digit || ec == error::expected_utf16_escape) {
    return "the \\u escape is not a whole UTF-16 character";
  }
  if (ec == error::too_deep) {
    return "nested deeper than " + std::to_string(depth_max) + " levels";
  }
  if (ec == error::exponent_overflow) return "the number's exponent is out of range";
  if (at == 0 && text.starts_with("\xEF\xBB\xBF")) return "there is a byte order mark in front";
  if (at >= text.size()) return "the document ends too early";
  const char c = text[at];
  if (at > 0 && text[at - 1] == '\\') return "there is no such escape in a string";
  if (c > ' ' && c < '\x7F') return std::string("unexpected '") + c + "'";
  if (static_cast<unsigned char>(c) < ' ') {
    return "a control character stands here; in a string it must be written as an escape";
  }
  return "unexpected character";
}

std::unexpected<Error> FailAt(std::string_view text, std::size_t offset, std::string_view message) {
  offset = std::min(offset, text.size());
  const std::string_view before = text.substr(0, offset);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  const std::size_t column = CountCodePoints(before.substr(line_start)) + 1;
  Error error(Code::kInvalidArgument, "line " + std::to_string(line) + ", column " +
                                          std::to_string(column) + ": " + std::string(message));
  error.details["line"] = line;
  error.details["column"] = column;
  error.details["offset"] = offset;
  return std::unexpected<Error>(std::move(error));
}

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

Result<json::value> ParseJson(std::string_view text, const JsonLimits& limits) try {
  // Checked before the grammar, so that the position is that of the first bad byte.
  if (const std::optional<std::size_t> bad = InvalidUtf8At(text)) {
    return FailAt(text, *bad, "the text is not valid UTF-8");
  }
  boost::json::parse_options options;
  options.max_depth = limits.depth_max;
  options.allow_invalid_utf8 = true;  // checked above
  boost::json::basic_parser<Handler> parser(options, text);
  BoostError ec;
  std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
  if (ec) {
    const Handler& handler = parser.handler();
    if (handler.problem().empty()) {
      return FailAt(text, used, Explain(ec, text, used, limits.depth_max));
    }
    return FailAt(text, std::min(handler.problem_offset(), used), handler.problem());
  }
  while (used < text.size() && IsSpace(text[used])) ++used;
  if (used < text.size()) {
    return FailAt(text, used, "there is more text after the end of the document");
  }
  return parser.handler().Release();
} catch (const std::exception& error) {  // out of memory, or a string over Boost's own limit
  return Fail(Code::kTooLarge, std::string("the JSON document cannot be held: ") + error.what());
}

}  // namespace tenon
