// Randomness as a dependency, so that tests can repeat it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>

namespace tenon {

class Random {
 public:
  virtual ~Random() = default;
  // Fills `out`. Thread-safe.
  virtual void Fill(std::span<std::uint8_t> out) = 0;

  std::uint64_t Next();  // 64 random bits
  std::string Bytes(std::size_t count);
};

// The operating system's generator through OpenSSL's DRBG; fit for keys and salts.
class SecureRandom final : public Random {
 public:
  void Fill(std::span<std::uint8_t> out) override;
};

// SplitMix64 from a seed: for tests and simulations only.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void Fill(std::span<std::uint8_t> out) override;

 private:
  std::mutex mutex_;
  std::uint64_t state_;
};

}  // namespace tenon
