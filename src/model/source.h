// The source files of a model, kept whole so that a diagnostic can show the line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/span.h"

namespace tenon::model {

struct SourceFile {
  std::string path;  // as it is shown in messages
  std::string text;
};

struct LineColumn {
  int line = 1;    // from 1
  int column = 1;  // from 1, in code points
};

class Sources {
 public:
  // Returns the file's index, as Span::file uses it.
  std::uint32_t Add(std::string path, std::string text);
  [[nodiscard]] const SourceFile& file(std::uint32_t index) const { return files_[index]; }
  [[nodiscard]] std::size_t size() const { return files_.size(); }
  [[nodiscard]] LineColumn Locate(Span span) const;
  [[nodiscard]] std::string_view Line(Span span) const;  // without its newline

 private:
  std::vector<SourceFile> files_;
};

// One thing wrong in a source.
struct Diagnostic {
  Span span;
  std::string message;  // "'current_state' has no state COMPLETE"
  std::string hint;     // "did you mean COMPLETED?", shown after the caret; may be empty
};

// "path:line:column: error: message" with the line, the caret under the place and the hint, as
// LANGUAGE.md, "Errors" prints it.
std::string Render(const Sources& sources, const Diagnostic& diagnostic);

}  // namespace tenon::model
