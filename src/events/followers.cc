#include "events/followers.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "events/running.h"

namespace tenon {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

const Scope kEverywhere{.tenant = {}, .across_tenants = true};

constexpr std::string_view kFindPosition = "SELECT seq FROM follower_positions WHERE name = $1";
constexpr std::string_view kDropPosition = "DELETE FROM follower_positions WHERE name = $1";
constexpr std::string_view kSetPosition =
    "INSERT INTO follower_positions (name, seq, updated_at) VALUES ($1, $2, $3) "
    "ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, updated_at = excluded.updated_at";
// Only from where we believe it to be: another node, or an answer that was lost, may have moved it.
constexpr std::string_view kMovePosition =
    "UPDATE follower_positions SET seq = $1, updated_at = $2 WHERE name = $3 AND seq = $4";

// True for what the follower wrote itself. Metadata is canonical JSON, without blanks.
bool WroteItself(const LogEntry& entry, const std::string& origin_mark) {
  return entry.metadata.find(origin_mark) != std::string::npos;
}

}  // namespace

Followers::Followers(FollowersDeps deps, FollowersOptions options)
    : engine_(deps.engine),
      random_(deps.random),
      options_(std::move(options)),
      pages_(
          [this](const ReadLog& read) -> Result<std::vector<LogEntry>> {
            std::vector<LogEntry> rows;
            TRY(engine_.store().Read(kEverywhere, [&](Reader& reader) -> Result<void> {
              rows = TRY(Log::Read(reader, read));
              return {};
            }));
            return rows;
          },
          options_.kept_bytes),
      shared_(std::make_shared<Shared>()) {}

Followers::~Followers() { Stop(); }

void Followers::Add(Follower& follower) { running_.push_back(std::make_unique<Running>(follower)); }

void Followers::Start() {
  started_ = true;
  subscription_ = engine_.log().Subscribe([shared = shared_](std::int64_t last) {
    {
      const std::lock_guard lock(shared->mutex);
      shared->last = std::max(shared->last, last);
    }
    shared->wake.notify_all();
  });
  for (auto& running : running_) {
    running->thread = std::thread([this, one = running.get()] { Loop(*one); });
  }
}

void Followers::Stop() {
  subscription_.reset();
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
  }
  shared_->wake.notify_all();
  for (auto& running : running_) {
    if (running->thread.joinable()) running->thread.join();
    const std::lock_guard lock(running->mutex);
    running->stopped = true;
    running->moved.notify_all();
  }
}

Followers::Running* Followers::Find(std::string_view name) {
  for (auto& running : running_) {
    if (running->traits.name == name) return running.get();
  }
  return nullptr;
}

Error Followers::Unknown(std::string_view name) {
  std::vector<std::string_view> names;
  for (auto& running : running_) names.push_back(running->traits.name);
  std::string message = "there is no follower " + Ellipsis(name, 64);
  const std::string_view nearest = Nearest(name, names);
  if (!nearest.empty()) message += "; did you mean " + std::string(nearest) + "?";
  return {Code::kNotFound, std::move(message)};
}

bool Followers::Wait(Running& running, milliseconds at_most) {
  std::unique_lock lock(shared_->mutex);
  const auto wanted = [&] { return shared_->stopping || running.nudged.load(); };
  shared_->wake.wait_for(lock, at_most, wanted);
  running.nudged = false;
  return !shared_->stopping;
}

// Twice as long as the last one when more than a row a millisecond has come since.
milliseconds Followers::NextPause(Running& running) const {
  const std::int64_t rows = running.position - std::exchange(running.paused_at, running.position);
  running.pause = rows > running.pause.count() ? running.pause * 2 : milliseconds(0);
  return running.pause = std::clamp(running.pause, options_.pause_min, options_.pause_max);
}

