#include "store/written_table.h"

#include <cctype>

namespace tenon {

std::string_view WrittenTable(std::string_view sql) {
  const auto next_word = [&sql]() {
    while (!sql.empty() && std::isspace(static_cast<unsigned char>(sql.front()))) {
      sql.remove_prefix(1);
    }
    std::size_t end = 0;
    if (!sql.empty() && sql.front() == '"') {
      end = sql.find('"', 1);
      end = end == std::string_view::npos ? sql.size() : end + 1;
    } else {
      while (end < sql.size() &&
             (std::isalnum(static_cast<unsigned char>(sql[end])) || sql[end] == '_')) {
        ++end;
      }
    }
    const std::string_view word = sql.substr(0, end);
    sql.remove_prefix(end);
    return word;
  };
  const auto is = [](std::string_view word, std::string_view upper) {
    if (word.size() != upper.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
      if (std::toupper(static_cast<unsigned char>(word[i])) != upper[i]) return false;
    }
    return true;
  };
  const std::string_view verb = next_word();
  if (!is(verb, "INSERT") && !is(verb, "UPDATE") && !is(verb, "DELETE") && !is(verb, "REPLACE")) {
    return {};
  }
  std::string_view word = next_word();
  if (is(word, "OR")) {
    next_word();
    word = next_word();
  }
  if (is(word, "INTO") || is(word, "FROM")) word = next_word();
  if (word.size() >= 2 && word.front() == '"') word = word.substr(1, word.size() - 2);
  return word;
}

}  // namespace tenon
