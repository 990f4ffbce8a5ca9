#include "services/ingest/deb822.h"

#include <algorithm>

#include "base/limits.h"

namespace tenon::ingest {
namespace {

constexpr std::string_view kBlanks = " \t\r";

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool SameName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(kBlanks) == std::string_view::npos;
}

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// Policy 5.1: printable ASCII without space and colon, not beginning with '#' or '-'.
bool IsFieldName(std::string_view name) {
  return !name.empty() && name[0] != '-' && name[0] != '#' &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

Paragraph::Field Paragraph::operator[](std::size_t index) const {
  const Span& span = fields_[index];
  const std::string_view text = text_;
  return {text.substr(span.name, span.name_end - span.name),
          text.substr(span.value, span.value_end - span.value), span.line};
}

std::optional<Paragraph::Field> Paragraph::Find(std::string_view name) const {
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const Field field = (*this)[i];
    if (SameName(field.name, name)) return field;
  }
  return std::nullopt;
}

std::string_view Paragraph::Get(std::string_view name) const {
  const std::optional<Field> field = Find(name);
  return field ? field->value : std::string_view();
}

Deb822Reader::Deb822Reader(InputSource& source)
    : lines_(source, limits::kDeb822ParagraphBytesMax) {}

Result<bool> Deb822Reader::Next(Paragraph& paragraph) {
  paragraph.problem_.clear();
  paragraph.text_.clear();
  paragraph.fields_.clear();
  bool begun = false;
  Line line;
  while (TRY(lines_.Next(line))) {
    if (!line.too_long && IsBlank(line.text)) {
      if (begun) return true;
      continue;
    }
    if (line.text[0] == '#') continue;
    if (!begun) paragraph.at_ = line.at;
    begun = true;
    if (paragraph.problem_.empty()) AddLine(line, paragraph);
  }
  return begun;
}

void Deb822Reader::AddLine(const Line& line, Paragraph& paragraph) {
  if (line.too_long ||
      paragraph.text_.size() + line.text.size() > limits::kDeb822ParagraphBytesMax) {
    Problem(line,
            "the paragraph is longer than " + std::to_string(limits::kDeb822ParagraphBytesMax) +
                " bytes",
            paragraph);
  } else if (line.text[0] != ' ' && line.text[0] != '\t') {
    AddField(line, paragraph);
  } else if (paragraph.fields_.empty()) {
    Problem(line, "the line continues a field, but none has begun", paragraph);
  } else {
    const std::string_view text = line.text.substr(1);
    paragraph.text_ += '\n';
    paragraph.text_ += text.substr(0, text.find_last_not_of(kBlanks) + 1);
    paragraph.fields_.back().value_end = paragraph.text_.size();
  }
}

void Deb822Reader::AddField(const Line& line, Paragraph& paragraph) {
  const std::size_t colon = line.text.find(':');
  if (colon == std::string_view::npos) {
    return Problem(line, "expected 'Name: value'", paragraph);
  }
  const std::string_view name = line.text.substr(0, colon);
  if (!IsFieldName(name)) return Problem(line, "this is no name of a field", paragraph);
  if (paragraph.Find(name)) {
    return Problem(line, "the field " + std::string(name) + " stands twice", paragraph);
  }
  if (paragraph.fields_.size() == limits::kDeb822FieldsMax) {
    return Problem(
        line, "the paragraph has more than " + std::to_string(limits::kDeb822FieldsMax) + " fields",
        paragraph);
  }
  Paragraph::Span span;
  span.line = line.at.line;
  span.name = paragraph.text_.size();
  paragraph.text_ += name;
  span.name_end = span.value = paragraph.text_.size();
  paragraph.text_ += Trim(line.text.substr(colon + 1));
  span.value_end = paragraph.text_.size();
  paragraph.fields_.push_back(span);
}

void Deb822Reader::Problem(const Line& line, std::string_view problem, Paragraph& paragraph) {
  paragraph.problem_ = "line " + std::to_string(line.at.line) + ": " + std::string(problem);
}

}  // namespace tenon::ingest
