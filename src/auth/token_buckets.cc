#include "auth/token_buckets.h"

#include <algorithm>
#include <cmath>

namespace tenon {

double TokenBuckets::Now(const Bucket& bucket, std::chrono::steady_clock::time_point now) {
  const double seconds = std::chrono::duration<double>(now - bucket.at).count();
  return std::min(bucket.burst, bucket.tokens + std::max(0.0, seconds) * bucket.per_second);
}

int TokenBuckets::Wait(const Bucket& bucket) {
  if (bucket.per_second <= 0) return 3600;
  const double seconds = std::ceil((1 - bucket.tokens) / bucket.per_second);
  return static_cast<int>(std::clamp(seconds, 1.0, 3600.0));
}

void TokenBuckets::MakeRoom(Shard& shard) {
  const auto now = clock_.Steady();
  std::erase_if(shard.buckets,
                [&](const auto& entry) { return Now(entry.second, now) >= entry.second.burst; });
  const std::size_t max = std::max<std::size_t>(1, options_.keys_max / kShards);
  // Half of the room, so that the scan is paid once for many keys and not for each.
  while (shard.buckets.size() >= max) {
    double sum = 0;
    for (const auto& [key, bucket] : shard.buckets) sum += Now(bucket, now);
    const double mean = sum / static_cast<double>(shard.buckets.size());
    std::erase_if(shard.buckets, [&](const auto& entry) { return Now(entry.second, now) >= mean; });
  }
}

TokenBuckets::Bucket& TokenBuckets::Refilled(Shard& shard, std::string_view key, double per_second,
                                             double burst) {
  const auto now = clock_.Steady();
  auto found = shard.buckets.find(key);
  if (found == shard.buckets.end()) {
    if (shard.buckets.size() >= std::max<std::size_t>(1, options_.keys_max / kShards)) {
      MakeRoom(shard);
    }
    const Bucket full{.tokens = burst, .at = now, .per_second = per_second, .burst = burst};
    return shard.buckets.emplace(std::string(key), full).first->second;
  }
  Bucket& bucket = found->second;
  bucket.tokens = std::min(burst, Now(bucket, now));
  bucket.at = now;
  bucket.per_second = per_second;
  bucket.burst = burst;
  return bucket;
}

std::optional<int> TokenBuckets::Take(std::string_view key) {
  return Take(key, options_.per_second, options_.burst);
}

std::optional<int> TokenBuckets::Take(std::string_view key, double per_second, double burst) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  Bucket& bucket = Refilled(shard, key, per_second, burst);
  if (bucket.tokens < 1) return Wait(bucket);
  bucket.tokens -= 1;
  return std::nullopt;
}

std::optional<int> TokenBuckets::Look(std::string_view key) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.buckets.find(key);
  if (found == shard.buckets.end()) return std::nullopt;
  Bucket bucket = found->second;
  bucket.tokens = Now(bucket, clock_.Steady());
  if (bucket.tokens < 1) return Wait(bucket);
  return std::nullopt;
}

void TokenBuckets::Spend(std::string_view key) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  Bucket& bucket = Refilled(shard, key, options_.per_second, options_.burst);
  bucket.tokens = std::max(0.0, bucket.tokens - 1);
}

std::size_t TokenBuckets::size() {
  std::size_t count = 0;
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    count += shard.buckets.size();
  }
  return count;
}

std::string AddressGroup(std::string_view address) {
  if (address.find(':') == std::string_view::npos) return std::string(address);
  // ::ffff:1.2.3.4 is an IPv4 client on a socket of both kinds.
  if (address.starts_with("::ffff:") && address.find('.') != std::string_view::npos) {
    return std::string(address.substr(7));
  }
  // Expand the leading four groups; "::" stands for enough zeros that eight groups come out.
  const std::size_t gap = address.find("::");
  std::string_view head = gap == std::string_view::npos ? address : address.substr(0, gap);
  std::string group;
  int groups = 0;
  while (!head.empty() && groups < 4) {
    const std::size_t end = head.find(':');
    group += head.substr(0, end);
    group += ':';
    ++groups;
    head = end == std::string_view::npos ? std::string_view{} : head.substr(end + 1);
  }
  for (; groups < 4; ++groups) group += "0:";
  return group + ":/64";
}

}  // namespace tenon
