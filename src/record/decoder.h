// The walk over a JSON document along its type. Internal to record/; decode.h is the surface.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/decode.h"

namespace tenon {

// One for a document. Errors are collected, at most kErrorsMax of them.
class Decoder {
 public:
  static constexpr std::size_t kErrorsMax = 100;

  Decoder(const DecodeOptions& options, std::vector<FieldError>& errors)
      : options_(options), errors_(errors) {}

  // `present` is what stands at this place now, for secrets that are sent back as kSealedMark.
  std::optional<Value> Decode(const model::Type& type, const json::value& input,
                              const std::string& path, const json::object* siblings,
                              const Value* present);

  void Report(const std::string& path, std::string_view code, std::string message);

 private:
  // decode_value.cc
  std::optional<Value> DecodeScalar(const model::Type& type, const json::value& input,
                                    const std::string& path);
  std::optional<Value> DecodeText(const model::Type& type, std::string_view text,
                                  const std::string& path);
  std::optional<Value> DecodeInt(const model::Type& type, const json::value& input,
                                 const std::string& path);
  std::optional<Value> DecodeDecimal(const model::Type& type, const json::value& input,
                                     const std::string& path);
  std::optional<Value> DecodeFormat(const model::Type& type, std::string_view text,
                                    const std::string& path);
  std::optional<Value> DecodeEnum(const model::Type& type, std::string_view text,
                                  const std::string& path);

  // decode_json.cc
  std::optional<json::value> DecodeJson(const model::Type& type, const json::value& input,
                                        const std::string& path, const json::object* siblings,
                                        const json::value* present);
  std::optional<json::value> DecodeDocument(const model::Type& type, const json::value& input,
                                            const std::string& path, const json::object* siblings,
                                            const json::value* present);
  std::optional<json::value> DecodeList(const model::Type& type, const json::value& input,
                                        const std::string& path, const json::value* present);
  std::optional<json::value> DecodeMap(const model::Type& type, const json::value& input,
                                       const std::string& path, const json::value* present);
  std::optional<json::value> DecodeShape(const model::Shape& shape, const json::value& input,
                                         const std::string& path, const json::value* present);
  std::optional<std::string> DecodeSecret(const model::Type& type, const json::value& input,
                                          const std::string& path, const std::string* present);

  const DecodeOptions& options_;
  std::vector<FieldError>& errors_;
  int depth_ = 0;
};

// "an object", "text", "a number": what a JSON value is, for messages.
std::string_view KindName(const json::value& value);

// `path.key`, or `path["odd key"]`.
std::string Step(const std::string& path, std::string_view key);
std::string Step(const std::string& path, std::size_t index);

// "; did you mean 'x'?", or empty.
std::string NearestHint(std::string_view name, std::span<const std::string_view> names);

// Whether a text is an IANA time zone name: by its form, and by the machine's zones when it has
// any.
bool IsTimezone(std::string_view name);

}  // namespace tenon
