#include "services/ingest/input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <limits>

namespace tenon::ingest {
namespace {

constexpr std::size_t kReadBytes = 128u << 10;

std::string Reason(int number) { return std::generic_category().message(number); }

// A file or a pipe. Offsets count from where the descriptor stood at first.
class DescriptorSource final : public InputSource {
 public:
  DescriptorSource(int descriptor, bool owned, std::string name)
      : descriptor_(descriptor), owned_(owned), name_(std::move(name)) {
    struct stat status{};
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return;
    start_ = lseek(descriptor, 0, SEEK_CUR);
    if (start_ >= 0) {
      size_ = static_cast<std::uint64_t>(std::max<std::int64_t>(status.st_size - start_, 0));
    }
  }
  ~DescriptorSource() override {
    if (owned_) close(descriptor_);
  }
  DescriptorSource(const DescriptorSource&) = delete;
  DescriptorSource& operator=(const DescriptorSource&) = delete;

  Result<std::size_t> Read(std::span<char> out) override {
    while (true) {
      const ssize_t count = read(descriptor_, out.data(), out.size());
      if (count >= 0) {
        offset_ += static_cast<std::uint64_t>(count);
        return static_cast<std::size_t>(count);
      }
      if (errno != EINTR) {
        return Fail(Code::kUnavailable, "cannot read " + name_ + ": " + Reason(errno));
      }
    }
  }

  Result<> Seek(std::uint64_t offset) override {
    if (size_) {
      if (offset > *size_) return EndsBefore(offset);
      if (lseek(descriptor_, start_ + static_cast<off_t>(offset), SEEK_SET) < 0) {
        return Fail(Code::kUnavailable, "cannot seek in " + name_ + ": " + Reason(errno));
      }
      offset_ = offset;
      return {};
    }
    if (offset < offset_) {
      return Fail(Code::kInvalidArgument,
                  name_ + " cannot be read again from an earlier place; import it from a file");
    }
    std::array<char, 16384> skipped;
    while (offset_ < offset) {
      const auto want =
          static_cast<std::size_t>(std::min<std::uint64_t>(offset - offset_, skipped.size()));
      const std::size_t count = TRY(Read({skipped.data(), want}));
      if (count == 0) return EndsBefore(offset);
    }
    return {};
  }

  [[nodiscard]] std::optional<std::uint64_t> Size() const override { return size_; }
  [[nodiscard]] const std::string& name() const override { return name_; }

 private:
  Result<> EndsBefore(std::uint64_t offset) const {
    return Fail(Code::kInvalidArgument,
                name_ + " ends before byte " + std::to_string(offset) + ", where to go on");
  }

  int descriptor_;
  bool owned_;
  std::string name_;
  off_t start_ = 0;
  std::uint64_t offset_ = 0;
  std::optional<std::uint64_t> size_;
};

class TextSource final : public InputSource {
 public:
  TextSource(std::string name, std::string text, std::size_t read_bytes_max)
      : name_(std::move(name)), text_(std::move(text)), read_bytes_max_(read_bytes_max) {}

  Result<std::size_t> Read(std::span<char> out) override {
    const std::size_t count = std::min({out.size(), read_bytes_max_, text_.size() - at_});
    std::copy_n(text_.data() + at_, count, out.data());
    at_ += count;
    return count;
  }
  Result<> Seek(std::uint64_t offset) override {
    if (offset > text_.size()) {
      return Fail(Code::kInvalidArgument,
                  name_ + " ends before byte " + std::to_string(offset) + ", where to go on");
    }
    at_ = static_cast<std::size_t>(offset);
    return {};
  }
  [[nodiscard]] std::optional<std::uint64_t> Size() const override { return text_.size(); }
  [[nodiscard]] const std::string& name() const override { return name_; }

 private:
  std::string name_;
  std::string text_;
  std::size_t read_bytes_max_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::unique_ptr<InputSource>> OpenFile(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    const Code code = errno == ENOENT ? Code::kNotFound : Code::kInvalidArgument;
    return Fail(code, "cannot open " + path + ": " + Reason(errno));
  }
  auto source = std::make_unique<DescriptorSource>(descriptor, true, path);
  struct stat status{};
  if (fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)) {
    return Fail(Code::kInvalidArgument, "cannot read " + path + ": it is a folder");
  }
  return source;
}

std::unique_ptr<InputSource> OpenStdin() {
  return std::make_unique<DescriptorSource>(STDIN_FILENO, false, "standard input");
}

std::unique_ptr<InputSource> OpenText(std::string name, std::string text,
                                      std::size_t read_bytes_max) {
  return std::make_unique<TextSource>(std::move(name), std::move(text), read_bytes_max);
}

Result<bool> Window::More() {
  if (begin_ > 0) {  // the front is used up: move the rest there
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < kReadBytes) {
    buffer_.resize(std::max(buffer_.size() * 2, end_ + kReadBytes));
  }
  const std::size_t count = TRY(source_.Read({buffer_.data() + end_, kReadBytes}));
  end_ += count;
  return count > 0;
}

void Window::Consume(std::size_t count) {
  assert(count <= end_ - begin_);
  begin_ += count;
  offset_ += count;
}

Result<> Window::Seek(std::uint64_t offset) {
  TRY(source_.Seek(offset));
  begin_ = 0;
  end_ = 0;
  offset_ = offset;
  return {};
}

}  // namespace tenon::ingest
