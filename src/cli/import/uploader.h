// Rows into batches, several of them on their way at once, their results back in the order in
// which the rows came in.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "cli/api.h"
#include "cli/catalog.h"

namespace tenon::cli {

struct UploadRow {
  json::object fields;
  std::int64_t tag = 0;  // the caller's own: which row it was
  // Where it stands in its source, for the rejects file, and where the next one begins, for the
  // checkpoint.
  std::uint64_t offset = 0;
  std::uint64_t line = 0;
  std::uint64_t next_offset = 0;
  std::uint64_t next_line = 0;
};

struct UploadResult {
  enum class Kind { kCreated, kUpdated, kUnchanged, kFailed };
  Kind kind = Kind::kFailed;
  std::string key;  // of the row; empty when it failed
  Error error;      // of kFailed
};

struct UploaderOptions {
  std::size_t batch_rows = 500;
  std::size_t in_flight = 4;  // batches at once, each on a connection and a thread of its own
  std::string job;            // id of the job that the rows belong to; may be empty
  std::function<bool()> interrupted;
  // Before a batch that a busy or absent server did not take is sent again: twice as long each
  // time.
  std::chrono::milliseconds wait_first{50};
  std::chrono::milliseconds wait_last{5000};
};

// Used by one thread; its workers stay inside. Results come on the caller's thread, from Add,
// Drain.
class Uploader {
 public:
  using Each = std::function<void(UploadRow& row, UploadResult& result)>;

  static Result<std::unique_ptr<Uploader>> Open(Api& api, const EntityInfo& entity,
                                                UploaderOptions options, Each each);
  ~Uploader();

  // Queues the row. Waits while too many batches are on their way; an error is one that no further
  // row can overcome (no server, no key, a full disk for half a minute), after which every call
  // fails.
  Result<void> Add(UploadRow row);
  // Sends what is left and waits for all results.
  Result<void> Drain();

 private:
  struct Batch {
    std::vector<UploadRow> rows;
    std::vector<UploadResult> results;
    std::optional<Error> failed;  // the batch as a whole
    bool done = false;
  };
  using BatchPtr = std::shared_ptr<Batch>;  // held by the queue and the worker that has it

  Uploader(const EntityInfo& entity, UploaderOptions options, Each each);
  void Work(Api& api);
  // How long one batch has been waiting for the server.
  struct Patience {
    int attempts = 0;
    std::chrono::milliseconds wait{};
  };

  void Send(Api& api, Batch& batch) const;
  Result<json::array> Post(Api& api, const Batch& batch, const std::vector<std::size_t>& rows,
                           Patience& patience) const;
  // False when it has been long enough, or the user wants to stop.
  bool Wait(Patience& patience) const;
  UploadResult ResultOf(const json::value& item) const;
  void Submit();
  // Hands over finished batches at the front; with `all` waits for every one.
  Result<void> Collect(bool all);

  const EntityInfo& entity_;
  const UploaderOptions options_;
  const Each each_;
  BatchPtr filling_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<BatchPtr> order_;    // as they came in, until their results are handed over
  std::deque<BatchPtr> waiting_;  // not yet taken by a worker
  bool stop_ = false;

  std::vector<std::unique_ptr<Api>> apis_;
  std::vector<std::jthread> workers_;
};

}  // namespace tenon::cli
