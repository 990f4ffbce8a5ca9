// One HTTP/1.x response off the wire (RFC 9112), with every part bounded and nothing guessed:
// bytes that two readers might understand differently are refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/inflate.h"
#include "net/message.h"

namespace tenon::net {

struct ResponseLimits {
  std::size_t header_bytes_max = 64u << 10;  // all lines of a head, also trailers
  std::size_t headers_max = 256;
  std::size_t body_bytes_max = 8u << 20;  // decompressed
  std::size_t expansion_max = 200;        // times the compressed bytes
};

// Not thread-safe.
class ResponseParser {
 public:
  ResponseParser(const ResponseLimits& limits, bool is_head_request);

  // Uses up the front of `input` and says how many bytes; fewer than all only once done. kTooLarge
  // over a limit, kUnavailable for what is no HTTP.
  Result<std::size_t> Feed(std::string_view input);
  // The connection ended: fine when the body ends with it, else kUnavailable.
  Result<> End();

  [[nodiscard]] bool done() const { return state_ == State::kDone; }
  // Whether the connection may be used for another request; once done.
  [[nodiscard]] bool keep_alive() const { return keep_alive_; }
  Response& response() { return response_; }

 private:
  enum class State { kHead, kLength, kToEnd, kChunkSize, kChunk, kChunkEnd, kTrailer, kDone };

  Result<> Line(std::string_view line);
  Result<> StatusLine(std::string_view line);
  Result<> HeaderLine(std::string_view line);
  Result<> HeadDone();
  Result<> Framing();
  Result<> ChunkSize(std::string_view line);
  Result<> Body(std::string_view piece);
  Result<> Done();
  [[nodiscard]] bool wants_line() const;

  const ResponseLimits limits_;
  const bool is_head_request_;
  State state_ = State::kHead;
  std::string line_;            // the part of a line that has come
  std::size_t head_bytes_ = 0;  // of this head or these trailers
  int informational_ = 0;       // 1xx answers before the real one
  std::uint64_t left_ = 0;      // of the body or the chunk
  bool keep_alive_ = false;
  std::unique_ptr<Inflater> inflater_;
  Response response_;
};

}  // namespace tenon::net
