// Latencies in buckets that grow with the value: 1.6 % wide, 30 KB, one add an increment.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace tenon::bench {

class Histogram {
 public:
  void Add(std::uint64_t value_ns) {
    ++buckets_[Index(value_ns)];
    ++count_;
    if (value_ns > max_) max_ = value_ns;
  }

  void Merge(const Histogram& other) {
    for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
    if (other.max_ > max_) max_ = other.max_;
  }

  // The value that `share` (0 to 1) of all are at or under, at the upper end of its bucket.
  [[nodiscard]] std::uint64_t Quantile(double share) const {
    if (count_ == 0) return 0;
    const auto rank = static_cast<std::uint64_t>(share * static_cast<double>(count_ - 1)) + 1;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen >= rank) return UpperEnd(i) < max_ ? UpperEnd(i) : max_;
    }
    return max_;
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::uint64_t max() const { return max_; }

 private:
  static constexpr int kSubBits = 6;
  static constexpr std::uint64_t kSub = 1u << kSubBits;

  static std::size_t Index(std::uint64_t value) {
    if (value < kSub) return value;
    const int shift = static_cast<int>(std::bit_width(value)) - kSubBits - 1;
    return static_cast<std::size_t>(shift + 1) * kSub + ((value >> shift) - kSub);
  }
  static std::uint64_t UpperEnd(std::size_t index) {
    if (index < kSub) return index;
    const std::size_t shift = index / kSub - 1;
    return ((kSub + index % kSub + 1) << shift) - 1;
  }

  std::array<std::uint64_t, (64 - kSubBits + 1) * kSub> buckets_{};
  std::uint64_t count_ = 0, max_ = 0;
};

}  // namespace tenon::bench
