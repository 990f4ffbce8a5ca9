#include "http/connection.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <charconv>
#include <utility>

#include "http/problem.h"
#include "http/response_head.h"
#include "http/worker.h"

namespace tenon::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// Enough for a request without a large body; what 10,000 idle connections hold is 40 MB.
constexpr std::size_t kInputBytes = 4u << 10;
constexpr std::size_t kBodyInputBytes = 64u << 10;
// Bodies up to this size are copied behind their head: cheaper than one more piece in the write.
constexpr std::size_t kCopyBytesMax = 8u << 10;
// Answers to pipelined requests that may wait for one another before they are written.
constexpr std::size_t kOutputBytesMax = 64u << 10;
// Steps of one connection before the others of its thread have their turn.
constexpr int kStepsPerTurn = 64;
// A body that arrives more slowly than this within body_timeout is a slow-client attack.
constexpr std::size_t kBodyProgressBytes = 4u << 10;
// How long, and for how much, a client is listened to after its last answer: closing while it still
// sends would reset the connection and take the answer from it (RFC 9112, 9.6).
constexpr std::chrono::seconds kLingerTime{2};
constexpr std::size_t kLingerBytesMax = 64u << 20;

}  // namespace

Connection::Connection(Worker& worker, Socket socket, std::string remote_address,
                       asio::ssl::context* tls)
    : worker_(worker),
      socket_(std::move(socket)),
      remote_address_(std::move(remote_address)),
      parser_({.header_bytes_max = worker.options().header_bytes_max,
               .body_bytes_max = worker.options().body_bytes_max}) {
  if (tls != nullptr) tls_.emplace(socket_, *tls);
}

Connection::~Connection() = default;

void Connection::Start() {
  self_ = shared_from_this();
  worker_.Add(this);
  error_code ec;
  socket_.set_option(asio::ip::tcp::no_delay(true), ec);
  socket_.non_blocking(true, ec);
  if (!tls_) return Advance();
  state_ = State::kHandshake;
  SetDeadline(worker_.options().header_timeout);
  tls_->async_handshake(asio::ssl::stream_base::server, [self = self_](const error_code& failed) {
    if (self->closed_) return;
    if (failed) return self->OnHandshakeFailed(failed);
    self->deadline_tick_ = 0;
    self->state_ = State::kRequest;
    self->Advance();
  });
}

void Connection::OnHandshakeFailed(const error_code& failed) {
  if (failed.category() != asio::error::get_ssl_category() ||
      ERR_GET_REASON(static_cast<unsigned long>(failed.value())) != SSL_R_HTTP_REQUEST) {
    return Close();
  }
  // Whoever speaks plain HTTP to this port is told so in plain HTTP.
  tls_.reset();
  Refuse({400, "this port speaks TLS: the URL begins with https://"});
  Advance();
}

void Connection::Close() {
  if (closed_) return;
  closed_ = true;
  const auto self = std::move(self_);  // to the end of this function
  worker_.Remove(this);
  error_code ec;
  socket_.close(ec);
  if (const auto stream = std::exchange(stream_, nullptr); stream && !stream_cancelled_) {
    stream->Cancel();
  }
}

void Connection::BeginStop() {
  if (closed_ || stopping_) return;
  stopping_ = true;
  keep_alive_ = false;
  if (state_ == State::kHandshake) return Close();
  if (state_ == State::kRequest && !writing_ && IsIdle() && !HasBytesWaiting()) return Close();
  if (state_ == State::kStream && is_event_stream_) {
    stream_cancelled_ = true;
    const auto stream = stream_;
    stream->Cancel();
    Advance();
  }
}

void Connection::Receive(Delivery delivery) {
  if (closed_ || delivery.turn != turn_) return;
  if (auto* response = std::get_if<Response>(&delivery.content)) {
    if (state_ != State::kHandler) return;
    response_ = std::move(*response);
  } else {
    if (state_ != State::kStream || !piece_pending_) return;
    piece_pending_ = false;
    piece_ = std::get<Delivery::Piece>(std::move(delivery.content));
  }
  Advance();
}

