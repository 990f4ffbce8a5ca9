// One connection: reads requests, hands them to the handler one after the other, writes the
// answers in order. Pipelined requests wait in the buffer (and then in the kernel's) until the one
// before is answered; their answers leave in one write when they are ready together.
//
// Everything here runs on the one thread of its Worker; answers from elsewhere come by Mailbox.
#pragma once

#include <array>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/exchange.h"
#include "http/input_buffer.h"
#include "http/request_parser.h"

namespace tenon::http {

class Worker;

// The executor's type is spelt out: the type-erased default costs an allocation here and there.
using Socket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  // `tls` may be null: plain HTTP.
  Connection(Worker& worker, Socket socket, std::string remote_address,
             boost::asio::ssl::context* tls);
  ~Connection();

  // The connection keeps itself alive from here until Close.
  void Start();
  // An answer or a piece of a stream, on the worker's thread.
  void Receive(Delivery delivery);
  // Called by the worker's clock.
  void CheckDeadline(std::int64_t tick);
  // Idle: closes. Otherwise the request at hand is the last; an event stream ends now.
  void BeginStop();
  void Close();

 private:
  enum class State {
    kHandshake,
    kRequest,  // reads and parses
    kHandler,  // waits for the answer
    kStream,   // sends the pieces of a streamed answer
    kEnd,      // sends what is left and then closes
    kLinger,   // the last answer is sent; what the client still sends is thrown away
  };
  enum class Phase { kIdle, kHeader, kBody };  // of kRequest, for the time-outs

  void OnHandshakeFailed(const boost::system::error_code& failed);
  void Advance();
  bool Step();
  bool StepRequest();
  bool StepHandler();
  bool StepStream();
  bool StepEnd();

  void Dispatch();
  void StartResponse(Response response);
  [[nodiscard]] bool StartHead(const Response& response);
  void FinishResponse();
  void Refuse(const Refusal& refusal);
  void SendPiece(std::optional<std::string> piece);
  void CutStream();

  void Read();
  void SetReadDeadline();
  [[nodiscard]] bool IsIdle() const;
  [[nodiscard]] bool HasBytesWaiting();
  void OnRead(const boost::system::error_code& ec, std::size_t bytes);
  void Flush();
  void OnWritten(const boost::system::error_code& ec, std::size_t bytes);
  void Consume(std::size_t bytes);
  [[nodiscard]] bool HasOutput() const;
  using Buffers = std::array<boost::asio::const_buffer, 3>;
  [[nodiscard]] Buffers Output() const;
  void Finish();
  void ReadToDiscard();
  void SetDeadline(std::chrono::milliseconds in);

  Worker& worker_;
  Socket socket_;
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;
  const std::string remote_address_;
  std::shared_ptr<Connection> self_;  // a loop on purpose: broken by Close
  RequestParser parser_;
  InputBuffer input_;

  State state_ = State::kRequest;
  Phase phase_ = Phase::kIdle;
  bool advancing_ = false;  // Advance is on the stack
  bool reading_ = false;    // an asynchronous read is under way
  bool writing_ = false;    // likewise a write
  bool closed_ = false;
  bool stopping_ = false;
  bool end_of_input_ = false;

  // The exchange at hand.
  std::uint64_t turn_ = 0;
  bool keep_alive_ = true;
  bool client_closes_ = false;  // it asked for the end, so nothing more comes from it
  bool http10_ = false;
  bool head_ = false;
  std::optional<Response> response_;  // arrived, not started
  std::shared_ptr<BodyStream> stream_;
  bool is_event_stream_ = false;
  bool stream_cancelled_ = false;         // it ends with the piece that is pending
  bool piece_pending_ = false;            // Next was called
  std::optional<Delivery::Piece> piece_;  // arrived, not sent
  bool chunked_ = false;

  // Output: heads and small bodies, then at most one large body, then what follows it.
  std::string out_;
  std::size_t out_sent_ = 0;
  std::string large_;
  std::shared_ptr<const std::string> large_shared_;
  std::size_t large_sent_ = 0;
  std::string_view after_;

  std::int64_t deadline_tick_ = 0;  // 0: none
  std::size_t progress_bytes_ = 0;  // of the body, when the deadline was last moved
  std::size_t drained_bytes_ = 0;   // thrown away in kLinger
};

}  // namespace tenon::http
