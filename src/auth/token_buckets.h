// Rate limiting by token buckets, one for each key (an API key, a client address), in bounded
// memory.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace tenon {

struct BucketOptions {
  double per_second = 1;         // tokens that come back
  double burst = 10;             // tokens of a full bucket
  std::size_t keys_max = 65536;  // over it the fullest buckets are forgotten first
};

// Thread-safe. A bucket that is full again is the same as none, so forgetting those loses nothing;
// when all are in use a key's own shard forgets its fullest one.
class TokenBuckets {
 public:
  TokenBuckets(Clock& clock, BucketOptions options) : clock_(clock), options_(options) {}

  // Takes a token. nullopt: allowed; otherwise the seconds until there is one, at least 1.
  std::optional<int> Take(std::string_view key);
  // With a rate of the key's own in place of the options'; it counts from this request on.
  std::optional<int> Take(std::string_view key, double per_second, double burst);
  // As Take, but takes nothing.
  std::optional<int> Look(std::string_view key);
  // Takes a token whether there is one or not; the bucket does not go below empty.
  void Spend(std::string_view key);

  [[nodiscard]] std::size_t size();

 private:
  struct Bucket {
    double tokens = 0;
    std::chrono::steady_clock::time_point at;
    double per_second = 0;
    double burst = 0;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, Bucket, Hash, std::equal_to<>> buckets;
  };
  static constexpr std::size_t kShards = 16;

  Shard& ShardOf(std::string_view key) { return shards_[Hash{}(key) % kShards]; }
  // REQUIRES: the shard's mutex is held.
  Bucket& Refilled(Shard& shard, std::string_view key, double per_second, double burst);
  void MakeRoom(Shard& shard);
  [[nodiscard]] static double Now(const Bucket& bucket, std::chrono::steady_clock::time_point now);
  [[nodiscard]] static int Wait(const Bucket& bucket);

  Clock& clock_;
  BucketOptions options_;
  std::array<Shard, kShards> shards_;
};

// The part of an address that one client can be held to: an IPv4 address whole, of IPv6 the /64,
// since a client owns all of it.
std::string AddressGroup(std::string_view address);

}  // namespace tenon
