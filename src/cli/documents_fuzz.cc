// Documents and NAME=VALUE words from whoever runs the command line: no crash, and what is read
// can be written as YAML and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "cli/documents.h"
#include "cli/fields.h"
#include "cli/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tenon;
  using namespace tenon::cli;
  if (size > (16u << 10)) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  Result<std::vector<json::value>> values = ReadValues(text, "input");
  if (values && !InvalidUtf8At(text)) {
    for (const json::value& value : *values) {
      if (!value.is_object()) continue;
      Result<std::vector<json::value>> back = ReadValues(ToYaml(value), "back");
      if (!back || back->size() != 1 || CanonicalJson(back->at(0)) != CanonicalJson(value)) {
        std::abort();
      }
    }
  }

  json::object into;
  const ReadFileFn no_files = [](const std::string&) -> Result<std::string> {
    return Fail(Code::kNotFound, "no files here");
  };
  (void)ReadAssignments({std::string(text)}, nullptr, no_files, into);
  return 0;
}
