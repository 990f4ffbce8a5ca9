// Single records as they are answered, by `{tenant_id}:{entity_type}:{entity_id}`
// (seeds/metastore.md, "Aerospike (Cache)"). Cache-aside: reads fill, the writer invalidates after
// the commit and before it answers. Thread-safe.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "engine/command.h"

namespace tenon {

class Cache {
 public:
  Cache(std::size_t bytes_max, std::chrono::seconds ttl, Clock& clock);

  // Null when it is not there or too old.
  std::shared_ptr<const GetResult> Find(std::string_view key);

  // Taken before the read that a fill is made from. A fill with an older ticket than the key's
  // last invalidation is refused: it may hold the row as it was before.
  std::uint64_t Ticket(std::string_view key);
  void Fill(std::string_view key, std::shared_ptr<const GetResult> row, std::uint64_t ticket);
  void Invalidate(std::string_view key);
  // Invalidates every key.
  void Clear();

  struct Stats {
    std::int64_t hits = 0, misses = 0, bytes = 0, entries = 0;
  };
  [[nodiscard]] Stats stats() const;

 private:
  static constexpr std::size_t kShards = 64;
  struct Entry {
    std::string key;
    std::shared_ptr<const GetResult> row;
    std::chrono::steady_clock::time_point expires;
    [[nodiscard]] std::size_t bytes() const {
      return key.size() * 2 + row->body.size() + row->etag.size() + 200;
    }
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct Shard {
    mutable std::mutex mutex;
    // Guarded by mutex. Most recently used first.
    std::list<Entry> entries;
    std::unordered_map<std::string_view, std::list<Entry>::iterator, Hash> index;
    std::size_t bytes = 0;
    std::uint64_t invalidations = 0;
    std::int64_t hits = 0, misses = 0;
  };
  Shard& ShardOf(std::string_view key) { return shards_[Hash{}(key) % kShards]; }

  const std::size_t shard_bytes_max_;
  const std::chrono::seconds ttl_;
  Clock& clock_;
  std::array<Shard, kShards> shards_;
};

}  // namespace tenon
