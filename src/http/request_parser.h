// Bytes of a connection to requests (RFC 9112). Beast does the grammar; what it leaves open is
// decided here, always against request smuggling: both Content-Length and Transfer-Encoding, either
// of them twice, any coding but chunked, folded lines and a missing or second Host are refused.
// No sockets, so that a fuzzer can drive it.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/limits.h"
#include "http/message.h"
#include "http/problem.h"

namespace tenon::http {

struct ParserLimits {
  std::size_t header_bytes_max = limits::kHeaderBytesMax;
  std::size_t body_bytes_max = limits::kBodyBytesMax;  // also after gzip was undone
  std::size_t header_lines_max = 200;                  // look-ups go through them one by one
};

// One parser serves a connection: after each request is taken, Reset and go on. Not thread-safe.
class RequestParser {
 public:
  enum class State {
    kNeedMore,
    kExpectContinue,  // the header is read and its sender waits for 100 Continue: call Continue()
    kDone,            // TakeRequest()
    kRefused,         // refusal(); the connection cannot go on
  };

  explicit RequestParser(ParserLimits limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Takes from the front of `bytes`, which starts where the last call stopped, and returns how many
  // it used up. While a header is incomplete it uses nothing and wants to see it again with more.
  std::size_t Feed(std::string_view bytes);
  [[nodiscard]] State state() const { return state_; }
  void Continue();

  // REQUIRES: kDone. The request is moved out; what follows describes it until Reset.
  Request TakeRequest();
  [[nodiscard]] bool keep_alive() const;
  [[nodiscard]] bool is_http10() const { return version_ == 10; }
  [[nodiscard]] bool is_head() const { return is_head_; }
  [[nodiscard]] bool accepts_gzip() const { return accepts_gzip_; }
  void Reset();

  [[nodiscard]] const Refusal& refusal() const { return refusal_; }  // REQUIRES: kRefused
  // The header is complete and the body is not.
  [[nodiscard]] bool in_body() const { return in_body_; }
  // Bytes of body so far, as sent: to see whether a slow sender makes progress.
  [[nodiscard]] std::size_t body_bytes_read() const { return body_bytes_read_; }

 private:
  class Beast;
  friend class Beast;
  std::size_t FeedHeader(std::string_view bytes);
  std::size_t FeedBody(std::string_view bytes);
  void Refuse(int status, std::string detail);

  const ParserLimits limits_;
  std::unique_ptr<Beast> beast_;
  State state_ = State::kNeedMore;
  bool in_body_ = false;
  bool is_head_ = false;
  bool accepts_gzip_ = false;
  int version_ = 11;
  std::size_t searched_ = 0;  // of an incomplete header, so that it is not searched again
  std::size_t body_bytes_read_ = 0;
  Refusal refusal_;
};

}  // namespace tenon::http
