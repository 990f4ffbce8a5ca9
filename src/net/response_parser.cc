#include "net/response_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tenon::net {
namespace {

constexpr int kInformationalMax = 8;
constexpr std::size_t kChunkLineBytesMax = 256;

std::unexpected<Error> NotHttp(std::string_view what) {
  return Fail(Code::kUnavailable, fmt::format("the answer is not HTTP: {}", what));
}

bool IsToken(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// Whether the list of tokens in all headers of that name has the token.
bool HasToken(const Headers& headers, std::string_view name, std::string_view token) {
  for (const auto& [key, value] : headers) {
    if (!EqualFold(key, name)) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      if (EqualFold(Trim(rest.substr(0, comma)), token)) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

}  // namespace

ResponseParser::ResponseParser(const ResponseLimits& limits, bool is_head_request)
    : limits_(limits), is_head_request_(is_head_request) {}

bool ResponseParser::wants_line() const {
  return state_ == State::kHead || state_ == State::kChunkSize || state_ == State::kChunkEnd ||
         state_ == State::kTrailer;
}

Result<std::size_t> ResponseParser::Feed(std::string_view input) {
  std::size_t used = 0;
  while (used < input.size() && state_ != State::kDone) {
    const std::string_view rest = input.substr(used);
    if (!wants_line()) {
      const auto count =
          state_ == State::kToEnd
              ? rest.size()
              : static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest.size()));
      TRY(Body(rest.substr(0, count)));
      used += count;
      continue;
    }
    const std::size_t end = rest.find('\n');
    const std::size_t count = end == std::string_view::npos ? rest.size() : end + 1;
    head_bytes_ += count;
    const bool is_chunk_line = state_ == State::kChunkSize || state_ == State::kChunkEnd;
    if (is_chunk_line && line_.size() + count > kChunkLineBytesMax) {
      return NotHttp("a chunk's size line is too long");
    }
    if (!is_chunk_line && head_bytes_ > limits_.header_bytes_max) {
      return Fail(Code::kTooLarge,
                  fmt::format("the answer's headers are over {} bytes", limits_.header_bytes_max));
    }
    line_ += rest.substr(0, count);
    used += count;
    if (end == std::string_view::npos) break;
    line_.pop_back();
    if (line_.ends_with('\r')) line_.pop_back();
    const std::string line = std::exchange(line_, {});
    TRY(Line(line));
  }
  return used;
}

Result<> ResponseParser::Line(std::string_view line) {
  switch (state_) {
    case State::kHead:
      if (response_.status == 0) return StatusLine(line);
      return line.empty() ? HeadDone() : HeaderLine(line);
    case State::kChunkSize:
      return ChunkSize(line);
    case State::kChunkEnd:
      if (!line.empty()) return NotHttp("a chunk is longer than it says");
      state_ = State::kChunkSize;
      return {};
    default:  // trailers say nothing that we use
      return line.empty() ? Done() : Result<>();
  }
}

Result<> ResponseParser::StatusLine(std::string_view line) {
  const bool is_http = line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ");
  if (!is_http || line.size() < 12 || (line.size() > 12 && line[12] != ' ')) {
    return NotHttp("its first line is no status line of HTTP/1.1");
  }
  int status = 0;
  const auto [end, problem] = std::from_chars(line.data() + 9, line.data() + 12, status);
  if (problem != std::errc() || end != line.data() + 12 || status < 100 || status > 599) {
    return NotHttp("its status is no number from 100 to 599");
  }
  response_.status = status;
  keep_alive_ = line[7] == '1';
  return {};
}

Result<> ResponseParser::HeaderLine(std::string_view line) {
  const std::size_t colon = line.find(':');
  // A line that begins with a blank would continue the one before (obsolete, RFC 9112, 5.2).
  if (colon == std::string_view::npos || !IsToken(line.substr(0, colon))) {
    return NotHttp("a header line has no name");
  }
  const std::string_view value = Trim(line.substr(colon + 1));
  const auto is_control = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  };
  if (std::ranges::any_of(value, is_control)) return NotHttp("a header has control characters");
  if (response_.headers.size() >= limits_.headers_max) {
    return Fail(Code::kTooLarge,
                fmt::format("the answer has over {} headers", limits_.headers_max));
  }
  response_.headers.emplace_back(line.substr(0, colon), value);
  return {};
}

