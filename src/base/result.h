// Result<T>: a value or an Error. TRY passes an error on; it is the project's only macro.
#pragma once

#include <expected>
#include <utility>

#include "base/error.h"

namespace tenon {

template <typename T = void>
using Result = std::expected<T, Error>;

// A failure, to be returned from a function that returns Result.
[[nodiscard]] inline std::unexpected<Error> Fail(Code code, std::string message) {
  return std::unexpected<Error>(Error(code, std::move(message)));
}
[[nodiscard]] inline std::unexpected<Error> Fail(Error error) {
  return std::unexpected<Error>(std::move(error));
}

}  // namespace tenon

// The value of a Result, or an early return of its error. A statement expression, which GCC and
// Clang have both had for decades; __extension__ keeps -Wpedantic quiet about just this place.
#define TRY(expression)                                       \
  __extension__({                                             \
    auto try_result_ = (expression);                          \
    if (!try_result_.has_value()) [[unlikely]]                \
      return std::unexpected(std::move(try_result_).error()); \
    *std::move(try_result_);                                  \
  })
