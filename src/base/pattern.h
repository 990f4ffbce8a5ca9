// Regular expressions, as the `matches` of the expression language has them.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace tenon {

// Compiled once, which costs as much as matching a thousand bytes; takes linear time in what it is
// matched with (RE2). Immutable; thread-safe.
class Pattern {
 public:
  static constexpr std::size_t kBytesMax = 1000;

  // kInvalidArgument with what is wrong with it.
  static Result<std::shared_ptr<const Pattern>> Compile(std::string_view text);
  ~Pattern();
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  [[nodiscard]] bool IsFoundIn(std::string_view text) const;

 private:
  explicit Pattern(std::unique_ptr<re2::RE2> expression);
  const std::unique_ptr<re2::RE2> expression_;
};

}  // namespace tenon
