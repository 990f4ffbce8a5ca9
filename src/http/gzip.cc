#include "http/gzip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdlib>
#include <limits>

namespace tenon::http {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib's way to ask for the gzip wrapper
constexpr std::size_t kPieceBytes = 16u << 10;
// The fastest level: on JSON it reaches most of the ratio at several times the speed.
constexpr int kLevel = 1;

Bytef* Input(std::string_view text) {
  // zlib does not write through next_in; its type is older than const.
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

std::string_view Trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view CutAt(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view piece = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return Trim(piece);
}

// Only whether it is zero matters: "0", "0.", "0.0", "0.000".
bool IsZeroWeight(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view parameter = CutAt(parameters, ';');
    const std::string_view name = CutAt(parameter, '=');
    if (EqualFold(name, "q")) return parameter.find_first_not_of("0. ") == std::string_view::npos;
  }
  return false;
}

}  // namespace

struct Gunzip::State {
  z_stream stream{};
  bool at_end = false;  // a whole member was read; another may follow (RFC 1952, 2.2)
  bool any = false;
};

Gunzip::Gunzip(std::size_t bytes_max) : state_(std::make_unique<State>()), bytes_left_(bytes_max) {
  [[maybe_unused]] const int code = inflateInit2(&state_->stream, kGzipWindow);
  assert(code == Z_OK);
}

Gunzip::~Gunzip() { inflateEnd(&state_->stream); }

Result<> Gunzip::Add(std::string_view piece, std::string& out) {
  std::array<char, kPieceBytes> buffer;
  z_stream& stream = state_->stream;
  stream.next_in = Input(piece);
  stream.avail_in = static_cast<uInt>(piece.size());
  bool filled = false;  // zlib may hold more output than fitted
  while (stream.avail_in > 0 || filled) {
    if (state_->at_end) {
      inflateReset(&stream);
      state_->at_end = false;
    }
    state_->any = true;
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    const int code = inflate(&stream, Z_NO_FLUSH);
    const std::size_t made = buffer.size() - stream.avail_out;
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
      return Fail(Code::kInvalidArgument, "the body is not valid gzip");
    }
    if (made > bytes_left_) return Fail(Code::kTooLarge, "the decoded body is too large");
    bytes_left_ -= made;
    out.append(buffer.data(), made);
    state_->at_end = code == Z_STREAM_END;
    filled = stream.avail_out == 0 && !state_->at_end;
    if (code == Z_BUF_ERROR) break;
  }
  return {};
}

Result<> Gunzip::Finish() {
  if (!state_->any || !state_->at_end) {
    return Fail(Code::kInvalidArgument, "the gzip body ends too early");
  }
  return {};
}

struct Gzip::State {
  z_stream stream{};

  std::string Run(std::string_view piece, int flush) {
    std::string out;
    std::array<char, kPieceBytes> buffer;
    stream.next_in = Input(piece);
    stream.avail_in = static_cast<uInt>(piece.size());
    do {
      stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream.avail_out = static_cast<uInt>(buffer.size());
      deflate(&stream, flush);
      out.append(buffer.data(), buffer.size() - stream.avail_out);
    } while (stream.avail_out == 0);
    return out;
  }
};

Gzip::Gzip() : state_(std::make_unique<State>()) {
  [[maybe_unused]] const int code =
      deflateInit2(&state_->stream, kLevel, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY);
  assert(code == Z_OK);
}

Gzip::~Gzip() { deflateEnd(&state_->stream); }

std::string Gzip::Add(std::string_view piece) { return state_->Run(piece, Z_SYNC_FLUSH); }

std::string Gzip::Finish() { return state_->Run({}, Z_FINISH); }

std::string Gzip::All(std::string_view body) {
  Gzip gzip;
  return gzip.state_->Run(body, Z_FINISH);
}

bool AcceptsGzip(std::string_view accept_encoding) {
  bool any = false;
  while (!accept_encoding.empty()) {
    std::string_view entry = CutAt(accept_encoding, ',');
    const std::string_view coding = CutAt(entry, ';');
    if (EqualFold(coding, "gzip") || EqualFold(coding, "x-gzip")) return !IsZeroWeight(entry);
    if (coding == "*") any = !IsZeroWeight(entry);
  }
  return any;
}

bool IsCompressible(std::string_view content_type) {
  const std::string_view type = CutAt(content_type, ';');
  if (type.size() >= 5 && EqualFold(type.substr(0, 5), "text/")) return true;
  for (const std::string_view suffix : {"json", "+xml", "/xml", "javascript", "x-ndjson", "yaml"}) {
    if (type.size() >= suffix.size() &&
        EqualFold(type.substr(type.size() - suffix.size()), suffix)) {
      return true;
    }
  }
  return false;
}

void CompressResponse(Response& response, bool accepted, std::size_t bytes_min) {
  if (response.stream || response.headers.Has("Content-Encoding")) return;
  const std::string_view body =
      response.shared_body ? std::string_view(*response.shared_body) : response.body;
  if (body.size() < bytes_min || body.size() > std::numeric_limits<uInt>::max() ||
      !IsCompressible(response.headers.Get("Content-Type"))) {
    return;
  }
  response.headers.Add("Vary", "Accept-Encoding");
  if (!accepted) return;
  response.body = Gzip::All(body);
  response.shared_body.reset();
  response.headers.Add("Content-Encoding", "gzip");
}

}  // namespace tenon::http
