#include "http/request_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <optional>
#include <utility>

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
// Chunk extensions mean nothing here and are a way to send much without a body.
constexpr std::size_t kChunkExtensionBytesMax = 256;

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
  if (ec == error::bad_chunk) return "the chunked body is malformed";
  if (ec == error::bad_chunk_extension) return "a chunk extension is malformed";
  return "the request is malformed: " + ec.message();
}

// "METHOD TARGET HTTP/2.0": well formed, but of another version.
bool NamesOtherVersion(std::string_view header) {
  const std::string_view line = header.substr(0, header.find("\r\n"));
  const std::size_t at = line.rfind(" HTTP/");
  if (at == std::string_view::npos) return false;
  const std::string_view version = line.substr(at + 6);
  return version.size() == 3 && version[1] == '.' &&
         version.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

// Beast's callbacks, one object a connection; Beast's part of it is made anew for each message.
class RequestParser::Beast {
 public:
  explicit Beast(RequestParser& owner) : owner_(owner) { Reset(); }

  void Reset() {
    request_ = Request();
    request_.headers.Reserve(12);
    gunzip_.reset();
    host_lines_ = length_lines_ = coding_lines_ = 0;
    lines_ = 0;
    is_gzip_ = expects_continue_ = false;
    parser_.emplace(*this);
    parser_->eager(true);
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
    std::size_t on_body_impl(string_view body, error_code& ec) override {
      return to_.OnBody(View(body), ec);
    }
    void on_chunk_header_impl(std::uint64_t size, string_view extension, error_code& ec) override {
      to_.OnChunk(size, View(extension), ec);
    }
    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code& ec) override {
      return to_.OnBody(View(body), ec);
    }
    void on_finish_impl(error_code& ec) override { to_.OnFinish(ec); }

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
    // Fields after a chunked body could smuggle in what a proxy in front has filtered.
    if (owner_.in_body_) return;
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
    if (length && *length > owner_.limits_.body_bytes_max) return RefuseBody(ec);
    const bool has_body = parser_->chunked() || (length && *length > 0);
    if (!has_body) return;
    if (is_gzip_) {
      gunzip_.emplace(owner_.limits_.body_bytes_max);
    } else if (length) {
      request_.body.reserve(std::min<std::size_t>(*length, kBodyReserveMax));
    }
    owner_.in_body_ = true;
  }

  std::size_t OnBody(std::string_view piece, error_code& ec) {
    owner_.body_bytes_read_ += piece.size();
    if (owner_.body_bytes_read_ > owner_.limits_.body_bytes_max) {
      RefuseBody(ec);
    } else if (!gunzip_) {
      request_.body.append(piece);
    } else if (auto added = gunzip_->Add(piece, request_.body); !added) {
      if (added.error().code == Code::kTooLarge) {
        RefuseBody(ec);
      } else {
        Refuse(400, std::move(added.error().message), ec);
      }
    }
    return piece.size();
  }

  void OnChunk(std::uint64_t size, std::string_view extension, error_code& ec) {
    if (extension.size() > kChunkExtensionBytesMax) {
      Refuse(400, "a chunk extension is too long", ec);
    } else if (size > owner_.limits_.body_bytes_max) {
      RefuseBody(ec);
    }
  }

  void OnFinish(error_code& ec) {
    if (!gunzip_) return;
    if (auto finished = gunzip_->Finish(); !finished) {
      Refuse(400, std::move(finished.error().message), ec);
    }
  }

  std::optional<Parser> parser_;
  Request request_;
  bool expects_continue_ = false;

 private:
  void Refuse(int status, std::string detail, error_code& ec) {
    owner_.Refuse(status, std::move(detail));
    ec = Stop();
  }

  void RefuseBody(error_code& ec) {
    Refuse(413, fmt::format("the body is larger than {} bytes", owner_.limits_.body_bytes_max), ec);
  }

  RequestParser& owner_;
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
    // What cannot start a method is no HTTP, TLS for one; waiting for more of it is pointless.
    if (!bytes.empty() && bytes != "\r" && (bytes[0] < '!' || bytes[0] > 'z')) {
      Refuse(400, "this is not an HTTP request");
      return skipped;
    }
  }
  const std::size_t from = searched_ < 3 ? 0 : searched_ - 3;
  const std::size_t end = bytes.find("\r\n\r\n", from);
  const std::size_t size = end == std::string_view::npos ? bytes.size() : end + 4;
  if (size > limits_.header_bytes_max) {
    if (bytes.find("\r\n") == std::string_view::npos) {
      Refuse(414, fmt::format("the request line is longer than {} bytes", limits_.header_bytes_max));
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
  if (header.find("\n ") != std::string_view::npos || header.find("\n\t") != std::string_view::npos) {
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
  FinishHeader();
  skipped += used;
  if (state_ == State::kNeedMore && in_body_) skipped += FeedBody(bytes.substr(used));
  // A client that sends the body unasked does not wait for 100 Continue.
  if (state_ == State::kNeedMore && in_body_ && beast_->expects_continue_ &&
      body_bytes_read_ == 0) {
    beast_->expects_continue_ = false;
    state_ = State::kExpectContinue;
  }
  return skipped;
}

void RequestParser::FinishHeader() {
  if (beast_->parser_->is_done()) {
    state_ = State::kDone;
    in_body_ = false;
  } else if (!in_body_) {
    // A whole header that Beast wants more for: it does not agree where the header ends.
    Refuse(400, "the request header is malformed");
  }
}

std::size_t RequestParser::FeedBody(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && !beast_->parser_->is_done() && state_ == State::kNeedMore) {
    error_code ec;
    const std::size_t count = beast_->parser_->put({bytes.data() + used, bytes.size() - used}, ec);
    used += count;
    if (ec == beast_http::error::need_more) {
      if (bytes.size() - used > limits_.header_bytes_max) {
        Refuse(431, "a chunk header or the trailer is too large");
      }
      return used;
    }
    if (ec) {
      Refuse(400, Explain(ec));
      return used;
    }
  }
  if (beast_->parser_->is_done() && state_ == State::kNeedMore) {
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
