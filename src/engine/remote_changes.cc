#include "engine/remote_changes.h"

#include <pthread.h>

#include <utility>
#include <vector>

#include "base/json.h"

namespace tenon {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::int64_t kPageRows = 1000;
// So far behind it is cheaper to forget everything than to read what was written.
constexpr std::int64_t kBehindMax = 20000;
constexpr milliseconds kLookAnyway{500};
constexpr milliseconds kAfterError{200};

constexpr std::string_view kHeads =
    "SELECT s.seq, a.tenant_id, a.entity_type, a.entity_id, a.metadata FROM audit_seals s "
    "JOIN audits a ON a.id = s.audit_id WHERE s.seq > $1 ORDER BY s.seq LIMIT $2";

std::int64_t NowNs() { return steady_clock::now().time_since_epoch().count(); }

// Rows whose key is not their id say it in the metadata.
std::string KeyOf(const Row& row) {
  const std::string_view metadata = row.Text(4);
  if (metadata.find("\"key\"") != std::string_view::npos) {
    const auto parsed = ParseJson(metadata);
    const json::object* members = parsed ? parsed->if_object() : nullptr;
    const json::value* key = members == nullptr ? nullptr : members->if_contains("key");
    if (key != nullptr && key->is_string()) return std::string(key->as_string());
  }
  return std::string(row.Text(3));
}

}  // namespace

RemoteChanges::RemoteChanges(Store& store, Log& log, Hooks hooks)
    : store_(store),
      log_(log),
      hooks_(std::move(hooks)),
      shared_(std::make_shared<Shared>()),
      position_(log.Last()),
      caught_up_ns_(NowNs()) {
  subscription_ = log_.Subscribe([shared = shared_](std::int64_t) {
    {
      const std::lock_guard lock(shared->mutex);
      shared->moved = true;
    }
    shared->wake.notify_one();
  });
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "tenon-remote");
}

RemoteChanges::~RemoteChanges() { Stop(); }

void RemoteChanges::Stop() {
  if (!thread_.joinable()) return;
  subscription_.reset();
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
  }
  shared_->wake.notify_all();
  thread_.join();
}

bool RemoteChanges::Fresh() const {
  const std::int64_t since = NowNs() - caught_up_ns_.load(std::memory_order_acquire);
  return since < std::chrono::nanoseconds(kStaleMax).count() && log_.Lag() < kStaleMax;
}

void RemoteChanges::Run() {
  for (;;) {
    const Result<void> done = Page();
    // Taken before the next look at `moved`, so that a row that comes meanwhile wakes us.
    const bool behind = done && position_ < log_.Last();
    std::unique_lock lock(shared_->mutex);
    const auto pause = done ? kLookAnyway : kAfterError;
    if (!behind) {
      shared_->wake.wait_for(
          lock, pause, [this, &done] { return shared_->stopping || (done && shared_->moved); });
    }
    shared_->moved = false;
    if (shared_->stopping) return;
  }
}

Result<void> RemoteChanges::Page() {
  const std::int64_t last = log_.Last();
  if (last - position_ > kBehindMax) {
    hooks_.lost_track();
    position_ = last;
  }
  if (position_ < last) {
    const Value parameters[] = {Value(position_), Value(kPageRows)};
    std::vector<RemoteChange> changes;
    std::int64_t seen = position_;
    TRY(store_.Read({.tenant = {}, .across_tenants = true, .one_query = true}, [&](Reader& reader) {
      changes.clear();
      return reader.Query(kHeads, parameters, [&](const Row& row) -> Result<bool> {
        seen = row.Int(0);
        changes.push_back(
            {Uuid::Parse(row.Text(1)).value_or(Uuid{}), std::string(row.Text(2)), KeyOf(row)});
        return true;
      });
    }));
    for (const RemoteChange& change : changes) hooks_.changed(change);
    if (!changes.empty()) hooks_.page_done();
    position_ = seen;
  }
  if (position_ >= last) caught_up_ns_.store(NowNs(), std::memory_order_release);
  return {};
}

}  // namespace tenon
