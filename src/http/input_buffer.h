// The bytes that a connection has received and not yet used: one block, refilled at its end.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace tenon::http {

class InputBuffer {
 public:
  [[nodiscard]] std::string_view data() const { return {block_.get() + begin_, end_ - begin_}; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }

  // Moves nothing: a read into the prepared room may be under way.
  void Consume(std::size_t bytes) { begin_ += bytes; }

  // Room for a read: a quarter of a block of at least `capacity` bytes. A larger block that is
  // empty is given back. Invalidates data().
  std::span<char> Prepare(std::size_t capacity) {
    if (empty()) {
      begin_ = end_ = 0;
      if (size_ != capacity) Move(capacity);
    } else if (size_ < capacity) {
      Move(capacity);
    } else if (size_ - end_ < size_ / 4) {
      const bool is_roomy = end_ - begin_ <= size_ / 2;
      is_roomy ? Compact() : Move(size_ * 2);
    }
    return {block_.get() + end_, size_ - end_};
  }
  void Commit(std::size_t bytes) { end_ += bytes; }

 private:
  void Compact() {
    std::memmove(block_.get(), block_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  void Move(std::size_t size) {
    auto block = std::make_unique_for_overwrite<char[]>(size);
    if (!empty()) std::memcpy(block.get(), block_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    block_ = std::move(block);
    size_ = size;
  }

  std::unique_ptr<char[]> block_;
  std::size_t size_ = 0, begin_ = 0, end_ = 0;
};

}  // namespace tenon::http