void Followers::Loop(Running& running) {
  // The kernel keeps 15 bytes of a name.
  pthread_setname_np(pthread_self(), ("tenon-" + running.traits.name).substr(0, 15).c_str());
  for (;;) {
    const auto more = StepOnce(running);
    if (!more) {
      // A third of the pause is chance, so that followers of one fault do not return together.
      const auto third = std::max<std::int64_t>(1, running.backoff.count() / 3);
      const auto chance =
          static_cast<std::int64_t>(random_.Next() % static_cast<std::uint64_t>(third));
      if (!Wait(running, running.backoff - milliseconds(chance))) break;
      continue;
    }
    if (*more) {
      const std::lock_guard lock(shared_->mutex);
      if (shared_->stopping) break;
      continue;
    }
    if (!Wait(running, NextPause(running))) break;
    std::unique_lock lock(shared_->mutex);
    const auto due = [&] {
      const std::lock_guard own(running.mutex);
      return shared_->stopping || running.rebuild_wanted || shared_->last > running.position ||
             engine_.log().Last() > running.position;
    };
    // Looked at once a second by itself: a hint may be lost when nodes share a store.
    shared_->wake.wait_for(lock, std::chrono::seconds(1), due);
    if (shared_->stopping) break;
  }
  const std::lock_guard stepping(running.stepping);
  pages_.Away(&running);
  if (running.begun) static_cast<void>(SavePosition(running));
}

Result<bool> Followers::Step(std::string_view name) {
  Running* running = Find(name);
  if (running == nullptr) return Fail(Unknown(name));
  return StepOnce(*running);
}

Result<void> Followers::Drain() {
  for (bool more = true; more;) {
    more = false;
    for (auto& running : running_) {
      while (TRY(StepOnce(*running))) more = true;
    }
  }
  return {};
}

Result<bool> Followers::StepOnce(Running& running) {
  const std::lock_guard stepping(running.stepping);
  const auto step = [&]() -> Result<bool> {
    const bool elsewhere = TRY(IsElsewhere(running));
    if (!running.begun) TRY(Begin(running));
    bool rebuild = false;
    {
      const std::lock_guard lock(running.mutex);
      rebuild = std::exchange(running.rebuild_wanted, false);
    }
    if (elsewhere && !rebuild) return false;
    if (rebuild) {
      if (auto rebuilt = RebuildNow(running); !rebuilt) {
        const std::lock_guard lock(running.mutex);
        running.rebuild_wanted = true;
        return std::unexpected(std::move(rebuilt).error());
      }
      return true;
    }
    if (running.position >= engine_.log().Last()) return false;
    TRY(ApplyPage(running, TRY(ReadPage(running))));
    return running.position < engine_.log().Last();
  };
  auto more = step();
  if (!more) {
    Failed(running, more.error());
    return more;
  }
  running.page_rows = std::min(running.traits.page_rows, running.page_rows * 2);
  running.backoff = milliseconds(0);
  const std::lock_guard lock(running.mutex);
  running.failing = false;
  return more;
}

// Whether another node applies; then its position is ours. What that node leaves behind, this one
// begins with as after a start. A rebuild that somebody asked of this node is made here all the
// same: the follower sorts out who is the last.
Result<bool> Followers::IsElsewhere(Running& running) {
  const auto position = TRY(running.follower.Elsewhere());
  if (position.has_value() != running.elsewhere) running.begun = false;
  running.elsewhere = position.has_value();
  if (!position) return false;
  running.begun = true;
  Moved(running, *position);
  return true;
}

// Where it stands. Asked again after each failure: the position may have moved without us knowing.
Result<void> Followers::Begin(Running& running) {
  const FollowerTraits& traits = running.traits;
  std::optional<std::int64_t> saved;
  if (traits.keeps == Keeps::kOwn) {
    saved = TRY(running.follower.Saved());
  } else {
    const Value name(traits.name);
    TRY(engine_.store().Read(kEverywhere, [&](Reader& reader) {
      return reader.Query(kFindPosition, std::span(&name, 1), [&](const Row& row) -> Result<bool> {
        saved = row.Int(0);
        return false;
      });
    }));
  }
  const std::int64_t last = engine_.log().Last();
  if (saved && *saved > last) {
    // The log is older than what was kept: a backup was put back.
    if (options_.log) {
      options_.log("warn", fmt::format("follower {} stood at {}, the log ends at {}; it {}",
                                       traits.name, *saved, last,
                                       traits.start == Start::kRebuild ? "is built anew"
                                                                       : "goes on from there"));
    }
    saved = traits.start == Start::kRebuild ? std::nullopt : std::optional(last);
  }
  running.saved = traits.keeps == Keeps::kOwn ? std::nullopt : saved;
  bool rebuild = false;
  if (!saved) {
    rebuild = traits.start == Start::kRebuild;
    saved = traits.start == Start::kEnd ? last : 0;
  }
  {
    const std::lock_guard lock(running.mutex);
    running.rebuild_wanted = running.rebuild_wanted || rebuild;
  }
  Moved(running, *saved);
  running.begun = true;
  running.page_rows =
      std::max<std::int64_t>(1, running.failures_total == 0 ? traits.page_rows : running.page_rows);
  // The beginning itself is kept, so that "from now on" does not begin anew with each start.
  if (!rebuild && traits.keeps != Keeps::kOwn && !running.saved) TRY(SavePosition(running));
  return {};
}

