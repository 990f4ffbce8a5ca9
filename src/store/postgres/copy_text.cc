#include "store/postgres/copy_text.h"

namespace tenon {
namespace {

void AppendEscaped(const char* text, std::string& out) {
  for (; *text != '\0'; ++text) {
    switch (*text) {
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += *text;
    }
  }
}

}  // namespace

Result<void> CopyText::Add(std::span<const Value> row) {
  TRY(parameters_.Encode(row));
  bool first = true;
  for (const char* value : parameters_.pointers()) {
    if (!first) text_ += '\t';
    first = false;
    if (value == nullptr) {
      text_ += "\\N";
    } else {
      AppendEscaped(value, text_);
    }
  }
  text_ += '\n';
  ++rows_;
  return {};
}

void CopyText::Clear() {
  text_.clear();
  rows_ = 0;
}

}  // namespace tenon
