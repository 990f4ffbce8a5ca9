#include "net/inflate.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>

namespace tenon::net {
namespace {

constexpr int kRawWindow = -15;
constexpr int kDetectWindow = 15 + 32;  // zlib's way to ask for gzip or zlib by their headers
constexpr std::size_t kPieceBytes = 16u << 10;

}  // namespace

struct Inflater::State {
  z_stream stream{};
  bool begun = false;
  bool at_end = false;
  std::string first;  // the first byte, kept until the second tells the format
  std::size_t in = 0, out = 0;
};

Inflater::Inflater(InflateLimits limits) : state_(std::make_unique<State>()), limits_(limits) {}

Inflater::~Inflater() {
  if (state_->begun) inflateEnd(&state_->stream);
}

Result<> Inflater::Begin(std::string_view piece) {
  const auto b0 = static_cast<unsigned char>(piece[0]);
  const auto b1 = static_cast<unsigned char>(piece[1]);
  const bool is_gzip = b0 == 0x1f && b1 == 0x8b;
  const bool is_zlib = (b0 & 0x0f) == 8 && (b0 * 256 + b1) % 31 == 0;
  if (inflateInit2(&state_->stream, is_gzip || is_zlib ? kDetectWindow : kRawWindow) != Z_OK) {
    return Fail(Code::kUnavailable, "no memory to decompress the body");
  }
  state_->begun = true;
  return {};
}

Result<> Inflater::Add(std::string_view piece, std::string& out) {
  std::string joined;
  if (!state_->begun) {
    state_->first += piece;
    if (state_->first.size() < 2) return {};
    joined = std::move(state_->first);
    piece = joined;
    TRY(Begin(piece));
  }
  std::array<char, kPieceBytes> buffer;
  z_stream& stream = state_->stream;
  // zlib does not write through next_in; its type is older than const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
  stream.avail_in = static_cast<uInt>(piece.size());
  state_->in += piece.size();
  bool filled = false;
  while (stream.avail_in > 0 || filled) {
    if (state_->at_end) {
      inflateReset(&stream);
      state_->at_end = false;
    }
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    const int code = inflate(&stream, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
      return Fail(Code::kUnavailable, "the body is not the compressed data that it says it is");
    }
    const std::size_t made = buffer.size() - stream.avail_out;
    state_->out += made;
    if (state_->out > limits_.bytes_max) {
      return Fail(Code::kTooLarge,
                  fmt::format("the decompressed body is over {} bytes", limits_.bytes_max));
    }
    if (state_->out > limits_.ratio_from_bytes &&
        state_->out / limits_.ratio_max > state_->in - stream.avail_in) {
      return Fail(Code::kTooLarge,
                  fmt::format("the body expands to over {} times its size", limits_.ratio_max));
    }
    out.append(buffer.data(), made);
    state_->at_end = code == Z_STREAM_END;
    filled = stream.avail_out == 0 && !state_->at_end;
    if (code == Z_BUF_ERROR) break;
  }
  return {};
}

Result<> Inflater::Finish() {
  if (state_->first.empty() && !state_->begun) return {};  // no body at all
  if (!state_->at_end) return Fail(Code::kUnavailable, "the compressed body ends too early");
  return {};
}

}  // namespace tenon::net
