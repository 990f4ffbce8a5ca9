#include "base/ids.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>
#include <thread>

namespace tenon {
namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr char kCrockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr int kCounterBits = 42;
constexpr std::uint64_t kCounterMax = (1ull << kCounterBits) - 1;
constexpr std::uint64_t kMillisecondsMax = (1ull << 48) - 1;

// Value of every byte as a hex digit, or -1.
constexpr std::array<std::int8_t, 256> MakeHexTable() {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (int i = 0; i < 10; ++i)
    table[static_cast<std::size_t>('0' + i)] = static_cast<std::int8_t>(i);
  for (int i = 0; i < 6; ++i) {
    table[static_cast<std::size_t>('a' + i)] = static_cast<std::int8_t>(10 + i);
    table[static_cast<std::size_t>('A' + i)] = static_cast<std::int8_t>(10 + i);
  }
  return table;
}

constexpr std::array<std::int8_t, 256> MakeCrockfordTable() {
  std::array<std::int8_t, 256> table{};
  table.fill(-1);
  for (int i = 0; i < 32; ++i) {
    const char c = kCrockford[i];
    table[static_cast<std::size_t>(c)] = static_cast<std::int8_t>(i);
    if (c >= 'A') table[static_cast<std::size_t>(c - 'A' + 'a')] = static_cast<std::int8_t>(i);
  }
  return table;
}

constexpr std::array<std::int8_t, 256> kHexValue = MakeHexTable();
constexpr std::array<std::int8_t, 256> kCrockfordValue = MakeCrockfordTable();

std::uint64_t LoadBig(const std::uint8_t* at) {
  std::uint64_t value;
  std::memcpy(&value, at, sizeof value);
  return __builtin_bswap64(value);
}

void StoreBig(std::uint64_t value, std::uint8_t* at) {
  value = __builtin_bswap64(value);
  std::memcpy(at, &value, sizeof value);
}

void WriteUuid(const std::array<std::uint8_t, 16>& bytes, char* out) {
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
    *out++ = kHex[bytes[i] >> 4];
    *out++ = kHex[bytes[i] & 15];
  }
}

void SetVersion(std::array<std::uint8_t, 16>& bytes, unsigned version) {
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | (version << 4));
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);
}

}  // namespace

std::string Uuid::ToString() const {
  std::string out(36, '\0');
  WriteUuid(bytes, out.data());
  return out;
}

void Uuid::AppendTo(std::string& out) const {
  char text[36];
  WriteUuid(bytes, text);
  out.append(text, sizeof text);
}

std::optional<Uuid> Uuid::Parse(std::string_view text) {
  if (text.size() != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' ||
      text[23] != '-') {
    return std::nullopt;
  }
  Uuid id;
  std::size_t at = 0;
  int bad = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) ++at;
    const int high = kHexValue[static_cast<std::uint8_t>(text[at])];
    const int low = kHexValue[static_cast<std::uint8_t>(text[at + 1])];
    bad |= high | low;
    id.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    at += 2;
  }
  if (bad < 0) return std::nullopt;
  return id;
}

std::string Ulid::ToString() const {
  // 128 bits are 26 digits of five bits, the first of which holds only three.
  std::string out(26, '\0');
  std::uint64_t high = LoadBig(bytes.data());
  std::uint64_t low = LoadBig(bytes.data() + 8);
  for (std::size_t i = 26; i-- > 0;) {
    out[i] = kCrockford[low & 31];
    low = (low >> 5) | (high << 59);
    high >>= 5;
  }
  return out;
}

std::optional<Ulid> Ulid::Parse(std::string_view text) {
  if (text.size() != 26 || text[0] > '7') return std::nullopt;  // over '7' is over 128 bits
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  for (const char c : text) {
    const int digit = kCrockfordValue[static_cast<std::uint8_t>(c)];
    if (digit < 0) return std::nullopt;
    high = (high << 5) | (low >> 59);
    low = (low << 5) | static_cast<std::uint64_t>(digit);
  }
  Ulid id;
  StoreBig(high, id.bytes.data());
  StoreBig(low, id.bytes.data() + 8);
  return id;
}

Uuid UuidV5(const Uuid& name_space, std::string_view name) {
  static const EVP_MD* const sha1 = EVP_sha1();
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestInit_ex(context, sha1, nullptr);
  EVP_DigestUpdate(context, name_space.bytes.data(), name_space.bytes.size());
  EVP_DigestUpdate(context, name.data(), name.size());
  EVP_DigestFinal_ex(context, digest.data(), nullptr);
  EVP_MD_CTX_free(context);
  Uuid id;
  std::copy_n(digest.begin(), 16, id.bytes.begin());
  SetVersion(id.bytes, 5);
  return id;
}

Uuid IdSource::V4() {
  Uuid id;
  random_.Fill(id.bytes);
  SetVersion(id.bytes, 4);
  return id;
}

Uuid IdSource::V7() { return Uuid{NextTimeOrdered(true)}; }

Ulid IdSource::NewUlid() { return Ulid{NextTimeOrdered(false)}; }

// Both kinds are 48 bits of milliseconds, a counter of 42 bits, and randomness. The counter starts
// at a random value below half its range in every new millisecond and goes up by one, so ids
// increase, and two sources rarely meet. A clock that goes back is not followed: the counter goes
// on in the last millisecond seen.
std::array<std::uint8_t, 16> IdSource::NextTimeOrdered(bool uuid) {
  const std::int64_t us = std::max<std::int64_t>(clock_.Now().time_since_epoch().count(), 0);
  const std::uint64_t now_ms = std::min(static_cast<std::uint64_t>(us) / 1000, kMillisecondsMax);

  while (busy_.test_and_set(std::memory_order_acquire)) std::this_thread::yield();
  if (pool_used_ == pool_.size()) {
    random_.Fill(pool_);
    pool_used_ = 0;
  }
  const std::uint64_t seed = LoadBig(pool_.data() + pool_used_) & (kCounterMax >> 1);
  const std::uint64_t tail = LoadBig(pool_.data() + pool_used_ + 8);
  pool_used_ += 16;
  if (now_ms > last_ms_) {
    last_ms_ = now_ms;
    counter_ = seed;
  } else if (counter_ == kCounterMax) {
    ++last_ms_;
    counter_ = seed;
  } else {
    ++counter_;
  }
  const std::uint64_t ms = last_ms_;
  const std::uint64_t counter = counter_;
  busy_.clear(std::memory_order_release);

  std::array<std::uint8_t, 16> bytes;
  if (uuid) {  // ms 48 | version 4 | counter 12 | variant 2 | counter 30 | random 32
    StoreBig((ms << 16) | (counter >> 30), bytes.data());
    StoreBig(((counter & 0x3FFFFFFF) << 32) | (tail & 0xFFFFFFFF), bytes.data() + 8);
    SetVersion(bytes, 7);
  } else {  // ms 48 | counter 42 | random 38
    StoreBig((ms << 16) | (counter >> 26), bytes.data());
    StoreBig((counter << 38) | (tail & ((1ull << 38) - 1)), bytes.data() + 8);
  }
  return bytes;
}

}  // namespace tenon

std::size_t std::hash<tenon::Uuid>::operator()(const tenon::Uuid& id) const noexcept {
  std::uint64_t high;
  std::uint64_t low;
  std::memcpy(&high, id.bytes.data(), sizeof high);
  std::memcpy(&low, id.bytes.data() + 8, sizeof low);
  const std::uint64_t mixed = (high ^ (low >> 32 | low << 32)) * 0x9E3779B97F4A7C15u;
  return mixed ^ (mixed >> 32);
}