void Connection::CheckDeadline(std::int64_t tick) {
  if (closed_ || deadline_tick_ == 0 || tick < deadline_tick_) return;
  if (state_ != State::kRequest || writing_ || IsIdle()) {
    if (state_ == State::kStream || writing_) ++worker_.stats().timeouts_total;
    return Close();
  }
  ++worker_.stats().timeouts_total;
  Refuse({408, phase_ == Phase::kBody ? "the body came too slowly" : "the header came too slowly"});
  Advance();
}

// Goes on until something must be waited for.
void Connection::Advance() {
  if (advancing_) return;  // the Advance below on the stack will see what changed
  advancing_ = true;
  int steps = 0;
  while (!closed_ && !writing_ && Step()) {
    if (++steps < kStepsPerTurn) continue;
    asio::post(worker_.context(), [self = shared_from_this()] { self->Advance(); });
    break;
  }
  advancing_ = false;
}

bool Connection::Step() {
  switch (state_) {
    case State::kRequest:
      return StepRequest();
    case State::kHandler:
      return StepHandler();
    case State::kStream:
      return StepStream();
    case State::kEnd:
      return StepEnd();
    case State::kHandshake:
    case State::kLinger:
      return false;
  }
  return false;
}

bool Connection::StepRequest() {
  if (out_.size() > kOutputBytesMax || large_shared_ || !large_.empty()) {
    Flush();
    return true;
  }
  input_.Consume(parser_.Feed(input_.data()));
  switch (parser_.state()) {
    case RequestParser::State::kDone:
      Dispatch();
      return true;
    case RequestParser::State::kRefused:
      Refuse(parser_.refusal());
      return true;
    case RequestParser::State::kExpectContinue:
      out_.append("HTTP/1.1 100 Continue\r\n\r\n");
      parser_.Continue();
      return true;
    case RequestParser::State::kNeedMore:
      break;
  }
  Flush();
  if (writing_ || closed_) return false;
  if (end_of_input_ || (stopping_ && IsIdle() && !HasBytesWaiting())) {
    Finish();
    return false;
  }
  SetReadDeadline();
  Read();
  return false;
}

bool Connection::StepHandler() {
  if (!response_) {
    Flush();  // answers to earlier requests do not wait for this one
    return false;
  }
  Response response = std::move(*response_);
  response_.reset();
  StartResponse(std::move(response));
  return true;
}

bool Connection::StepStream() {
  if (piece_) {
    const Delivery::Piece piece = std::exchange(piece_, std::nullopt).value();
    if (!piece && !stream_cancelled_) {
      CutStream();
      return false;
    }
    SendPiece(piece ? *piece : std::nullopt);
    Flush();
    return true;
  }
  if (piece_pending_) {
    Flush();
    return false;
  }
  if (stream_cancelled_) {
    SendPiece(std::nullopt);
    return true;
  }
  // Only a read tells that the client has gone; what it sends meanwhile waits for its turn.
  if (input_.data().size() < kBodyInputBytes) Read();
  piece_pending_ = true;
  const auto stream = stream_;
  try {
    stream->Next(MakeReady(worker_.mailbox(), weak_from_this(), ++turn_));
  } catch (...) {
    // `ready` was dropped on the way, which has delivered an error.
  }
  return true;
}

bool Connection::StepEnd() {
  Flush();
  if (!writing_ && !closed_) Finish();
  return false;
}

void Connection::Dispatch() {
  ++worker_.stats().requests_total;
  deadline_tick_ = 0;
  keep_alive_ = parser_.keep_alive() && !stopping_;
  client_closes_ = !parser_.keep_alive();
  http10_ = parser_.is_http10();
  head_ = parser_.is_head();
  state_ = State::kHandler;
  Request request = parser_.TakeRequest();
  request.remote_address = remote_address_;
  request.tls = tls_.has_value();
  request.executor = worker_.mailbox();
  try {
    worker_.handler()(std::move(request),
                      MakeRespond(worker_.mailbox(), weak_from_this(), ++turn_,
                                  {.accepts_gzip = parser_.accepts_gzip(),
                                   .is_head = head_,
                                   .gzip_bytes_min = worker_.options().gzip_bytes_min}));
  } catch (...) {
    // The respond function was dropped on the way, which has delivered a 500.
  }
}

void Connection::Refuse(const Refusal& refusal) {
  ++worker_.stats().refused_total;
  deadline_tick_ = 0;
  keep_alive_ = client_closes_ = false;
  http10_ = parser_.is_http10();
  head_ = parser_.is_head();
  StartResponse(ProblemResponse(refusal));
}

