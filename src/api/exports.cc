// GET /v1/exports/TABLE: all rows as NDJSON, as fast as the client takes them.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "api/endpoints.h"
#include "api/query.h"

namespace tenon {
namespace {

constexpr std::size_t kPieceBytes = 64u << 10;
// A client that takes nothing for so long gives its thread back.
constexpr std::chrono::seconds kPatience{30};

// Joins the engine, which pushes pieces on a thread of the pool, to the connection, which asks for
// them. Holds at most one piece.
class ExportStream final : public http::BodyStream {
 public:
  explicit ExportStream(TenantSlots::Slot slot) : slot_(std::move(slot)) {}

  void Next(Ready ready) override {
    {
      const std::lock_guard lock(mutex_);
      if (!cancelled_ && !finished_) {
        ready_ = std::move(ready);
        ready = nullptr;
      }
    }
    if (ready) return ready(End());
    asked_.notify_one();
  }

  void Cancel() override {
    Ready ready;
    {
      const std::lock_guard lock(mutex_);
      cancelled_ = true;
      ready = std::move(ready_);
      ready_ = nullptr;
    }
    asked_.notify_one();
    if (ready) ready(std::optional<std::string>());
  }

  // On the pool: waits until the connection asks. False: stop.
  bool Push(std::string piece) {
    Ready ready = Wait();
    if (!ready) return false;
    ready(std::optional<std::string>(std::move(piece)));
    return true;
  }

  void Finish(Result<void> result) {
    Ready ready = Wait();
    {
      const std::lock_guard lock(mutex_);
      finished_ = true;
      failed_ = !result;
      slot_.reset();
    }
    if (!ready) return;
    // An error cuts the connection, so that half an export never looks like a whole one.
    if (!result) return ready(Fail(std::move(result).error()));
    ready(std::optional<std::string>());
  }

 private:
  Ready Wait() {
    std::unique_lock lock(mutex_);
    asked_.wait_for(lock, kPatience, [&] { return cancelled_ || ready_ != nullptr; });
    Ready ready = std::move(ready_);
    ready_ = nullptr;
    if (!ready) cancelled_ = true;
    return ready;
  }

  // What a connection is told that asks after the last piece.
  Result<std::optional<std::string>> End() {
    const std::lock_guard lock(mutex_);
    if (failed_ || !finished_) return Fail(Code::kUnavailable, "the export was cut");
    return std::optional<std::string>();
  }

  std::mutex mutex_;
  std::condition_variable asked_;
  // Guarded by mutex_.
  TenantSlots::Slot slot_;
  Ready ready_;
  bool cancelled_ = false;
  bool finished_ = false;
  bool failed_ = false;
};

void SendHead(Exchange& exchange, std::shared_ptr<ExportStream> stream) {
  http::Response response;
  response.headers.Set("Content-Type", "application/x-ndjson");
  response.headers.Set("Content-Disposition",
                       "attachment; filename=\"" + exchange.entity->table + ".ndjson\"");
  response.headers.Set("Cache-Control", "no-store");
  response.stream = std::move(stream);
  exchange.Send(std::move(response));
}

}  // namespace

void HandleExport(const ApiContext& api, const ExchangePtr& exchange) {
  const auto room = static_cast<std::size_t>(std::max(1, api.pool.threads() / 2));
  TenantSlots::Slot slot =
      api.exports.total() < room ? api.exports.Take(exchange->caller.tenant) : nullptr;
  if (slot == nullptr) {
    Error error(Code::kTooManyRequests, "other exports are running; try again when they are done");
    error.retry_after_s = 10;
    return exchange->Fail(error);
  }
  auto stream = std::make_shared<ExportStream>(std::move(slot));
  std::string buffer;
  bool begun = false;
  const auto flush = [&] {
    // The status goes out with the first piece: until then an error can still have its own.
    if (!begun) SendHead(*exchange, stream);
    begun = true;
    return buffer.empty() || stream->Push(std::exchange(buffer, {}));
  };
  auto result =
      api.engine.Export(exchange->caller, *exchange->entity,
                        TextParameter(exchange->request, "filter"), [&](std::string_view piece) {
                          buffer += piece;
                          return buffer.size() < kPieceBytes || flush();
                        });
  if (!result && !begun) return exchange->Fail(result.error());
  if (result) flush();
  stream->Finish(std::move(result));
}

}  // namespace tenon