Result<void> Followers::RebuildNow(Running& running) {
  const bool keeps_position = running.traits.keeps != Keeps::kOwn;
  if (keeps_position) {
    // Without a position it begins anew when this process dies in the middle.
    const Value name(running.traits.name);
    TRY(engine_.store().Write(kEverywhere, [&](Transaction& transaction) -> Result<void> {
      TRY(transaction.Execute(kDropPosition, std::span(&name, 1)));
      return {};
    }));
    running.saved.reset();
  }
  pages_.Away(&running);
  RebuildRun run;
  run.position = engine_.log().Last();
  run.progress = [&](std::int64_t done, std::int64_t total) {
    const std::lock_guard shared(shared_->mutex);
    const std::lock_guard lock(running.mutex);
    running.rebuild_done = done;
    running.rebuild_total = total;
    return !shared_->stopping && !running.rebuild_wanted;
  };
  {
    const std::lock_guard lock(running.mutex);
    running.rebuilding = true;
    running.rebuild_done = running.rebuild_total = 0;
  }
  auto rebuilt = running.follower.Rebuild(run);
  {
    const std::lock_guard lock(running.mutex);
    running.rebuilding = false;
    if (rebuilt) ++running.rebuilds_total;
  }
  if (!rebuilt) return rebuilt;
  Moved(running, run.position);
  if (keeps_position) TRY(SavePosition(running));
  if (options_.log) options_.log("info", "follower " + running.traits.name + " was built anew");
  return {};
}

Result<LogPages::Slice> Followers::ReadPage(Running& running) {
  ReadLog read;
  read.after = running.position;
  read.limit = running.page_rows;
  read.until = engine_.log().Last();
  read.bytes_max = options_.page_bytes;
  return pages_.Read(read);
}

Result<void> Followers::ApplyPage(Running& running, LogPages::Slice slice) {
  const FollowerTraits& traits = running.traits;
  FollowerPage page;
  page.position = slice.last;
  const std::string own = "\"origin\":\"" + traits.name + "\"";
  std::vector<const LogEntry*>& rows = slice.rows;
  std::erase_if(rows, [&](const LogEntry* entry) {
    const bool of_type = traits.types.empty() ||
                         std::ranges::find(traits.types, entry->entity_type) != traits.types.end();
    return !of_type || WroteItself(*entry, own);
  });
  page.rows = LogRows(rows);
  if (traits.keeps == Keeps::kInStore && !rows.empty() &&
      TRY(running.follower.Prepare(page.rows))) {
    TRY(engine_.Write([&](EngineWriter& writer) -> Result<void> {
      const std::vector<Value> move = {Value(page.position), Value(writer.now()),
                                       Value(traits.name), Value(running.saved.value_or(0))};
      if (TRY(writer.transaction().Execute(kMovePosition, move)) != 1) {
        return Overtaken(running);
      }
      page.writer = &writer;
      return running.follower.Apply(page);
    }));
    running.saved = page.position;
    running.saved_at = steady_clock::now();
  } else if (traits.keeps == Keeps::kOwn || (traits.keeps == Keeps::kOutside && !rows.empty())) {
    TRY(running.follower.Apply(page));
  }
  Moved(running, page.position);
  {
    const std::lock_guard lock(running.mutex);
    running.rows_total += static_cast<std::int64_t>(rows.size());
  }
  const bool due = steady_clock::now() - running.saved_at >= options_.save_every;
  if (due && traits.keeps != Keeps::kOwn) TRY(SavePosition(running));
  return {};
}

