#include "http/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>
#include <optional>
#include <utility>

#include "http/chunked.h"
#include "http/response_head.h"
#include "http/transport.h"
#include "http/url.h"

namespace tenon::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

using Piece = std::function<bool(std::string_view)>;

// An answer that is kept whole; more is what Stream is for.
constexpr std::size_t kResponseBytesMax = 256u << 20;
constexpr std::uint32_t kResponseHeaderBytesMax = 64u << 10;
constexpr std::uint64_t kChunkBytesMax = std::uint64_t{1} << 40;
constexpr std::size_t kReadBytes = 64u << 10;

std::string_view View(string_view text) { return {text.data(), text.size()}; }

// One response off the wire: Beast reads the header, the body is taken here. With `piece`, the body
// of a success goes there.
class ResponseParser final : public beast_http::basic_parser<false> {
 public:
  ResponseParser(const Piece* piece, bool is_head) : piece_(piece) {
    skip(is_head);
    header_limit(kResponseHeaderBytesMax);
    body_limit(boost::none);
  }

  // Uses up the front of `input`; what is left belongs to the next response.
  Result<> Feed(std::string& input) {
    std::size_t used = 0;
    if (!is_header_done()) {
      error_code ec;
      used = put({input.data(), input.size()}, ec);
      if (ec && ec != beast_http::error::need_more) {
        return Fail(Code::kInternal, "the answer is not HTTP: " + ec.message());
      }
      if (is_header_done()) StartBody();
    }
    if (is_header_done()) used += TakeBody(std::string_view(input).substr(used));
    input.erase(0, used);
    if (too_large_) {
      return Fail(Code::kTooLarge,
                  fmt::format("the answer is larger than {} MiB", kResponseBytesMax >> 20));
    }
    if (chunked_ && chunked_->refusal().status != 0) {
      return Fail(Code::kInternal, "the answer is not HTTP: " + chunked_->refusal().detail);
    }
    return {};
  }

  [[nodiscard]] bool stopped() const { return stopped_; }
  [[nodiscard]] bool complete() const {
    return is_header_done() && !need_eof() && (chunked_ ? chunked_->is_done() : left_ == 0);
  }
  // Whether the end of the connection is the end of the body.
  [[nodiscard]] bool ends_with_connection() const { return is_header_done() && need_eof(); }
  ClientResponse& response() { return response_; }

 private:
  void on_request_impl(beast_http::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int status, string_view, int, error_code&) override {
    response_.status = status;
  }
  void on_field_impl(beast_http::field, string_view name, string_view value, error_code&) override {
    response_.headers.Add(std::string(View(name)), std::string(View(value)));
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_body_impl(string_view, error_code&) override { return 0; }
  std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}

  void StartBody() {
    if (is_done()) return;  // none
    if (chunked()) {
      chunked_.emplace(kChunkBytesMax, kResponseHeaderBytesMax);
    } else {
      left_ = need_eof() ? std::numeric_limits<std::uint64_t>::max() : content_length().value_or(0);
    }
  }

  std::size_t TakeBody(std::string_view bytes) {
    if (chunked_) {
      return chunked_->Feed(bytes, [this](std::string_view body) { return Append(body); });
    }
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    if (count > 0) (void)Append(bytes.substr(0, count));
    left_ -= count;
    return count;
  }

  bool Append(std::string_view body) {
    if (piece_ != nullptr && response_.status < 400) {
      stopped_ = !(*piece_)(body);
    } else {
      too_large_ = response_.body.size() + body.size() > kResponseBytesMax;
      if (!too_large_) response_.body.append(body);
    }
    return !stopped_ && !too_large_;
  }

  const Piece* piece_;
  ClientResponse response_;
  std::optional<ChunkedDecoder> chunked_;
  std::uint64_t left_ = 0;
  bool stopped_ = false, too_large_ = false;
};

class BlockingClient final : public Client {
 public:
  BlockingClient(ClientOptions options, BaseUrl url)
      : options_(std::move(options)),
        transport_options_{.url = std::move(url),
                           .ca_file = options_.ca_file,
                           .insecure = options_.insecure,
                           .timeout = options_.timeout} {}

  Result<ClientResponse> Send(std::string_view method, std::string_view target,
                              const Headers& headers, std::string_view body) override {
    return Exchange(method, target, headers, body, nullptr);
  }

  Result<ClientResponse> Stream(std::string_view method, std::string_view target,
                                const Headers& headers, std::string_view body,
                                const Piece& piece) override {
    return Exchange(method, target, headers, body, &piece);
  }

