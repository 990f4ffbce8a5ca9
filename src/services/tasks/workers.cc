#include "services/tasks/workers.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "auth/identity.h"
#include "base/clock.h"
#include "base/text.h"

namespace tenon::tasks {
namespace {

// How many candidates are looked at before giving the others a turn.
constexpr int kCandidates = 16;
constexpr std::size_t kErrorBytesMax = 2000;

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

std::int64_t IntOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

Caller CallerFor(const Uuid& tenant) {
  Caller caller = SystemCaller(tenant, "");
  caller.user_agent = "tenon tasks";
  return caller;
}

std::string DurationText(std::chrono::milliseconds duration) {
  return FormatDuration(std::chrono::duration_cast<Duration>(duration));
}

// What went wrong, with the fields: a task's row is often all that its owner sees.
std::string MessageOf(const Error& error) {
  std::string message = error.message;
  for (const FieldError& field : error.fields) {
    message += fmt::format("; {}: {}", field.path, field.message);
  }
  return Ellipsis(message, kErrorBytesMax);
}

}  // namespace

bool IsWorthAnotherTry(const Error& error) {
  switch (error.code) {
    case Code::kTooManyRequests:
    case Code::kInternal:
    case Code::kUnavailable:
    case Code::kDeadline:
    case Code::kOutcomeUnknown:
      return true;
    default:
      return false;
  }
}

class Workers::Attempt final : public Run {
 public:
  Attempt(const Candidate& candidate, const Kind& kind, std::string worker,
          const std::atomic<bool>& stopping)
      : id_(candidate.id),
        tenant_(candidate.tenant),
        kind_(&kind),
        worker_(std::move(worker)),
        stopping_(stopping) {
    if (const auto* payload = candidate.row.if_contains("payload"); payload != nullptr) {
      if (payload->is_object()) payload_ = payload->get_object();
    }
    created_by_ = Uuid::Parse(TextOf(candidate.row, "created_by")).value_or(Uuid());
    retries_ = static_cast<int>(IntOf(candidate.row, "retry_count"));
    retries_max_ = static_cast<int>(IntOf(candidate.row, "max_retries"));
  }

  [[nodiscard]] const std::string& id() const override { return id_; }
  [[nodiscard]] const Uuid& tenant() const override { return tenant_; }
  [[nodiscard]] const Uuid& created_by() const override { return created_by_; }
  [[nodiscard]] const json::object& payload() const override { return payload_; }
  [[nodiscard]] int attempt() const override { return retries_ + 1; }
  void Progress(int percent) override { percent_ = std::clamp(percent, 0, 99); }
  [[nodiscard]] bool Cancelled() const override { return lost_ || stopping_; }
  [[nodiscard]] bool Stopping() const override { return stopping_ && !lost_; }

  [[nodiscard]] const Kind& kind() const { return *kind_; }
  [[nodiscard]] const std::string& worker() const { return worker_; }
  [[nodiscard]] int percent() const { return percent_; }
  [[nodiscard]] int retries() const { return retries_; }
  [[nodiscard]] bool has_retries() const { return retries_ < retries_max_; }
  // The row is no longer ours: cancelled, or another worker's.
  void Lose() { lost_ = true; }
  [[nodiscard]] bool lost() const { return lost_; }