void Connection::StartResponse(Response response) {
  if (response.status < 200 || response.status > 599) {
    response = ProblemResponse({500, "the handler answered with an impossible status"});
  }
  if (!StartHead(response)) {
    response = ProblemResponse({500, "the answer had a header that cannot be sent"});
    (void)StartHead(response);
  }
  const bool bodyless = head_ || response.status == 204 || response.status == 304;
  if (bodyless) {
    if (response.stream) response.stream->Cancel();
    return FinishResponse();
  }
  if (response.stream) {
    state_ = State::kStream;
    stream_ = std::move(response.stream);
    is_event_stream_ = response.headers.Get("Content-Type").starts_with("text/event-stream");
    piece_pending_ = stream_cancelled_ = false;
    if (stopping_ && is_event_stream_) {
      stream_cancelled_ = true;
      stream_->Cancel();
    }
    return;
  }
  const std::string_view body =
      response.shared_body ? std::string_view(*response.shared_body) : response.body;
  if (body.size() <= kCopyBytesMax) {
    out_.append(body);
  } else {
    large_sent_ = 0;
    large_shared_ = std::move(response.shared_body);
    large_ = std::move(response.body);
  }
  FinishResponse();
}

bool Connection::StartHead(const Response& response) {
  if (stopping_ || EqualFold(response.headers.Get("Connection"), "close")) keep_alive_ = false;
  const bool may_have_body = response.status != 204 && response.status != 304;
  chunked_ = response.stream && !http10_;
  if (response.stream && http10_) keep_alive_ = false;  // the end of the body is the end of all
  HeadOptions options{.http10 = http10_,
                      .keep_alive = keep_alive_,
                      .chunked = chunked_ && may_have_body,
                      .content_length = std::nullopt};
  if (!response.stream && may_have_body) {
    options.content_length =
        response.shared_body ? response.shared_body->size() : response.body.size();
  }
  return AppendHead(response, options, worker_.Date(), out_);
}

void Connection::FinishResponse() {
  parser_.Reset();
  state_ = keep_alive_ ? State::kRequest : State::kEnd;
}

void Connection::SendPiece(std::optional<std::string> piece) {
  if (!piece) {
    if (chunked_) out_.append("0\r\n\r\n");
    stream_.reset();
    return FinishResponse();
  }
  if (piece->empty()) return;  // an empty chunk would end the body
  if (chunked_) {
    std::array<char, 16> digits;
    const auto end = std::to_chars(digits.begin(), digits.end(), piece->size(), 16).ptr;
    out_.append(digits.begin(), end).append("\r\n");
  }
  const std::string_view after = chunked_ ? "\r\n" : "";
  if (piece->size() <= kCopyBytesMax) {
    out_.append(*piece).append(after);
  } else {
    large_sent_ = 0;
    large_ = std::move(*piece);
    after_ = after;
  }
}

// The client must not take what it has for the whole: no last chunk, just the end.
void Connection::CutStream() {
  stream_.reset();
  Flush();
  Close();
}

void Connection::Read() {
  if (reading_ || end_of_input_) return;
  const std::span<char> room =
      input_.Prepare(parser_.in_body() || state_ == State::kLinger ? kBodyInputBytes : kInputBytes);
  reading_ = true;
  auto done = [self = shared_from_this()](const error_code& ec, std::size_t bytes) {
    self->OnRead(ec, bytes);
  };
  if (tls_) {
    tls_->async_read_some(asio::buffer(room.data(), room.size()), std::move(done));
  } else {
    socket_.async_read_some(asio::buffer(room.data(), room.size()), std::move(done));
  }
}

void Connection::OnRead(const error_code& ec, std::size_t bytes) {
  reading_ = false;
  if (closed_) return;
  input_.Commit(bytes);
  if (ec == asio::error::eof || ec == asio::ssl::error::stream_truncated) {
    // Whoever half-closes still gets the answers under way; a stream has no one to read it.
    end_of_input_ = true;
    if (state_ == State::kStream) return Close();
  } else if (ec) {
    return Close();
  }
  if (state_ == State::kLinger) return ReadToDiscard();
  Advance();
}

bool Connection::IsIdle() const { return input_.empty() && !parser_.in_body(); }

