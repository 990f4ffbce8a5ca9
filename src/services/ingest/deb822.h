// Debian control files (deb822(5), Debian Policy 5.1): paragraphs of fields, as in dpkg's status
// file and apt's package lists, read as a stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/ingest/lines.h"

namespace tenon::ingest {

// One paragraph. Reused from call to call, so that reading allocates next to nothing.
class Paragraph {
 public:
  struct Field {
    std::string_view name;   // as written
    std::string_view value;  // continuation lines joined by '\n', without the space in front
    std::uint64_t line = 0;
  };

  [[nodiscard]] Position at() const { return at_; }
  // Why it cannot be used, with its line; empty when it can.
  [[nodiscard]] const std::string& problem() const { return problem_; }

  [[nodiscard]] std::size_t size() const { return fields_.size(); }
  [[nodiscard]] Field operator[](std::size_t index) const;
  // The field of that name, in either case.
  [[nodiscard]] std::optional<Field> Find(std::string_view name) const;
  // Its value; empty when there is none.
  [[nodiscard]] std::string_view Get(std::string_view name) const;

 private:
  friend class Deb822Reader;
  struct Span {
    std::size_t name = 0;  // offsets into text_
    std::size_t name_end = 0;
    std::size_t value = 0;
    std::size_t value_end = 0;
    std::uint64_t line = 0;
  };

  Position at_;
  std::string problem_;
  std::string text_;
  std::vector<Span> fields_;
};

// Used by one thread at a time.
class Deb822Reader {
 public:
  explicit Deb822Reader(InputSource& source);

  // Reads the next paragraph; false at the end. An error is one of the source. A paragraph that
  // breaks the format, names a field twice or is too long comes with its problem, and the next
  // call goes on after the blank line that ends it.
  Result<bool> Next(Paragraph& paragraph);

  // Where the next paragraph begins (blank lines and comments before it included).
  [[nodiscard]] Position position() const { return lines_.position(); }
  Result<> Resume(Position position) { return lines_.Resume(position); }

 private:
  static void AddLine(const Line& line, Paragraph& paragraph);
  static void AddField(const Line& line, Paragraph& paragraph);
  static void Problem(const Line& line, std::string_view problem, Paragraph& paragraph);

  LineReader lines_;
};

}  // namespace tenon::ingest
