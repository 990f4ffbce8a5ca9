#include "http/chunked.h"

#include <fmt/format.h>

#include <algorithm>

namespace tenon::http {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsControl(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

}  // namespace

std::size_t ChunkedDecoder::Feed(std::string_view bytes,
                                 const std::function<bool(std::string_view)>& body) {
  std::size_t used = 0;
  while (used < bytes.size() && state_ != State::kDone && refusal_.status == 0) {
    if (state_ != State::kData) {
      if (!TakeByte(bytes[used])) return used;
      ++used;
      continue;
    }
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - used));
    if (!body(bytes.substr(used, count))) return used;
    used += count;
    left_ -= count;
    if (left_ == 0) state_ = State::kDataCr;
  }
  return used;
}

bool ChunkedDecoder::TakeByte(char c) {
  switch (state_) {
    case State::kSizeFirst:
      left_ = 0;
      line_bytes_ = 0;
      if (HexDigit(c) < 0) return Fail(400, "a chunk has no size");
      state_ = State::kSize;
      return TakeSizeDigit(c);
    case State::kSize:
      if (c == '\r') return Expect(c, '\r', State::kSizeLf);
      if (c != ';' && c != ' ' && c != '\t') return TakeSizeDigit(c);
      state_ = State::kExtension;
      return true;
    case State::kExtension:
      if (c == '\r') return Expect(c, '\r', State::kSizeLf);
      if (IsControl(c) || ++line_bytes_ > kExtensionBytesMax) {
        return Fail(400, "a chunk extension is malformed or too long");
      }
      return true;
    case State::kSizeLf:
      line_bytes_ = 0;
      return Expect(c, '\n', left_ == 0 ? State::kTrailerFirst : State::kData);
    case State::kDataCr:
      return Expect(c, '\r', State::kDataLf);
    case State::kDataLf:
      return Expect(c, '\n', State::kSizeFirst);
    case State::kTrailerFirst:
    case State::kTrailer:
    case State::kTrailerLf:
      return TakeTrailerByte(c);
    case State::kEndLf:
      return Expect(c, '\n', State::kDone);
    case State::kData:
    case State::kDone:
      break;
  }
  return false;
}

bool ChunkedDecoder::TakeSizeDigit(char c) {
  const int digit = HexDigit(c);
  if (digit < 0) return Fail(400, "a chunk size is not hexadecimal");
  // Before the shift, so that no number of digits overflows; zeros in front are bounded too.
  if (left_ > chunk_bytes_max_ / 16 || ++line_bytes_ > 16) {
    return Fail(413, fmt::format("the body is larger than {} bytes", chunk_bytes_max_));
  }
  left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
  if (left_ <= chunk_bytes_max_) return true;
  return Fail(413, fmt::format("the body is larger than {} bytes", chunk_bytes_max_));
}

// Trailers are checked for their form and dropped: a field there could smuggle in what a proxy in
// front has filtered.
bool ChunkedDecoder::TakeTrailerByte(char c) {
  if (++line_bytes_ > trailer_bytes_max_) {
    return Fail(431, fmt::format("the trailer is larger than {} bytes", trailer_bytes_max_));
  }
  if (state_ == State::kTrailerLf) return Expect(c, '\n', State::kTrailerFirst);
  if (c == '\r') {
    state_ = state_ == State::kTrailerFirst ? State::kEndLf : State::kTrailerLf;
    return true;
  }
  if (IsControl(c)) return Fail(400, "a trailer line is malformed");
  if (state_ == State::kTrailerFirst && (c == ' ' || c == '\t' || c == ':')) {
    return Fail(400, "a trailer line is malformed");
  }
  state_ = State::kTrailer;
  return true;
}

bool ChunkedDecoder::Expect(char c, char wanted, State next) {
  if (c != wanted) return Fail(400, "a line of the chunked body does not end in CR LF");
  state_ = next;
  return true;
}

bool ChunkedDecoder::Fail(int status, std::string_view detail) {
  refusal_ = {status, std::string(detail)};
  return false;
}

}  // namespace tenon::http
