#include "cli/import/uploader.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>

#include "base/json_text.h"

namespace tenon::cli {
namespace {

// A full queue or a restarting server is waited for; rows are upserts, so sending again is safe.
constexpr int kAttemptsMax = 12;
constexpr std::chrono::milliseconds kWaitSlice{50};

bool MayPass(Code code) {
  return code == Code::kTooManyRequests || code == Code::kUnavailable || code == Code::kDeadline ||
         code == Code::kOutcomeUnknown;
}

// Errors that every batch will meet; a batch that is just wrong fails alone.
bool Hopeless(Code code) {
  return MayPass(code) || code == Code::kUnauthenticated || code == Code::kForbidden ||
         code == Code::kNotFound || code == Code::kMethodNotAllowed;
}

UploadResult::Kind KindOf(std::string_view name) {
  if (name == "created") return UploadResult::Kind::kCreated;
  if (name == "unchanged") return UploadResult::Kind::kUnchanged;
  return UploadResult::Kind::kUpdated;
}

// A problem document inside a batch's answer.
}  // namespace

Result<std::unique_ptr<Uploader>> Uploader::Open(Api& api, const EntityInfo& entity,
                                                 UploaderOptions options, Each each) {
  auto uploader =
      std::unique_ptr<Uploader>(new Uploader(entity, std::move(options), std::move(each)));
  for (std::size_t i = 0; i < uploader->options_.in_flight; ++i) {
    uploader->apis_.push_back(TRY(api.Another()));
  }
  for (const std::unique_ptr<Api>& one : uploader->apis_) {
    uploader->workers_.emplace_back([raw = uploader.get(), mine = one.get()] { raw->Work(*mine); });
  }
  return uploader;
}

Uploader::Uploader(const EntityInfo& entity, UploaderOptions options, Each each)
    : entity_(entity),
      options_(std::move(options)),
      each_(std::move(each)),
      filling_(std::make_shared<Batch>()) {}

Uploader::~Uploader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  workers_.clear();  // joins
}

void Uploader::Work(Api& api) {
  while (true) {
    BatchPtr batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stop_ || !waiting_.empty(); });
      if (stop_) return;
      batch = waiting_.front();
      waiting_.pop_front();
    }
    Send(api, *batch);
    {
      const std::lock_guard lock(mutex_);
      batch->done = true;
    }
    changed_.notify_all();
  }
}

// One request for these rows of the batch, again while the server is away or busy.
Result<json::array> Uploader::Post(Api& api, const Batch& batch,
                                   const std::vector<std::size_t>& rows, Patience& patience) const {
  json::array items;
  items.reserve(rows.size());
  for (const std::size_t row : rows) items.push_back(batch.rows[row].fields);
  const std::string body = JsonText(json::object{{"items", std::move(items)},
                                                 {"atomic", false},
                                                 {"upsert", true},
                                                 {"lane", "bulk"},
                                                 {"answer", "keys"}});
  Target target("/v1");
  target.Segment(entity_.table).Text(":batch");
  http::Headers headers;
  if (!options_.job.empty()) headers.Set("Tenon-Job", options_.job);
  // The same key for every attempt: a batch whose answer was lost is not written twice.
  headers.Set("Idempotency-Key", api.NewKey());
  Result<json::value> answer = api.Call("POST", target, std::string_view(body), headers);
  while (!answer && MayPass(answer.error().code) && Wait(patience)) {
    answer = api.Call("POST", target, std::string_view(body), headers);
  }
  if (!answer) return Fail(std::move(answer).error());
  json::object* object = answer->if_object();
  json::value* list = object != nullptr ? object->if_contains("items") : nullptr;
  if (list == nullptr || !list->is_array() || list->get_array().size() != rows.size()) {
    return Fail(Code::kInternal, "the server's answer to a batch has other rows");
  }
  return std::move(list->get_array());
}

bool Uploader::Wait(Patience& patience) const {
  if (++patience.attempts >= kAttemptsMax) return false;
  const auto until = std::chrono::steady_clock::now() + patience.wait;
  patience.wait = std::min(patience.wait * 2, options_.wait_last);
  // In slices, so that Ctrl-C is not kept waiting.
  do {
    if (options_.interrupted && options_.interrupted()) return false;
    std::this_thread::sleep_for(std::min(kWaitSlice, options_.wait_last));
  } while (std::chrono::steady_clock::now() < until);
  return true;
}

void Uploader::Send(Api& api, Batch& batch) const {
  batch.results.resize(batch.rows.size());
  std::vector<std::size_t> rows(batch.rows.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  Patience patience{.wait = options_.wait_first};
  while (true) {
    Result<json::array> items = Post(api, batch, rows, patience);
    if (!items) {
      batch.failed = std::move(items).error();
      return;
    }
    // A row that met a full disk or a full queue is not wrong: it is sent again, and what never
    // passes ends the import, which can be resumed.
    std::vector<std::size_t> again;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      UploadResult& result = batch.results[rows[i]];
      result = ResultOf((*items)[i]);
      if (result.kind == UploadResult::Kind::kFailed && MayPass(result.error.code)) {
        again.push_back(rows[i]);
      }
    }
    if (again.empty()) return;
    if (again.size() < rows.size()) patience = {.wait = options_.wait_first};  // it moves
    if (!Wait(patience)) {
      batch.failed = batch.results[again.front()].error;
      return;
    }
    rows = std::move(again);
  }
}

UploadResult Uploader::ResultOf(const json::value& item) const {
  UploadResult result;
  if (!item.is_object()) {
    result.error = Error(Code::kInternal, "the server answered with no object");
    return result;
  }
  const json::object& row = item.get_object();
  if (IsProblem(row)) {
    result.error = ProblemError(row);
    return result;
  }
  const json::value* outcome = row.if_contains("result");
  const json::value* key = row.if_contains("key");
  result.kind = outcome != nullptr && outcome->is_string()
                    ? KindOf(std::string_view(outcome->get_string()))
                    : UploadResult::Kind::kUpdated;
  result.key =
      key != nullptr && key->is_string() ? std::string(key->get_string()) : entity_.KeyOf(row);
  return result;
}

Result<void> Uploader::Add(UploadRow row) {
  filling_->rows.push_back(std::move(row));
  if (filling_->rows.size() < options_.batch_rows) return {};
  Submit();
  return Collect(false);
}

void Uploader::Submit() {
  if (filling_->rows.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    order_.push_back(filling_);
    waiting_.push_back(filling_);
  }
  changed_.notify_all();
  filling_ = std::make_shared<Batch>();
}

Result<void> Uploader::Collect(bool all) {
  // One batch per worker on its way and one more prepared, so that no connection idles.
  const std::size_t keep = all ? 0 : options_.in_flight + 1;
  while (true) {
    BatchPtr batch;
    {
      std::unique_lock lock(mutex_);
      if (order_.empty()) return {};
      if (!order_.front()->done) {
        if (order_.size() <= keep) return {};
        changed_.wait(lock, [&] { return order_.front()->done; });
      }
      batch = order_.front();
      order_.pop_front();
    }
    if (batch->failed && Hopeless(batch->failed->code)) return Fail(*batch->failed);
    for (std::size_t i = 0; i < batch->rows.size(); ++i) {
      UploadResult result;
      if (batch->failed)
        result.error = *batch->failed;
      else
        result = std::move(batch->results[i]);
      each_(batch->rows[i], result);
    }
  }
}

Result<void> Uploader::Drain() {
  Submit();
  return Collect(true);
}

}  // namespace tenon::cli
