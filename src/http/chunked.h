// Decodes the chunked transfer coding (RFC 9112, 7.1), byte by byte: it holds nothing back, so that
// how a body is cut into reads cannot matter, and every part that is not body has its bound. Line
// ends are CR LF and nothing else: leniency there is what request smuggling lives on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "http/problem.h"

namespace tenon::http {

class ChunkedDecoder {
 public:
  // Extensions mean nothing here and are a way to send much without a body.
  static constexpr std::size_t kExtensionBytesMax = 256;

  ChunkedDecoder(std::uint64_t chunk_bytes_max, std::size_t trailer_bytes_max)
      : chunk_bytes_max_(chunk_bytes_max), trailer_bytes_max_(trailer_bytes_max) {}

  // Uses up the front of `bytes`, handing the pieces of body to `body`, which returns false to
  // stop. Returns how many were used: all, unless the body ended or something is wrong.
  std::size_t Feed(std::string_view bytes, const std::function<bool(std::string_view)>& body);

  [[nodiscard]] bool is_done() const { return state_ == State::kDone; }
  // status 0: nothing is wrong. 413 for a chunk over the limit.
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }

 private:
  enum class State {
    kSizeFirst,
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerFirst,
    kTrailer,
    kTrailerLf,
    kEndLf,
    kDone,
  };
  bool TakeByte(char c);
  bool TakeSizeDigit(char c);
  bool TakeTrailerByte(char c);
  bool Expect(char c, char wanted, State next);
  bool Fail(int status, std::string_view detail);

  const std::uint64_t chunk_bytes_max_;
  const std::size_t trailer_bytes_max_;
  State state_ = State::kSizeFirst;
  std::uint64_t left_ = 0;      // of the chunk at hand
  std::size_t line_bytes_ = 0;  // of an extension, or of all trailers
  Refusal refusal_{0, {}};
};

}  // namespace tenon::http