 private:
  const std::string id_;
  const Uuid tenant_;
  const Kind* kind_;
  const std::string worker_;
  const std::atomic<bool>& stopping_;
  json::object payload_;
  Uuid created_by_;
  int retries_ = 0, retries_max_ = 0;
  std::atomic<int> percent_{0};
  std::atomic<bool> lost_{false};
};

Workers::Workers(WorkersDeps deps, std::vector<Kind> kinds, WorkersOptions options)
    : deps_(std::move(deps)),
      options_(options),
      entity_(deps_.engine.model().FindTable("background_tasks")),
      name_(deps_.ids.V7().ToString()),
      backoff_("tasks", deps_.log) {
  for (Kind& kind : kinds) {
    filter_ += fmt::format("{}\"{}\"", filter_.empty() ? "" : ", ", kind.type);
    std::string type = kind.type;
    kinds_.emplace(std::move(type), std::move(kind));
  }
  filter_ = fmt::format(
      "status = PENDING and type in ({}) and (run_after is null or run_after <= "
      "now())",
      filter_);
}

Workers::~Workers() { Stop(); }

void Workers::Say(std::string_view level, const std::string& message) const {
  if (deps_.log) deps_.log(level, message);
}

Result<std::vector<Workers::Candidate>> Workers::FindWork() {
  Caller everywhere = CallerFor(SystemTenantId());
  everywhere.across_tenants = true;
  ListQuery query;
  query.filter = filter_;
  query.order_by = "priority desc, created_at";
  query.page_size = kCandidates;
  const json::value page = TRY(ParseJson(TRY(deps_.engine.List(everywhere, *entity_, query))));
  std::vector<Candidate> found;
  for (const json::value& item : page.as_object().at("items").as_array()) {
    const json::object& row = item.as_object();
    const auto tenant = Uuid::Parse(TextOf(row, "tenant_id"));
    if (tenant) found.push_back({TextOf(row, "id"), *tenant, row});
  }
  return found;
}

Result<Outcome> Workers::Fire(const Attempt& attempt, const std::string& event, json::object body) {
  Command command;
  command.op = Command::Op::kEvent;
  command.entity = entity_;
  command.id = attempt.id();
  command.event = event;
  body["worker"] = attempt.worker();
  command.body = std::move(body);
  return deps_.engine.ApplyAndWait(CallerFor(attempt.tenant()), std::move(command));
}

Result<std::unique_ptr<Workers::Attempt>> Workers::Claim(const Candidate& candidate) {
  const auto kind = kinds_.find(TextOf(candidate.row, "type"));
  if (kind == kinds_.end()) return std::unique_ptr<Attempt>();
  // Unlike that of every other claim, so that a worker which lost its lease cannot report on the
  // claim of another, not even of its own process.
  auto attempt = std::make_unique<Attempt>(
      candidate, kind->second, fmt::format("{}/{}", name_, deps_.ids.NewUlid().ToString()),
      stopping_);
  auto claimed = Fire(*attempt, "claim", {{"lease", DurationText(options_.lease)}});
  if (claimed) return attempt;
  // Somebody was faster, or it is gone.
  if (claimed.error().code == Code::kConflict || claimed.error().code == Code::kNotFound) {
    return std::unique_ptr<Attempt>();
  }
  return Fail(std::move(claimed).error());
}

Result<bool> Workers::RunOne() {
  if (entity_ == nullptr || kinds_.empty()) return false;
  std::unique_ptr<Attempt> attempt;
  for (const Candidate& candidate : TRY(FindWork())) {
    attempt = TRY(Claim(candidate));
    if (attempt) break;
  }
  if (!attempt) return false;
  {
    const std::lock_guard lock(mutex_);
    running_.push_back(attempt.get());
  }
  Result<json::value> result = attempt->kind().run(*attempt);
  {
    const std::lock_guard lock(mutex_);
    std::erase(running_, attempt.get());
  }
  Finish(*attempt, std::move(result));
  return true;
}

void Workers::Finish(Attempt& attempt, Result<json::value> result) {
  const std::string& type = attempt.kind().type;
  if (attempt.lost()) {
    Count(type, "cancelled");
    return;
  }
  Result<Outcome> told;
  if (!result && stopping_ && IsWorthAnotherTry(result.error())) {
    told = Fire(attempt, "release", {});
    Count(type, "released");
  } else if (result) {
    told = Fire(attempt, "complete", {{"result", *std::move(result)}});
    Count(type, "completed");
  } else {
    const std::string message = MessageOf(result.error());
    Say("warn", fmt::format("task {} ({}) failed: {}", attempt.id(), type, message));
    const bool again = IsWorthAnotherTry(result.error()) && attempt.has_retries();
    json::object body{{"error_message", message}};
    if (!result.error().details.empty()) body["result"] = result.error().details;
    if (again) {
      std::chrono::milliseconds wait = options_.retry_first;
      for (int i = 0; i < attempt.retries() && wait < options_.retry_max; ++i) wait *= 2;
      wait = std::min<std::chrono::milliseconds>(wait, options_.retry_max);
      const auto half = static_cast<std::uint64_t>(wait.count() / 2);
      wait = std::chrono::milliseconds(
          static_cast<std::int64_t>(half + deps_.random.Next() % (half + 1)));
      body["retry_in"] = DurationText(wait);
    }
    Count(type, again ? "retried" : "failed");
    told = Fire(attempt, again ? "fail" : "give_up", std::move(body));
  }
  // Cancelled at the last moment, or the lease was lost: the row says it better than we do.
  if (!told && told.error().code != Code::kConflict && told.error().code != Code::kNotFound) {
    Say("error", fmt::format("task {}: its end could not be written: {}", attempt.id(),
                             told.error().message));
  }
}

void Workers::Renew() {
  // Under the lock, so that an attempt does not go away while its lease is renewed.
  const std::unique_lock lock(mutex_);
  for (Attempt* attempt : running_) {
    const auto renewed =
        Fire(*attempt, "advance",
             {{"progress", attempt->percent()}, {"lease", DurationText(options_.lease)}});
    if (renewed) continue;
    const Code code = renewed.error().code;
    if (code == Code::kConflict || code == Code::kNotFound) attempt->Lose();
  }
}

void Workers::Start() {
  for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { WorkLoop(); });
  threads_.emplace_back([this] { RenewLoop(); });
}