bool Connection::HasBytesWaiting() {
  char byte = 0;
  return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void Connection::SetReadDeadline() {
  const Phase phase = parser_.in_body() ? Phase::kBody
                      : input_.empty()  ? Phase::kIdle
                                        : Phase::kHeader;
  const std::size_t progress = parser_.body_bytes_read();
  if (deadline_tick_ != 0 && phase == phase_ &&
      (phase != Phase::kBody || progress < progress_bytes_ + kBodyProgressBytes)) {
    return;
  }
  phase_ = phase;
  progress_bytes_ = progress;
  switch (phase) {
    case Phase::kIdle:
      return SetDeadline(worker_.options().idle_timeout);
    case Phase::kHeader:
      return SetDeadline(worker_.options().header_timeout);
    case Phase::kBody:
      return SetDeadline(worker_.options().body_timeout);
  }
}

void Connection::SetDeadline(std::chrono::milliseconds in) {
  deadline_tick_ = worker_.tick() + in / Worker::kTick + 1;
}

bool Connection::HasOutput() const {
  return out_sent_ < out_.size() || large_shared_ || !large_.empty() || !after_.empty();
}

Connection::Buffers Connection::Output() const {
  const std::string& large = large_shared_ ? *large_shared_ : large_;
  return {asio::const_buffer(out_.data() + out_sent_, out_.size() - out_sent_),
          asio::const_buffer(large.data() + large_sent_, large.size() - large_sent_),
          asio::const_buffer(after_.data(), after_.size())};
}

void Connection::Consume(std::size_t bytes) {
  const std::size_t of_out = std::min(bytes, out_.size() - out_sent_);
  out_sent_ += of_out;
  bytes -= of_out;
  if (out_sent_ == out_.size()) {
    out_.clear();
    out_sent_ = 0;
    if (out_.capacity() > 2 * kOutputBytesMax) out_.shrink_to_fit();
  }
  const std::size_t large_size = large_shared_ ? large_shared_->size() : large_.size();
  const std::size_t of_large = std::min(bytes, large_size - large_sent_);
  large_sent_ += of_large;
  bytes -= of_large;
  if (large_sent_ == large_size) {
    large_shared_.reset();
    large_ = std::string();
    large_sent_ = 0;
  }
  after_.remove_prefix(bytes);
}

// Writes what there is, at once when the kernel takes it. Sets writing_ when it does not.
void Connection::Flush() {
  while (!writing_ && !closed_ && HasOutput()) {
    error_code ec = asio::error::would_block;
    if (!tls_) {
      const std::size_t bytes = socket_.write_some(Output(), ec);
      Consume(bytes);
      if (!ec || ec == asio::error::interrupted) continue;
      if (ec != asio::error::would_block && ec != asio::error::try_again) return Close();
    }
    writing_ = true;
    SetDeadline(worker_.options().write_timeout);
    if (tls_) {
      tls_->async_write_some(
          Output(), [self = shared_from_this()](const error_code& failed, std::size_t bytes) {
            self->OnWritten(failed, bytes);
          });
    } else {
      socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const error_code& failed) {
        self->OnWritten(failed, 0);
      });
    }
  }
}

void Connection::OnWritten(const error_code& ec, std::size_t bytes) {
  writing_ = false;
  if (closed_) return;
  if (ec) return Close();
  Consume(bytes);
  deadline_tick_ = 0;
  Flush();
  Advance();
}

// Everything is sent. Closes, or waits for the client to close when it may still be sending.
void Connection::Finish() {
  const bool nothing_comes = end_of_input_ || (client_closes_ && input_.empty());
  if (nothing_comes && !tls_) return Close();
  state_ = State::kLinger;
  SetDeadline(kLingerTime);
  if (nothing_comes) {
    return tls_->async_shutdown([self = shared_from_this()](const error_code&) { self->Close(); });
  }
  error_code ec;
  if (!tls_) socket_.shutdown(Socket::shutdown_send, ec);
  ReadToDiscard();
}

void Connection::ReadToDiscard() {
  drained_bytes_ += input_.data().size();
  input_.Consume(input_.data().size());
  if (end_of_input_ || drained_bytes_ > kLingerBytesMax) return Close();
  Read();
}

}  // namespace tenon::http