Result<> ResponseParser::HeadDone() {
  const int status = response_.status;
  if (status == 101) return NotHttp("it switches to another protocol");
  if (status < 200) {
    if (++informational_ > kInformationalMax) return NotHttp("it never gets to its answer");
    response_ = {};
    return {};
  }
  if (HasToken(response_.headers, "Connection", "close")) keep_alive_ = false;
  head_bytes_ = 0;
  return Framing();
}

Result<> ResponseParser::Framing() {
  const auto encoding = Find(response_.headers, "Transfer-Encoding");
  std::optional<std::uint64_t> length;
  for (const auto& [name, value] : response_.headers) {
    if (!EqualFold(name, "Content-Length")) continue;
    std::uint64_t bytes = 0;
    const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), bytes);
    if (problem != std::errc() || end != value.data() + value.size()) {
      return NotHttp("its Content-Length is no number");
    }
    if (length && *length != bytes) return NotHttp("it has two different Content-Lengths");
    length = bytes;
  }
  if (is_head_request_ || response_.status == 204 || response_.status == 304) return Done();
  if (const auto coding = Find(response_.headers, "Content-Encoding");
      coding && !EqualFold(*coding, "identity") && !coding->empty()) {
    if (!EqualFold(*coding, "gzip") && !EqualFold(*coding, "x-gzip") &&
        !EqualFold(*coding, "deflate")) {
      return Fail(Code::kUnavailable,
                  fmt::format("the answer is compressed with '{}', which was not asked for",
                              coding->substr(0, 40)));
    }
    inflater_ = std::make_unique<Inflater>(
        InflateLimits{.bytes_max = limits_.body_bytes_max, .ratio_max = limits_.expansion_max});
  }
  if (encoding) {
    if (length) return NotHttp("it has both Content-Length and Transfer-Encoding");
    if (!EqualFold(*encoding, "chunked")) return NotHttp("its Transfer-Encoding is not chunked");
    state_ = State::kChunkSize;
    return {};
  }
  if (!length) {
    keep_alive_ = false;
    state_ = State::kToEnd;
    return {};
  }
  if (*length > limits_.body_bytes_max) {
    return Fail(Code::kTooLarge, fmt::format("the answer's body has {} bytes; at most {} are read",
                                             *length, limits_.body_bytes_max));
  }
  left_ = *length;
  state_ = State::kLength;
  return left_ == 0 ? Done() : Result<>();
}

Result<> ResponseParser::ChunkSize(std::string_view line) {
  const std::string_view digits = Trim(line.substr(0, line.find(';')));
  const auto [end, problem] =
      std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
  if (digits.empty() || problem != std::errc() || end != digits.data() + digits.size()) {
    return NotHttp("a chunk's size is no number");
  }
  head_bytes_ = 0;
  state_ = left_ == 0 ? State::kTrailer : State::kChunk;
  return {};
}

Result<> ResponseParser::Body(std::string_view piece) {
  if (inflater_) {
    TRY(inflater_->Add(piece, response_.body));
  } else {
    if (response_.body.size() + piece.size() > limits_.body_bytes_max) {
      return Fail(Code::kTooLarge,
                  fmt::format("the answer's body is over {} bytes", limits_.body_bytes_max));
    }
    response_.body += piece;
  }
  if (state_ == State::kToEnd) return {};
  left_ -= piece.size();
  if (left_ > 0) return {};
  if (state_ == State::kLength) return Done();
  state_ = State::kChunkEnd;
  return {};
}

Result<> ResponseParser::Done() {
  state_ = State::kDone;
  if (inflater_) TRY(inflater_->Finish());
  return {};
}

Result<> ResponseParser::End() {
  if (done()) return {};
  if (state_ == State::kToEnd) return Done();
  return Fail(Code::kUnavailable, response_.status == 0
                                      ? "the server closed the connection without an answer"
                                      : "the server closed the connection before its answer ended");
}

}  // namespace tenon::net