void Workers::WorkLoop() {
  std::uint64_t seen = 0;
  while (!stopping_) {
    const auto ran = RunOne();
    if (!ran) {
      if (stopping_) return;
      const auto pause = backoff_.Failed(ran.error());
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, pause, [this] { return stopping_.load(); });
      continue;
    }
    backoff_.Succeeded();
    if (*ran) continue;
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, options_.poll, [&] { return stopping_ || wakes_ != seen; });
    seen = wakes_;
  }
}

void Workers::RenewLoop() {
  while (!stopping_) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, options_.renew, [&] { return stopping_.load(); });
    }
    if (!stopping_) Renew();
  }
}

void Workers::Wake() {
  const std::lock_guard lock(mutex_);
  ++wakes_;
  wake_.notify_all();
}

void Workers::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Workers::Count(const std::string& type, std::string_view outcome) {
  const std::lock_guard lock(mutex_);
  ++counts_[{type, std::string(outcome)}];
}

WorkersStats Workers::stats() const {
  const std::lock_guard lock(mutex_);
  WorkersStats stats;
  stats.running = static_cast<std::int64_t>(running_.size());
  for (const auto& [key, count] : counts_) {
    if (key.second == "completed") stats.completed += count;
    if (key.second == "failed") stats.failed += count;
    if (key.second == "retried") stats.retried += count;
    if (key.second == "cancelled") stats.cancelled += count;
    if (key.second == "released") stats.released += count;
  }
  return stats;
}

void Workers::AppendMetrics(std::string& out) const {
  const std::lock_guard lock(mutex_);
  out +=
      "# HELP tenon_tasks_running Background tasks that run on this node.\n"
      "# TYPE tenon_tasks_running gauge\n";
  out += fmt::format("tenon_tasks_running {}\n", running_.size());
  out +=
      "# HELP tenon_tasks_total Attempts at background tasks on this node, by how they ended.\n"
      "# TYPE tenon_tasks_total counter\n";
  for (const auto& [key, count] : counts_) {
    out += fmt::format("tenon_tasks_total{{type=\"{}\",outcome=\"{}\"}} {}\n", key.first,
                       key.second, count);
  }
}

}  // namespace tenon::tasks