 private:
  // What became of one attempt.
  struct Attempt {
    Result<ClientResponse> result;
    bool answered = false;  // at least one byte of an answer came
  };

  Result<ClientResponse> Exchange(std::string_view method, std::string_view target,
                                  const Headers& headers, std::string_view body,
                                  const Piece* piece) {
    const std::string head = TRY(Head(method, target, headers, body));
    const bool repeatable = method == "GET" || method == "HEAD" || method == "OPTIONS" ||
                            headers.Has("Idempotency-Key");
    if (transport_ && !transport_->IsAlive()) transport_.reset();
    const bool reused = transport_ != nullptr;
    if (!reused) TRY(Connect());
    Attempt attempt = Try(method, head, body, piece);
    if (!attempt.result && reused && repeatable && !attempt.answered) {
      TRY(Connect());
      attempt = Try(method, head, body, piece);
    }
    if (attempt.result) return std::move(attempt.result);
    transport_.reset();
    Error error = std::move(attempt.result.error());
    if (!repeatable && error.code == Code::kUnavailable) {
      error.code = Code::kOutcomeUnknown;
      error.message += "; whether the request was carried out is not known";
    }
    return Fail(std::move(error).In(fmt::format("{} {}", method, options_.base_url)));
  }

  Result<> Connect() {
    transport_.reset();
    input_.clear();
    auto connected = Transport::Connect(transport_options_);
    if (!connected) {
      return Fail(Code::kUnavailable,
                  fmt::format("cannot reach {}: {}", options_.base_url, connected.error().message));
    }
    transport_ = std::move(*connected);
    return {};
  }

  Result<std::string> Head(std::string_view method, std::string_view target, const Headers& headers,
                           std::string_view body) const {
    const auto is_visible = [](char c) {
      return static_cast<unsigned char>(c) > 0x20 && c != 0x7f;
    };
    if (!IsValidHeader(method, "") || !target.starts_with('/') ||
        !std::all_of(target.begin(), target.end(), is_visible)) {
      return Fail(Code::kInvalidArgument, fmt::format("{} {} is no request", method, target));
    }
    std::string head =
        fmt::format("{} {}{} HTTP/1.1\r\nHost: {}\r\n", method, transport_options_.url.prefix,
                    target, transport_options_.url.authority);
    for (const auto& [name, value] : headers) {
      if (!IsValidHeader(name, value)) {
        return Fail(Code::kInvalidArgument,
                    fmt::format("the header {} cannot be sent: it has control characters", name));
      }
      head.append(name).append(": ").append(value).append("\r\n");
    }
    if (!headers.Has("User-Agent")) head.append("User-Agent: tenon/" TENON_VERSION "\r\n");
    const bool has_body = !body.empty() || (method != "GET" && method != "HEAD");
    if (has_body && !headers.Has("Content-Length")) {
      head += fmt::format("Content-Length: {}\r\n", body.size());
    }
    return head + "\r\n";
  }

  Attempt Try(std::string_view method, std::string_view head, std::string_view body,
              const Piece* piece) {
    const auto written = transport_->Write(head, body);
    // A server may refuse a body before it has read it all; its answer says more than EPIPE.
    for (;;) {
      ResponseParser parser(piece, method == "HEAD");
      auto read = ReadResponse(parser);
      const bool answered = parser.got_some();
      if (!read) return {Fail(written ? std::move(read.error()) : written.error()), answered};
      if (parser.response().status < 200) continue;  // 100 Continue and its like
      if (!written || parser.stopped() || !parser.keep_alive()) {
        transport_.reset();
      }
      return {std::move(parser.response()), answered};
    }
  }

  Result<> ReadResponse(ResponseParser& parser) {
    for (;;) {
      if (!input_.empty()) TRY(parser.Feed(input_));
      if (parser.complete() || parser.stopped()) return {};
      std::array<char, kReadBytes> buffer;
      const std::size_t bytes = TRY(transport_->Read(buffer));
      if (bytes == 0) {
        if (parser.ends_with_connection()) return {};
        return Fail(Code::kUnavailable, "the server closed the connection before its answer ended");
      }
      input_.append(buffer.data(), bytes);
    }
  }

  const ClientOptions options_;
  const Transport::Options transport_options_;
  std::unique_ptr<Transport> transport_;
  std::string input_;
};

}  // namespace

Result<std::unique_ptr<Client>> Client::Create(ClientOptions options) {
  BaseUrl url = TRY(ParseBaseUrl(options.base_url));
  return std::make_unique<BlockingClient>(std::move(options), std::move(url));
}

}  // namespace tenon::http
