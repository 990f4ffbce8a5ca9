#include "http/response_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "http/problem.h"

namespace tenon::http {
namespace {

bool IsTokenChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         std::string_view("!#$%&'*+.^_`|~").find(c) != std::string_view::npos;
}

bool IsValidName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), IsTokenChar);
}

bool IsValidValue(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

// The fields that the server alone decides; what a handler sets is left out.
bool IsServersOwn(std::string_view name) {
  switch (name.size()) {
    case 4:
      return EqualFold(name, "Date");
    case 10:
      return EqualFold(name, "Connection") || EqualFold(name, "Keep-Alive");
    case 14:
      return EqualFold(name, "Content-Length");
    case 17:
      return EqualFold(name, "Transfer-Encoding");
    default:
      return false;
  }
}

void AppendNumber(std::uint64_t number, std::string& out) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

}  // namespace

bool IsValidHeader(std::string_view name, std::string_view value) {
  return IsValidName(name) && IsValidValue(value);
}

std::string_view DateCache::At(std::time_t now) {
  if (now != made_at_) {
    constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
    constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm utc{};
    gmtime_r(&now, &utc);
    // Not strftime: its names follow the locale.
    text_ = fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                        kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                        kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900,
                        utc.tm_hour, utc.tm_min, utc.tm_sec);
    made_at_ = now;
  }
  return text_;
}

bool AppendHead(const Response& response, const HeadOptions& options, std::string_view date,
                std::string& out) {
  const std::size_t start = out.size();
  if (response.status == 200) {
    out.append("HTTP/1.1 200 OK\r\nDate: ");
  } else {
    out.append("HTTP/1.1 ");
    AppendNumber(static_cast<std::uint64_t>(response.status), out);
    out.append(" ").append(ReasonPhrase(response.status)).append("\r\nDate: ");
  }
  out.append(date).append("\r\n");
  for (const auto& [name, value] : response.headers) {
    if (!IsValidHeader(name, value)) {
      out.resize(start);
      return false;
    }
    if (IsServersOwn(name)) continue;
    out.append(name).append(": ").append(value).append("\r\n");
  }
  if (options.chunked) out.append("Transfer-Encoding: chunked\r\n");
  if (options.content_length) {
    out.append("Content-Length: ");
    AppendNumber(*options.content_length, out);
    out.append("\r\n");
  }
  if (!options.keep_alive) {
    out.append("Connection: close\r\n");
  } else if (options.http10) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("\r\n");
  return true;
}

}  // namespace tenon::http
