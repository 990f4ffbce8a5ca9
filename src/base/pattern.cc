#include "base/pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <utility>

namespace tenon {

Pattern::Pattern(std::unique_ptr<re2::RE2> expression) : expression_(std::move(expression)) {}

Pattern::~Pattern() = default;

Result<std::shared_ptr<const Pattern>> Pattern::Compile(std::string_view text) {
  if (text.size() > kBytesMax) {
    return Fail(Code::kInvalidArgument, fmt::format("a pattern has at most {} bytes", kBytesMax));
  }
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(1 << 20);
  auto expression = std::make_unique<RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!expression->ok()) {
    return Fail(Code::kInvalidArgument,
                "not a regular expression (RE2 syntax): " + expression->error());
  }
  return std::shared_ptr<const Pattern>(new Pattern(std::move(expression)));
}

bool Pattern::IsFoundIn(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *expression_);
}

}  // namespace tenon
