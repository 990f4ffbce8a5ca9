// The status line and header lines of a response, written by hand into a buffer: on the path of
// every answer, and the one place that guards against header injection.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace tenon::http {

// The value of Date (RFC 9110, 6.6.1), made once a second. Not thread-safe: one a thread.
class DateCache {
 public:
  std::string_view Now() { return At(std::time(nullptr)); }
  std::string_view At(std::time_t now);

 private:
  std::time_t made_at_ = -1;
  std::string text_;
};

// A name that is a token and a value without control characters: what may go on the wire.
[[nodiscard]] bool IsValidHeader(std::string_view name, std::string_view value);

struct HeadOptions {
  bool http10 = false;
  bool keep_alive = true;
  bool chunked = false;
  std::optional<std::uint64_t> content_length;
};

// Appends the head of `response` with its empty line. False, and nothing appended, when a header's
// name is no token or its value has a control character.
[[nodiscard]] bool AppendHead(const Response& response, const HeadOptions& options,
                              std::string_view date, std::string& out);

}  // namespace tenon::http
