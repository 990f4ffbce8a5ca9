// Lines, columns and comments of formatted text. Knows nothing of the language but its comments.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/lexer.h"

namespace tenon::model {

// Where a line that is too long may go on in the next one; a blank in one that is not. Inner
// breaks, inside brackets, are taken only where what stands between two outer ones is too long by
// itself.
inline constexpr char kBreak = '\x01';
inline constexpr char kInnerBreak = '\x02';

inline constexpr std::size_t kFormatColumns = 100;

// Text with its breaks as blanks, as it stands on one line.
std::string Flat(std::string_view text);

// Text that goes inside brackets: its breaks become inner ones.
std::string Inner(std::string text);

// Not thread-safe; writes one file. Units must come in the order of the source.
class FormatWriter {
 public:
  FormatWriter(std::string_view source, const std::vector<Comment>& comments)
      : source_(source), comments_(comments) {}

  // Writes the comments that stand before a unit, and the blank line before it when there is one.
  // Comments inside [start, end) come before the unit too: it is written as a whole. `close`: no
  // blank line, for units that are written in another order than the source's.
  void Before(std::uint32_t start, std::uint32_t end, bool close = false);

  // One line, broken at kBreak when it is too long; `hang` more blanks before what follows.
  void Line(std::string text, std::size_t hang = 4);

  // Cells of a row, lined up with those of the rows directly before and after it. The last cell
  // holds what is left.
  void Row(std::vector<std::string> cells);

  // The unit ended there: a comment on the same line stays behind it.
  void After(std::uint32_t end);

  // A block: "head {" has been written, what follows is one level in.
  void Open(std::uint32_t head_start);
  void Close(std::uint32_t end, std::string text);

  // A blank line before the next unit, whatever the source has.
  void Blank() { blank_ = true; }

  [[nodiscard]] std::size_t Room() const { return kFormatColumns - 2 * indent_; }

  std::string Finish();

 private:
  void Emit(std::string text);
  void Fill(std::string_view text, char at, std::size_t hang, std::string& line, bool& first);
  void FlushRows();
  void BlankFor(std::uint32_t offset);
  void WriteComment(const Comment& comment);
  [[nodiscard]] std::size_t NewlinesBetween(std::size_t from, std::size_t to) const;

  std::string_view source_;
  const std::vector<Comment>& comments_;
  std::size_t next_comment_ = 0;
  std::size_t last_end_ = 0;  // in the source, of what was written last
  bool at_start_ = true;      // of the file or of a block: no blank line
  bool blank_ = false;
  std::size_t indent_ = 0;
  std::vector<std::string> lines_;
  struct PendingRow {
    std::vector<std::string> cells;
    std::string comment;
  };
  std::vector<PendingRow> rows_;
};

}  // namespace tenon::model
