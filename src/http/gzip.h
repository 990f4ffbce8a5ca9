// gzip (RFC 1952) around zlib: bounded decoding of request bodies, coding of responses.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace tenon::http {

// Decodes a gzip body that arrives in pieces. Never produces more than `bytes_max` in all, whatever
// the input claims: a decompression bomb ends as kTooLarge after that many bytes.
class Gunzip {
 public:
  explicit Gunzip(std::size_t bytes_max);
  ~Gunzip();
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  // Appends what `piece` decodes to. kInvalidArgument when it is not gzip.
  Result<> Add(std::string_view piece, std::string& out);
  // kInvalidArgument when the input stopped before its end.
  Result<> Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::size_t bytes_left_;
};

// Encodes piece by piece; every piece is flushed, so that the reader can decode all it was sent.
class Gzip {
 public:
  Gzip();
  ~Gzip();
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  std::string Add(std::string_view piece);
  std::string Finish();

  // The whole body at once.
  static std::string All(std::string_view body);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Whether a value of Accept-Encoding allows gzip (RFC 9110, 12.5.3): named, or *, with q over 0.
[[nodiscard]] bool AcceptsGzip(std::string_view accept_encoding);

// Whether bodies of this Content-Type shrink: text, JSON, XML, scripts; not images or archives.
[[nodiscard]] bool IsCompressible(std::string_view content_type);

// Compresses a body of at least `bytes_min` when its type is worth it and `accepted`, and says in
// Vary that the answer depends on Accept-Encoding. Entity tags stay as they are: here they name
// versions of a record for If-Match, not bytes.
void CompressResponse(Response& response, bool accepted, std::size_t bytes_min);

}  // namespace tenon::http
