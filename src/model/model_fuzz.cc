// Lexer, parser, checker and formatter on any bytes: nothing may crash, every diagnostic can be
// shown, and what is formatted stays as it is when formatted again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "model/check.h"
#include "model/json.h"
#include "model/lexer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenon::model;
  Sources sources;
  sources.Add("fuzz.tenon", std::string(reinterpret_cast<const char*>(data), size));
  const auto model = Check(sources);
  if (!model) {
    if (model.error().empty()) std::abort();
    for (const Diagnostic& diagnostic : model.error()) {
      if (Render(sources, diagnostic).empty()) std::abort();
    }
  } else if (ToJson(**model).as_object().empty()) {
    std::abort();
  }
  const auto once = Format(sources, 0);
  if (!once) return 0;
  DiagnosticSink sink;
  const std::string& text = sources.file(0).text;
  for (const Comment& comment : Lex(text, 0, LexMode::kModel, sink).comments) {
    if (once->find(text.substr(comment.offset, comment.length)) == std::string::npos) std::abort();
  }
  Sources formatted;
  formatted.Add("fuzz.tenon", *once);
  const auto twice = Format(formatted, 0);
  if (!twice || *twice != *once) std::abort();
  // Formatting neither mends nor breaks a model.
  if (Check(formatted).has_value() != model.has_value()) std::abort();
  return 0;
}