Result<void> Followers::SavePosition(Running& running) {
  if (running.traits.keeps == Keeps::kOwn || running.saved == running.position) return {};
  const std::int64_t position = running.position;
  const std::vector<Value> set = {Value(running.traits.name), Value(position),
                                  Value(engine_.clock().Now())};
  const std::vector<Value> move = {Value(position), set[2], Value(running.traits.name),
                                   Value(running.saved.value_or(0))};
  TRY(engine_.store().Write(
      kEverywhere,
      [&](Transaction& transaction) -> Result<void> {
        if (!running.saved) {
          TRY(transaction.Execute(kSetPosition, set));
        } else if (TRY(transaction.Execute(kMovePosition, move)) != 1) {
          return Overtaken(running);
        }
        return {};
      },
      Lane::kBulk));
  running.saved = position;
  running.saved_at = steady_clock::now();
  return {};
}

void Followers::Moved(Running& running, std::int64_t position) {
  if (running.elsewhere) {
    pages_.Away(&running);
  } else {
    pages_.At(&running, position);
  }
  const std::lock_guard lock(running.mutex);
  running.position = position;
  running.moved.notify_all();
}

std::unexpected<Error> Followers::Overtaken(Running& running) {
  running.overtaken = true;
  return Fail(Code::kConflict, "another node moved the position");
}

void Followers::Failed(Running& running, const Error& error) {
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->stopping) return;  // cut short by us: the next start goes on
  }
  pages_.Away(&running);
  running.begun = false;
  running.page_rows = 1;
  running.backoff = std::clamp(running.backoff * 2, options_.backoff_min, options_.backoff_max);
  // Nodes take turns so: the rows are done, and nothing is wrong.
  if (std::exchange(running.overtaken, false)) return;
  bool news = false;
  {
    const std::lock_guard lock(running.mutex);
    // While the store is away the same is said in many words.
    const bool away = error.code == Code::kUnavailable;
    news = !running.failing || (!away && running.last_error != error.message);
    running.failing = true;
    ++running.failures_total;
    running.last_error = error.message;
    running.last_error_at = engine_.clock().Now();
    running.moved.notify_all();
  }
  if (news && options_.log) {
    options_.log("error", fmt::format("follower {} at {}: {}; tried again", running.traits.name,
                                      running.position, error.message));
  }
}

Result<void> Followers::WaitFor(std::string_view name, milliseconds deadline) {
  Running* running = Find(name);
  if (running == nullptr) return Fail(Unknown(name));
  const auto until = steady_clock::now() + deadline;
  const std::int64_t target = TRY(engine_.log().Settle(kEverywhere, deadline)).seq;
  if (!started_) {
    while (running->position < target || !running->begun) {
      if (!TRY(StepOnce(*running)) && running->position < target) break;
    }
    return {};
  }
  std::unique_lock lock(running->mutex);
  if (running->position < target && !running->failing) {
    lock.unlock();
    Nudge(*running);
    lock.lock();
  }
  const bool done = running->moved.wait_until(lock, until, [&] {
    return running->position >= target || running->failing || running->stopped;
  });
  if (running->position >= target && !running->rebuilding) return {};
  if (running->failing) {
    return Fail(Code::kUnavailable,
                fmt::format("{} does not follow the log now: {}", name, running->last_error));
  }
  Error error(
      done ? Code::kUnavailable : Code::kDeadline,
      running->rebuilding
          ? fmt::format("{} is being built anew; try again in a moment", name)
          : fmt::format("{} has not caught up with the log yet; try again in a moment", name));
  error.retry_after_s = 1;
  return Fail(std::move(error));
}

Result<void> Followers::Rebuild(std::string_view name) {
  Running* running = Find(name);
  if (running == nullptr) return Fail(Unknown(name));
  if (running->traits.start != Start::kRebuild) {
    return Fail(Code::kMethodNotAllowed,
                fmt::format("{} is made from the log as it comes; it cannot be built anew", name));
  }
  {
    const std::lock_guard lock(running->mutex);
    running->rebuild_wanted = true;
  }
  Nudge(*running);
  return {};
}

void Followers::Nudge(Running& running) {
  {
    const std::lock_guard lock(shared_->mutex);
    running.nudged = true;
  }
  shared_->wake.notify_all();
}

}  // namespace tenon
