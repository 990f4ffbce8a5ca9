#include "engine/cache.h"

namespace tenon {

Cache::Cache(std::size_t bytes_max, std::chrono::seconds ttl, Clock& clock)
    : shard_bytes_max_(bytes_max / kShards), ttl_(ttl), clock_(clock) {}

std::shared_ptr<const GetResult> Cache::Find(std::string_view key) {
  if (shard_bytes_max_ == 0) return nullptr;
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.index.find(key);
  if (found == shard.index.end() || found->second->expires < clock_.Steady()) {
    ++shard.misses;
    return nullptr;
  }
  ++shard.hits;
  shard.entries.splice(shard.entries.begin(), shard.entries, found->second);
  return found->second->row;
}

std::uint64_t Cache::Ticket(std::string_view key) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  return shard.invalidations;
}

void Cache::Fill(std::string_view key, std::shared_ptr<const GetResult> row, std::uint64_t ticket) {
  if (shard_bytes_max_ == 0) return;
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  // Any invalidation in the shard since the read refuses the fill: coarse, but a fill that is
  // refused costs one more read, and one wrongly let in costs a stale answer for an hour.
  if (shard.invalidations != ticket) return;
  if (const auto found = shard.index.find(key); found != shard.index.end()) {
    shard.bytes -= found->second->bytes();
    const auto entry = found->second;
    shard.index.erase(found);
    shard.entries.erase(entry);
  }
  Entry entry{std::string(key), std::move(row), clock_.Steady() + ttl_};
  if (entry.bytes() > shard_bytes_max_ / 4) return;
  shard.bytes += entry.bytes();
  shard.entries.push_front(std::move(entry));
  shard.index.emplace(shard.entries.front().key, shard.entries.begin());
  while (shard.bytes > shard_bytes_max_) {
    const Entry& oldest = shard.entries.back();
    shard.bytes -= oldest.bytes();
    shard.index.erase(oldest.key);
    shard.entries.pop_back();
  }
}

void Cache::Invalidate(std::string_view key) {
  if (shard_bytes_max_ == 0) return;
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  ++shard.invalidations;
  const auto found = shard.index.find(key);
  if (found == shard.index.end()) return;
  const auto entry = found->second;
  shard.bytes -= entry->bytes();
  shard.index.erase(found);
  shard.entries.erase(entry);
}

void Cache::Clear() {
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    ++shard.invalidations;
    shard.index.clear();
    shard.entries.clear();
    shard.bytes = 0;
  }
}

Cache::Stats Cache::stats() const {
  Stats total;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    total.hits += shard.hits;
    total.misses += shard.misses;
    total.bytes += static_cast<std::int64_t>(shard.bytes);
    total.entries += static_cast<std::int64_t>(shard.entries.size());
  }
  return total;
}

}  // namespace tenon
