// From a source's rows to written ones: batches, references between rows, edges that stay pending
// until all is read, what an earlier run wrote and this one no longer has, numbers, rejects and the
// place to go on from. The same for an import in the server and one from the command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "services/ingest/metrics.h"
#include "services/ingest/owned_members.h"
#include "services/ingest/row_sink.h"
#include "services/ingest/target.h"

namespace tenon::ingest {

struct PipelineOptions {
  std::size_t batch_rows = 1000;  // as many as a server takes at once
  std::size_t batch_bytes = 3u << 20;
  std::string job;          // id of the job whose pending edges are committed
  json::object checkpoint;  // of an earlier run of the job; empty: none
  bool fail_on_reject = false;
  bool keep_missing = false;  // supersede and delete nothing
  int attempts_max = 8;       // of a row that meets a busy store
};

// What the pipeline tells whoever runs it; each may be null.
struct PipelineHooks {
  std::function<bool()> cancelled;
  // After each batch.
  std::function<void(const JobMetrics& metrics, const json::object& checkpoint)> progress;
  std::function<void(const std::string& phase, std::int64_t rows_total)> phase;
  // {"where", "line", "offset", "reason", "errors", "row"}
  std::function<void(json::object reject)> reject;
  std::function<void(std::string_view level, const std::string& message)> note;
  // Waits before rows are sent again; false: stop.
  std::function<bool(std::chrono::milliseconds)> wait;
};

// Not thread-safe.
class Pipeline final : public RowSink {
 public:
  Pipeline(Target& target, PipelineOptions options, PipelineHooks hooks);

  // After the source returned well: writes what is left, commits the job's pending edges, ends what
  // the input no longer has. kUnavailable when it was cancelled.
  Result<> Finish();

  [[nodiscard]] const JobMetrics& metrics() const { return metrics_; }
  [[nodiscard]] json::object checkpoint() const;

  void Begin(const std::string& origin, std::vector<std::string> tables) override;
  void Fingerprint(const std::string& input) override;
  void Covers(const std::string& table, const std::string& filter,
              const std::string& fields) override;
  Result<std::map<std::string, std::string>> Find(const std::string& table,
                                                  const std::string& field,
                                                  const std::vector<std::string>& values) override;
  void Phase(const std::string& name, std::int64_t rows_total) override;
  Result<> Put(SourceRow row) override;
  Result<> Reject(const Position& at, const std::string& where, const std::string& reason,
                  std::string_view text) override;
  void Bytes(std::int64_t read, std::int64_t total) override;
  void Note(std::string_view level, const std::string& message) override;
  void SetCheckpoint(json::object checkpoint) override;
  void Partial(const std::string& why) override;
  bool Cancelled() override;

 private:
  struct Buffer {
    std::string table;
    std::vector<SourceRow> rows;
  };

  Result<> FlushAll();
  Result<> Flush(Buffer& buffer);
  // Resolves references; rows whose reference is missing are rejected and left out.
  Result<std::vector<SourceRow>> Resolve(std::vector<SourceRow> rows);
  Result<> WriteRows(const std::string& table, std::vector<SourceRow> rows);
  // Brings nodes back whose id a deleted one still has, and writes them again. The rows are those
  // whose results are conflicts; their results are replaced.
  Result<> Revive(const std::string& table, const std::vector<SourceRow>& rows,
                  std::vector<Result<Written>>& results);
  Result<> WriteEdges(std::vector<SourceRow> rows);
  // Apply, again for the rows that met a busy store.
  Result<std::vector<Result<Written>>> Send(const std::string& table, std::vector<Write> writes);
  Result<> Count(const SourceRow& row, const Result<Written>& result);
  Result<> RejectRow(const SourceRow& row, const Error& error);
  void Mark(SourceRow& row) const;
  void Saw(const std::string& table, const std::string& key);
  // States of edges by id.
  Result<std::unordered_map<std::string, std::string>> EdgeStates(
      const std::vector<std::string>& ids);

  Result<> CommitEdges();
  Result<> Commit(const std::vector<std::string>& edges);
  Result<> EndMissing();
  Result<> EndMissing(const std::string& table, const std::string& filter, Write::Op op,
                      const std::string& key_fields = "id");
  Result<> EndStale();
  // The rows that the filter finds, a page at a time.
  Result<> Each(const std::string& table, const std::string& filter, const std::string& fields,
                const std::function<Result<>(const json::array& rows)>& page);

  Target& target_;
  const PipelineOptions options_;
  const PipelineHooks hooks_;
  JobMetrics metrics_;
  std::string origin_, input_;
  std::vector<std::string> tables_;  // that the origin is the whole of
  std::vector<Buffer> buffers_;      // by table, in the order in which they first came
  std::size_t buffered_bytes_ = 0;
  std::unordered_map<std::string, std::string> keys_;  // by ref
  // Hashes of the keys that this run wrote or found, by table.
  std::unordered_map<std::string, std::vector<std::uint64_t>> seen_;
  struct Covered {
    std::string filter, fields;
  };
  std::map<std::string, Covered> covered_;     // by table
  std::map<std::string, OwnedMembers> owned_;  // by table
  std::vector<std::string> pending_;           // edges that an earlier job left so
  std::int64_t put_ = 0;                       // rows
  std::int64_t skip_until_ = 0;                // rows that an earlier run did
  json::object source_checkpoint_, done_checkpoint_;
  std::int64_t done_rows_ = 0;
  bool partial_ = false;
  std::optional<Error> failed_;
};

}  // namespace tenon::ingest
