// Identifiers: UUID (RFC 9562, versions 4, 5 and 7) and ULID (the public ULID specification).
#pragma once

#include <array>
#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"

namespace tenon {

// 128 bits in network order. Ordered by bytes, which for version 7 is by time.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Uuid&) const = default;
  [[nodiscard]] bool IsNil() const { return bytes == std::array<std::uint8_t, 16>{}; }

  // 36 characters, lower case.
  [[nodiscard]] std::string ToString() const;
  void AppendTo(std::string& out) const;

  // Accepts the 36-character form in either case; nullopt for anything else.
  static std::optional<Uuid> Parse(std::string_view text);
};

// Crockford base 32, 26 characters, upper case; the first 48 bits are milliseconds.
struct Ulid {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Ulid&) const = default;
  [[nodiscard]] std::string ToString() const;
  static std::optional<Ulid> Parse(std::string_view text);  // either case, canonical letters only
};

// Version 5: from a name in a name space, the same for the same input (RFC 9562, 5.5).
Uuid UuidV5(const Uuid& name_space, std::string_view name);

// Makes identifiers from a clock and a source of randomness. Version 7 and ULID values from one
// IdSource strictly increase, also within one millisecond. Thread-safe.
class IdSource {
 public:
  IdSource(Clock& clock, Random& random) : clock_(clock), random_(random) {}
  Uuid V4();
  Uuid V7();
  Ulid NewUlid();

 private:
  Clock& clock_;
  Random& random_;
  std::array<std::uint8_t, 16> NextTimeOrdered(bool uuid);

  // Guards what follows: the last value handed out, so that ids of one millisecond stay ordered,
  // and randomness fetched ahead, because a call for 16 bytes costs as much as one for 512. A spin
  // lock is enough: held for tens of nanoseconds, a microsecond when the pool is filled.
  std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
  std::uint64_t last_ms_ = 0;
  std::uint64_t counter_ = 0;
  std::array<std::uint8_t, 512> pool_{};
  std::size_t pool_used_ = sizeof(pool_);
};

}  // namespace tenon

template <>
struct std::hash<tenon::Uuid> {
  std::size_t operator()(const tenon::Uuid& id) const noexcept;
};
