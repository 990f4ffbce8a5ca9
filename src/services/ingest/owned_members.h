// Members of a row's JSON that only its source writes ("metadata.dbt"). An upsert merges, so what
// an earlier run wrote there and this one no longer has would stay for ever; this finds it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/json.h"

namespace tenon::ingest {

// Not thread-safe. Keeps four bytes a member.
class OwnedMembers {
 public:
  // The row with this key was written with these fields, of which the source owns `paths`.
  void Saw(const std::string& key, const json::object& fields,
           std::span<const std::string_view> paths);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  // Top-level fields that the paths begin with, with commas between them.
  [[nodiscard]] std::string Fields() const;

  // A patch that takes away what the row has under the paths and was not written; empty when there
  // is nothing, or the row was not seen.
  [[nodiscard]] json::object Stale(const std::string& key, const json::object& row) const;

 private:
  struct Row {
    std::span<const std::string_view> paths;  // constants of the source
    std::vector<std::uint32_t> members;       // hashes of their paths, sorted
  };
  std::unordered_map<std::string, Row> rows_;
};

}  // namespace tenon::ingest
