#include "http/request_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <optional>
#include <utility>

#include "http/chunked.h"
#include "http/gzip.h"
#include "http/url.h"

namespace tenon::http {
namespace {

namespace beast_http = boost::beast::http;
using beast_http::field;
using boost::beast::error_code;
using boost::beast::string_view;

// Reserved at first for a body whose length is announced: announcements cost a client nothing.
constexpr std::size_t kBodyReserveMax = 64u << 10;

std::string_view View(string_view text) { return {text.data(), text.size()}; }

// Any error stops Beast; the Refusal that says why was set before.
error_code Stop() { return make_error_code(beast_http::error::bad_value); }

std::string Explain(const error_code& ec) {
  using beast_http::error;
  if (ec == error::bad_method) return "the request line has no valid method";
  if (ec == error::bad_target) return "the request line has no valid target";
  if (ec == error::bad_version) return "the request line has no valid HTTP version";
  if (ec == error::bad_field) return "a header line has no valid name";
  if (ec == error::bad_value) return "a header value has a forbidden character or form";
  if (ec == error::bad_line_ending) return "a line does not end in CR LF";
  if (ec == error::bad_content_length || ec == error::multiple_content_length) {
    return "Content-Length is not one whole number, or Transfer-Encoding is there too";
  }
  if (ec == error::bad_transfer_encoding) {
    return "Transfer-Encoding is given twice, or Content-Length is there too";
  }
  return "the request is malformed: " + ec.message();
}

// "METHOD TARGET HTTP/2.0": well formed, but of another version.
bool NamesOtherVersion(std::string_view header) {
  const std::string_view line = header.substr(0, header.find("\r\n"));
  const std::size_t at = line.rfind(" HTTP/");
  if (at == std::string_view::npos) return false;
  const std::string_view version = line.substr(at + 6);
  return version.size() == 3 && version[1] == '.' && version != "1.1" && version != "1.0" &&
         version.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

// Beast's callbacks, one object a connection; Beast's parser is made anew for each message. Beast
// reads the header only: its reading of chunks ends in an assertion when a last chunk arrives cut
// in a certain way ("0\r\n", then "\r").
class RequestParser::Beast {
 public:
  explicit Beast(RequestParser& owner) : owner_(owner) { Reset(); }

  void Reset() {
    request_ = Request();
    request_.headers.Reserve(12);
    gunzip_.reset();
    chunked_.reset();
    body_left_ = 0;
    host_lines_ = length_lines_ = coding_lines_ = 0;
    lines_ = 0;
    is_gzip_ = expects_continue_ = false;
    parser_.emplace(*this);
    // Both are counted outside, where the refusal can name the limit.
    parser_->header_limit(static_cast<std::uint32_t>(owner_.limits_.header_bytes_max) + 1);
    parser_->body_limit(boost::none);
  }

  // Beast's parser, its callbacks forwarded.
  class Parser final : public beast_http::basic_parser<true> {
   public:
    explicit Parser(Beast& to) : to_(to) {}

   private:
    void on_request_impl(beast_http::verb, string_view method, string_view target, int version,
                         error_code& ec) override {
      to_.OnRequest(View(method), View(target), version, ec);
    }
    void on_response_impl(int, string_view, int, error_code& ec) override { ec = Stop(); }
    void on_field_impl(field id, string_view name, string_view value, error_code& ec) override {
      to_.OnField(id, View(name), View(value), ec);
    }
    void on_header_impl(error_code& ec) override { to_.OnHeader(ec); }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(string_view, error_code& ec) override {
      ec = Stop();
      return 0;
    }
    void on_chunk_header_impl(std::uint64_t, string_view, error_code& ec) override { ec = Stop(); }
    std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code& ec) override {
      ec = Stop();
      return 0;
    }
    void on_finish_impl(error_code&) override {}

    Beast& to_;
  };

  void OnRequest(std::string_view method, std::string_view target, int version, error_code& ec) {
    owner_.version_ = version;
    owner_.is_head_ = method == "HEAD";
    request_.method = method;
    if (method == "CONNECT") return Refuse(501, "CONNECT: this server is no proxy", ec);
    if (auto parsed = ParseTarget(target, request_); !parsed) {
      Refuse(400, std::move(parsed.error().message), ec);
    }
  }

  void OnField(field id, std::string_view name, std::string_view value, error_code& ec) {
    if (++lines_ > owner_.limits_.header_lines_max) {
      return Refuse(431, fmt::format("more than {} header lines", owner_.limits_.header_lines_max),
                    ec);
    }
    switch (id) {
      case field::host:
        if (++host_lines_ > 1) return Refuse(400, "Host is given twice", ec);
        break;
      case field::content_length:
        if (++length_lines_ > 1 || value.find(',') != std::string_view::npos) {
          return Refuse(400, "Content-Length is given twice", ec);
        }
        return;
      case field::transfer_encoding:
        if (++coding_lines_ > 1) return Refuse(400, "Transfer-Encoding is given twice", ec);
        if (!EqualFold(value, "chunked")) {
          return Refuse(501, "the only Transfer-Encoding here is chunked", ec);
        }
        if (owner_.version_ == 10) return Refuse(400, "HTTP/1.0 has no Transfer-Encoding", ec);
        return;
      case field::content_encoding:
        return OnContentEncoding(value, ec);
      case field::expect:
        if (!EqualFold(value, "100-continue")) {
          return Refuse(417, "the only Expect here is 100-continue", ec);
        }
        expects_continue_ = owner_.version_ >= 11;
        return;
      case field::accept_encoding:
        owner_.accepts_gzip_ = AcceptsGzip(value);
        break;
      case field::connection:
      case field::keep_alive:
      case field::proxy_connection:
      case field::te:
      case field::trailer:
        return;
      default:
        break;
    }
    request_.headers.Add(std::string(name), std::string(value));
  }

  void OnContentEncoding(std::string_view value, error_code& ec) {
    if (EqualFold(value, "identity")) return;
    if (is_gzip_ || !(EqualFold(value, "gzip") || EqualFold(value, "x-gzip"))) {
      return Refuse(415, "the only Content-Encoding of a request here is gzip", ec);
    }
    is_gzip_ = true;
  }

  void OnHeader(error_code& ec) {
    if (owner_.version_ >= 11 && host_lines_ == 0) return Refuse(400, "Host is missing", ec);
    const auto length = parser_->content_length();
    if (length && *length > owner_.limits_.body_bytes_max) {
      RefuseBody();
      ec = Stop();
      return;
    }
    if (parser_->chunked()) {
      chunked_.emplace(owner_.limits_.body_bytes_max, owner_.limits_.header_bytes_max);
    } else if (length && *length > 0) {
      body_left_ = static_cast<std::size_t>(*length);
    } else {
      return;
    }
    if (is_gzip_) {
      gunzip_.emplace(owner_.limits_.body_bytes_max);
    } else if (length) {
      request_.body.reserve(std::min<std::size_t>(*length, kBodyReserveMax));
    }
    owner_.in_body_ = true;
  }

  // Uses up what belongs to the body; sets whether it is complete.
  std::size_t TakeBody(std::string_view bytes, bool& complete) {
    std::size_t used = 0;
    if (chunked_) {
      used = chunked_->Feed(bytes, [this](std::string_view piece) { return AppendBody(piece); });
      const Refusal& wrong = chunked_->refusal();
      if (wrong.status != 0) owner_.Refuse(wrong.status, wrong.detail);
      complete = chunked_->is_done();
    } else {
      used = std::min(bytes.size(), body_left_);
      (void)AppendBody(bytes.substr(0, used));
      body_left_ -= used;
      complete = body_left_ == 0;
    }
    if (complete && gunzip_ && owner_.state_ == State::kNeedMore) {
      if (auto ended = gunzip_->Finish(); !ended) owner_.Refuse(400, ended.error().message);
    }
    return used;
  }

  std::optional<Parser> parser_;
  Request request_;
  bool expects_continue_ = false;

 private:
  bool AppendBody(std::string_view piece) {
    owner_.body_bytes_read_ += piece.size();
    if (owner_.body_bytes_read_ > owner_.limits_.body_bytes_max) {
      RefuseBody();
    } else if (!gunzip_) {
      request_.body.append(piece);
    } else if (auto added = gunzip_->Add(piece, request_.body); !added) {
      if (added.error().code == Code::kTooLarge) {
        RefuseBody();
      } else {
        owner_.Refuse(400, std::move(added.error().message));
      }
    }
    return owner_.state_ == State::kNeedMore;
  }

  void Refuse(int status, std::string detail, error_code& ec) {
    owner_.Refuse(status, std::move(detail));
    ec = Stop();
  }

  void RefuseBody() {
    owner_.Refuse(413,
                  fmt::format("the body is larger than {} bytes", owner_.limits_.body_bytes_max));
  }

  RequestParser& owner_;
  std::optional<ChunkedDecoder> chunked_;
  std::size_t body_left_ = 0;  // with Content-Length
  std::optional<Gunzip> gunzip_;
  std::size_t lines_ = 0;
  int host_lines_ = 0, length_lines_ = 0, coding_lines_ = 0;
  bool is_gzip_ = false;
};

RequestParser::RequestParser(ParserLimits limits)
    : limits_(limits), beast_(std::make_unique<Beast>(*this)) {}

RequestParser::~RequestParser() = default;

void RequestParser::Refuse(int status, std::string detail) {
  if (state_ == State::kRefused) return;  // the first reason is the cause
  state_ = State::kRefused;
  refusal_ = {status, std::move(detail)};
}

std::size_t RequestParser::Feed(std::string_view bytes) {
  if (state_ != State::kNeedMore) return 0;
  return in_body_ ? FeedBody(bytes) : FeedHeader(bytes);
}

std::size_t RequestParser::FeedHeader(std::string_view bytes) {
  std::size_t skipped = 0;
  if (searched_ == 0) {
    // Empty lines before a request are ignored (RFC 9112, 2.2).
    while (bytes.starts_with("\r\n")) {
      bytes.remove_prefix(2);
      skipped += 2;
    }
    if (bytes.empty() || bytes == "\r") return skipped;
    // What cannot start a method is no HTTP, TLS for one; waiting for more of it is pointless.
    if (bytes[0] < '!' || bytes[0] > 'z') {
      Refuse(400, "this is not an HTTP request");
      return skipped;
    }
  }
  const std::size_t from = searched_ < 3 ? 0 : searched_ - 3;
  const std::size_t end = bytes.find("\r\n\r\n", from);
  const std::size_t size = end == std::string_view::npos ? bytes.size() : end + 4;
  if (size > limits_.header_bytes_max) {
    if (bytes.substr(0, limits_.header_bytes_max).find("\r\n") == std::string_view::npos) {
      Refuse(414,
             fmt::format("the request line is longer than {} bytes", limits_.header_bytes_max));
    } else {
      Refuse(431, fmt::format("the headers are larger than {} bytes", limits_.header_bytes_max));
    }
    return skipped;
  }
  if (end == std::string_view::npos) {
    searched_ = bytes.size();
    return skipped;
  }
  searched_ = 0;
  const std::string_view header = bytes.substr(0, size);
  // Beast would join folded lines; proxies that do not may see another request in them.
  if (header.find("\n ") != std::string_view::npos ||
      header.find("\n\t") != std::string_view::npos) {
    Refuse(400, "folded header lines are not accepted");
    return skipped;
  }
  error_code ec;
  const std::size_t used = beast_->parser_->put({header.data(), header.size()}, ec);
  if (ec && ec != beast_http::error::need_more) {
    if (ec == beast_http::error::bad_version && NamesOtherVersion(header)) {
      Refuse(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    } else {
      Refuse(400, Explain(ec));
    }
    return skipped + used;
  }
  if (state_ != State::kNeedMore) return skipped + used;
  if (!beast_->parser_->is_header_done() || used != size) {
    // Beast does not agree where the header ends.
    Refuse(400, "the request header is malformed");
    return skipped + used;
  }
  if (!in_body_) {
    state_ = State::kDone;
    return skipped + used;
  }
  skipped += used + FeedBody(bytes.substr(used));
  // A client that sends the body unasked does not wait for 100 Continue.
  if (state_ == State::kNeedMore && beast_->expects_continue_ && used == bytes.size()) {
    state_ = State::kExpectContinue;
  }
  return skipped;
}

std::size_t RequestParser::FeedBody(std::string_view bytes) {
  bool complete = false;
  const std::size_t used = beast_->TakeBody(bytes, complete);
  if (complete && state_ == State::kNeedMore) {
    state_ = State::kDone;
    in_body_ = false;
  }
  return used;
}

void RequestParser::Continue() {
  if (state_ == State::kExpectContinue) state_ = State::kNeedMore;
}

Request RequestParser::TakeRequest() { return std::move(beast_->request_); }

bool RequestParser::keep_alive() const { return beast_->parser_->keep_alive(); }

void RequestParser::Reset() {
  state_ = State::kNeedMore;
  in_body_ = is_head_ = accepts_gzip_ = false;
  version_ = 11;
  searched_ = body_bytes_read_ = 0;
  refusal_ = {};
  beast_->Reset();
}

}  // namespace tenon::http
