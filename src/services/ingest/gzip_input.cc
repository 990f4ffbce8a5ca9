#include "services/ingest/gzip_input.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>

namespace tenon::ingest {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib's way to ask for the gzip wrapper

class GzipInput final : public InputSource {
 public:
  explicit GzipInput(std::unique_ptr<InputSource> compressed)
      : compressed_(std::move(compressed)),
        is_ready_(inflateInit2(&stream_, kGzipWindow) == Z_OK) {}
  ~GzipInput() override {
    if (is_ready_) inflateEnd(&stream_);
  }
  GzipInput(const GzipInput&) = delete;
  GzipInput& operator=(const GzipInput&) = delete;

  Result<std::size_t> Read(std::span<char> out) override {
    if (!is_ready_) return Fail(Code::kUnavailable, "no memory to decompress " + name());
    if (out.empty()) return 0;
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(out.size(), 1u << 30));
    const uInt wanted = stream_.avail_out;
    while (stream_.avail_out == wanted) {
      if (stream_.avail_in == 0) {
        const std::size_t got = TRY(compressed_->Read(buffer_));
        if (got == 0) {
          if (member_ended_) return 0;
          return Fail(Code::kInvalidArgument,
                      fmt::format("{} is cut off after {} bytes", name(), used_));
        }
        stream_.next_in = reinterpret_cast<Bytef*>(buffer_.data());
        stream_.avail_in = static_cast<uInt>(got);
      }
      if (member_ended_) {  // another member may follow (RFC 1952, 2.2)
        inflateReset(&stream_);
        member_ended_ = false;
      }
      const uInt before = stream_.avail_in;
      const int code = inflate(&stream_, Z_NO_FLUSH);
      used_ += before - stream_.avail_in;
      if (code == Z_STREAM_END) {
        member_ended_ = true;
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return Fail(Code::kInvalidArgument,
                    fmt::format("{} is not gzip, or damaged, at byte {}", name(), used_));
      }
    }
    const std::size_t made = wanted - stream_.avail_out;
    offset_ += made;
    return made;
  }

  Result<> Seek(std::uint64_t offset) override {
    if (offset < offset_) {
      return Fail(Code::kInvalidArgument, name() + " is compressed and cannot be read backwards");
    }
    std::array<char, 64u << 10> skipped;
    while (offset_ < offset) {
      const auto part =
          static_cast<std::size_t>(std::min<std::uint64_t>(offset - offset_, skipped.size()));
      if (TRY(Read({skipped.data(), part})) == 0) {
        return Fail(Code::kInvalidArgument, name() + " ends before the place to go on from");
      }
    }
    return {};
  }

  [[nodiscard]] std::optional<std::uint64_t> Size() const override { return std::nullopt; }
  [[nodiscard]] const std::string& name() const override { return compressed_->name(); }

 private:
  std::unique_ptr<InputSource> compressed_;
  z_stream stream_{};
  const bool is_ready_;
  std::array<char, 64u << 10> buffer_;
  bool member_ended_ = false;
  std::uint64_t used_ = 0;    // of the compressed bytes
  std::uint64_t offset_ = 0;  // in what they decode to
};

}  // namespace

std::unique_ptr<InputSource> OpenGzip(std::unique_ptr<InputSource> compressed) {
  return std::make_unique<GzipInput>(std::move(compressed));
}

}  // namespace tenon::ingest
