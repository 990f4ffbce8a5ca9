// The end of an import: pending edges are committed, and what the input no longer has is ended.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/hash.h"
#include "base/json_text.h"
#include "services/ingest/json_fields.h"
#include "services/ingest/pipeline.h"
#include "services/ingest/pipeline_parts.h"

namespace tenon::ingest {

const char* MarkOf(std::string_view table) {
  if (table == "graph_nodes" || table == "graph_edges") return "properties";
  if (table == "assets" || table == "relationships" || table == "schemas") return "metadata";
  return nullptr;
}

std::uint64_t HashOf(std::string_view text) {
  const Digest digest = Sha256(text);
  std::uint64_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(text, out);
  return out;
}

std::string KeyOf(const json::value& row, std::string_view fields) {
  std::string key;
  for (std::size_t start = 0; start < fields.size();) {
    const std::size_t comma = std::min(fields.find(',', start), fields.size());
    key += (key.empty() ? "" : "~") + TextIn(row.as_object(), fields.substr(start, comma - start));
    start = comma + 1;
  }
  return key;
}

Result<> Pipeline::Each(const std::string& table, const std::string& filter,
                        const std::string& fields,
                        const std::function<Result<>(const json::array& rows)>& page) {
  std::string token;
  do {
    if (Cancelled()) return Fail(Code::kUnavailable, "the job was stopped");
    const json::object found = TRY(target_.List(table, filter, fields, token));
    token = TextIn(found, "next_page_token");
    TRY(page(found.at("items").as_array()));
  } while (!token.empty());
  return {};
}

Result<> Pipeline::Commit(const std::vector<std::string>& keys) {
  for (std::size_t at = 0; at < keys.size(); at += options_.batch_rows) {
    std::vector<Write> writes;
    for (std::size_t i = at; i < std::min(at + options_.batch_rows, keys.size()); ++i) {
      writes.push_back({.op = Write::Op::kEvent, .id = keys[i], .event = "commit"});
    }
    for (auto& result : TRY(Send(std::string(kEdgesTable), std::move(writes)))) {
      // Somebody superseded it meanwhile, which is as good an end.
      if (!result && result.error().code != Code::kConflict) {
        return Fail(std::move(result).error());
      }
    }
  }
  return {};
}

Result<> Pipeline::CommitEdges() {
  TRY(Commit(pending_));
  if (options_.job.empty()) return {};
  return Each(std::string(kEdgesTable),
              fmt::format("job_id = {} and properties.state = pending", Quoted(options_.job)), "id",
              [this](const json::array& rows) {
                std::vector<std::string> keys;
                for (const json::value& row : rows) keys.push_back(KeyOf(row, "id"));
                return Commit(keys);
              });
}

Result<> Pipeline::EndMissing(const std::string& table, const std::string& filter, Write::Op op,
                              const std::string& key_fields) {
  std::vector<std::uint64_t>& seen = seen_[table];
  std::ranges::sort(seen);
  return Each(table, filter, key_fields, [&](const json::array& rows) -> Result<> {
    std::vector<Write> writes;
    for (const json::value& row : rows) {
      const std::string key = KeyOf(row, key_fields);
      if (std::ranges::binary_search(seen, HashOf(key))) continue;
      writes.push_back({.op = op, .id = key, .event = op == Write::Op::kEvent ? "supersede" : ""});
    }
    for (auto& result : TRY(Send(table, std::move(writes)))) {
      if (result) {
        ++metrics_.rows_ended;
      } else if (result.error().code != Code::kConflict && result.error().code != Code::kNotFound) {
        return Fail(std::move(result).error());
      }
    }
    return {};
  });
}

// What rows of this run have under the members that their source owns, and were not given.
Result<> Pipeline::EndStale() {
  if (origin_.empty() || options_.keep_missing) return {};
  for (const auto& [table, owned] : owned_) {
    const std::string filter = fmt::format("{}.origin = {}", MarkOf(table), Quoted(origin_));
    TRY(Each(table, filter, "id," + owned.Fields(), [&](const json::array& rows) -> Result<> {
      std::vector<Write> writes;
      for (const json::value& row : rows) {
        const std::string key = KeyOf(row, "id");
        json::object patch = owned.Stale(key, row.as_object());
        if (patch.empty()) continue;
        writes.push_back({.op = Write::Op::kUpdate, .id = key, .body = std::move(patch)});
      }
      for (auto& result : TRY(Send(table, std::move(writes)))) {
        if (!result && result.error().code != Code::kNotFound) {
          return Fail(std::move(result).error());
        }
        metrics_.rows_written += result ? 1 : 0;
        metrics_.rows_skipped -= result && metrics_.rows_skipped > 0 ? 1 : 0;
      }
      return {};
    }));
  }
  return {};
}

// What refers before what is referred to.
Result<> Pipeline::EndMissing() {
  if (origin_.empty() || partial_ || options_.keep_missing) return {};
  if (metrics_.rows_failed > 0) {
    Note("warn", "rows were rejected, so what the input no longer has is kept");
    return {};
  }
  if (put_ == 0) {
    Note("warn", "the input has no rows, so what an earlier import wrote is kept");
    return {};
  }
  for (const auto& [table, covered] : covered_) {
    TRY(EndMissing(table, covered.filter, Write::Op::kDelete, covered.fields));
  }
  constexpr std::array<std::string_view, 5> kEndOrder = {kEdgesTable, kNodesTable, "relationships",
                                                         "schemas", "assets"};
  for (const std::string_view table : kEndOrder) {
    if (std::ranges::find(tables_, table) == tables_.end()) continue;
    const std::string filter = fmt::format("{}.origin = {}", MarkOf(table), Quoted(origin_));
    TRY(table == kEdgesTable
            ? EndMissing(std::string(table), filter + " and properties.state != superseded",
                         Write::Op::kEvent)
            : EndMissing(std::string(table), filter, Write::Op::kDelete));
  }
  return {};
}

Result<> Pipeline::Finish() {
  if (failed_) return Fail(*failed_);
  TRY(FlushAll());
  if (Cancelled()) return Fail(Code::kUnavailable, "the job was stopped");
  TRY(CommitEdges());
  TRY(EndMissing());
  TRY(EndStale());
  return {};
}

}  // namespace tenon::ingest
