#include "base/random.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace tenon {

std::uint64_t Random::Next() {
  std::array<std::uint8_t, 8> bytes;
  Fill(bytes);
  std::uint64_t value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

std::string Random::Bytes(std::size_t count) {
  std::string out(count, '\0');
  Fill({reinterpret_cast<std::uint8_t*>(out.data()), count});
  return out;
}

void SecureRandom::Fill(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const std::size_t count = std::min<std::size_t>(out.size(), std::numeric_limits<int>::max());
    if (RAND_bytes(out.data(), static_cast<int>(count)) != 1) {
      // Going on with predictable keys would be worse than stopping.
      std::fputs("tenon: the operating system gives no randomness\n", stderr);
      std::abort();
    }
    out = out.subspan(count);
  }
}

void SeededRandom::Fill(std::span<std::uint8_t> out) {
  const std::lock_guard lock(mutex_);
  while (!out.empty()) {
    state_ += 0x9E3779B97F4A7C15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    const std::size_t count = std::min<std::size_t>(out.size(), sizeof z);
    std::memcpy(out.data(), &z, count);
    out = out.subspan(count);
  }
}

}  // namespace tenon
