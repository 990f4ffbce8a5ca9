#include "services/ingest/page_link.h"

namespace tenon::ingest {
namespace {

// Reads `<target>; name=value; name="value", <target>...` from left to right.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  [[nodiscard]] bool AtEnd() const { return text_.empty(); }
  void SkipBlanks() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\t')) {
      text_.remove_prefix(1);
    }
  }
  bool Take(char c) {
    SkipBlanks();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::optional<std::string> Target() {
    if (!Take('<')) return std::nullopt;
    const std::size_t end = text_.find('>');
    if (end == std::string_view::npos) return std::nullopt;
    std::string target(text_.substr(0, end));
    text_.remove_prefix(end + 1);
    return target;
  }
  std::string_view Token() {
    SkipBlanks();
    std::size_t end = 0;
    while (end < text_.size() &&
           std::string_view("=;, \t\"<>").find(text_[end]) == std::string_view::npos) {
      ++end;
    }
    const std::string_view token = text_.substr(0, end);
    text_.remove_prefix(end);
    return token;
  }
  std::optional<std::string> Value() {
    if (!Take('"')) return std::string(Token());
    std::string value;
    while (!text_.empty() && text_.front() != '"') {
      if (text_.front() == '\\' && text_.size() > 1) text_.remove_prefix(1);
      value += text_.front();
      text_.remove_prefix(1);
    }
    if (text_.empty()) return std::nullopt;
    text_.remove_prefix(1);
    return value;
  }

 private:
  std::string_view text_;
};

// "next", or one of several with blanks between: "next last".
bool Names(std::string_view relations, std::string_view relation) {
  while (!relations.empty()) {
    const std::size_t blank = relations.find(' ');
    if (net::EqualFold(relations.substr(0, blank), relation)) return true;
    if (blank == std::string_view::npos) break;
    relations.remove_prefix(blank + 1);
  }
  return false;
}

}  // namespace

std::optional<std::string> LinkOf(std::string_view header, std::string_view relation) {
  Scanner scanner(header);
  for (;;) {
    while (scanner.Take(',')) {
    }
    auto target = scanner.Target();
    if (!target) return std::nullopt;
    std::optional<std::string> rel;  // only the first counts (RFC 8288, 3.3)
    while (scanner.Take(';')) {
      const std::string_view name = scanner.Token();
      std::string value;
      if (scanner.Take('=')) {
        auto given = scanner.Value();
        if (!given) return std::nullopt;
        value = *std::move(given);
      }
      if (!rel && net::EqualFold(name, "rel")) rel = std::move(value);
    }
    if (rel && Names(*rel, relation)) return target;
    if (!scanner.Take(',')) return std::nullopt;
  }
}

std::optional<std::string> LinkOf(const net::Headers& headers, std::string_view relation) {
  for (const auto& [name, value] : headers) {
    if (!net::EqualFold(name, "Link")) continue;
    if (auto target = LinkOf(value, relation)) return target;
  }
  return std::nullopt;
}

}  // namespace tenon::ingest
