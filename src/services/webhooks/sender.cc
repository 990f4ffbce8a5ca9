#include "services/webhooks/sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "engine/plan.h"
#include "events/follower.h"
#include "services/webhooks/message.h"

namespace tenon::webhooks {
namespace {

const Scope kEverywhere{.tenant = {}, .across_tenants = true};
constexpr std::string_view kOrigin = "webhooks";
constexpr std::size_t kErrorBytesMax = 1000;

// Retry-After in seconds, or none; dates are passed over.
std::chrono::milliseconds RetryAfter(const net::Response& response) {
  const auto text = net::Find(response.headers, "Retry-After");
  int seconds = 0;
  if (!text) return {};
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (error != std::errc() || end != text->data() + text->size() || seconds < 0) return {};
  return std::chrono::seconds(std::min(seconds, 86400));
}

// The receiver as a whole does not work, or asks for a rest: nothing more is sent to it at once.
// Another error may be about the one message, and holds back only its subject.
bool IsAway(int status, bool done) {
  return !done && (status == 0 || status == 429 || (status >= 502 && status <= 504));
}

const model::Entity* EntityOf(const model::Model& model, std::string_view type) {
  for (const auto& entity : model.entities) {
    if (TypeName(*entity) == type) return entity.get();
  }
  return nullptr;
}

}  // namespace

Sender::Sender(SenderDeps deps, SenderOptions options)
    : deps_(std::move(deps)),
      options_(std::move(options)),
      backoff_("webhooks", options_.log),
      lease_(deps_.engine.store(),
             {.name = "webhooks", .holder = deps_.node, .ttl = std::chrono::milliseconds(15000)}) {
  options_.client.cancelled = [this] { return Stopping(); };
}

Sender::~Sender() { Stop(); }

void Sender::Start() { MoreThreads(); }

// The first looks at the queue; each one that finds work leaves looking to another.
void Sender::MoreThreads() {
  const std::lock_guard lock(mutex_);
  if (stopping_ || static_cast<int>(threads_.size()) >= options_.threads) return;
  threads_.emplace_back([this] { Loop(); });
}

void Sender::Stop() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
    threads.swap(threads_);
  }
  wake_.notify_all();
  for (std::thread& thread : threads) thread.join();
  // So that another node, or this one after a restart, need not wait for its end.
  const std::lock_guard lock(mutex_);
  if (auto released = lease_.Release(); !released && options_.log) {
    options_.log("warn", "webhooks: " + released.error().message);
  }
}

bool Sender::Stopping() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void Sender::Loop() {
  for (;;) {
    const Result<bool> served = ServeOne();
    std::chrono::milliseconds pause = options_.poll;
    if (!served) {
      pause = backoff_.Failed(served.error());
    } else {
      backoff_.Succeeded();
      if (*served && !Stopping()) continue;
    }
    std::unique_lock lock(mutex_);
    if (wake_.wait_for(lock, pause, [&] { return stopping_; })) return;
  }
}

Result<bool> Sender::ServeOne() {
  const auto due = TRY(Due(1));
  if (due.empty()) return false;
  MoreThreads();
  const auto served = Serve(due.front());
  {
    const std::lock_guard lock(mutex_);
    busy_.erase(due.front());
  }
  TRY(served);
  return true;
}

Result<int> Sender::Step() {
  int tried = 0;
  for (const Uuid& subscription : TRY(Due(1000))) {
    auto served = Serve(subscription);
    const std::lock_guard lock(mutex_);
    busy_.erase(subscription);
    tried += TRY(std::move(served));
  }
  return tried;
}

Result<std::vector<Uuid>> Sender::Due(std::size_t limit) {
  const Time now = deps_.engine.clock().Now();
  // Held while the store is asked, so that two threads never take the same receiver.
  const std::lock_guard lock(mutex_);
  std::vector<Uuid> due;
  if (stopping_ || !TRY(lease_.Hold())) return due;
  std::erase_if(resting_, [&](const auto& entry) { return entry.second <= now; });
  const Value parameter(now);
  TRY(deps_.engine.store().Read(kEverywhere, [&](Reader& reader) {
    return reader.Query(
        "SELECT subscription_id, min(due_at) FROM webhook_queue WHERE due_at <= $1 GROUP BY "
        "subscription_id ORDER BY 2 LIMIT 1000",
        std::span(&parameter, 1), [&](const Row& row) -> Result<bool> {
          const Uuid id = Uuid::Parse(row.Text(0)).value_or(Uuid{});
          if (!busy_.contains(id) && !resting_.contains(id)) due.push_back(id);
          return due.size() < limit;
        });
  }));
  busy_.insert(due.begin(), due.end());
  return due;
}

// The first message of each subject, when it is due.
Result<std::vector<Sender::Waiting>> Sender::Next(const Uuid& subscription) {
  const std::array<Value, 2> parameters = {Value(subscription), Value(deps_.engine.clock().Now())};
  std::vector<Waiting> next;
  TRY(deps_.engine.store().Read(kEverywhere, [&](Reader& reader) {
    return reader.Query(
        fmt::format(
            "SELECT q.seq, q.event_id, q.subject, q.attempts FROM webhook_queue q WHERE "
            "q.subscription_id = $1 AND q.due_at <= $2 AND NOT EXISTS (SELECT 1 FROM webhook_queue "
            "p WHERE p.subscription_id = q.subscription_id AND p.subject = q.subject AND p.seq < "
            "q.seq) ORDER BY q.seq LIMIT {}",
            options_.batch),
        parameters, [&](const Row& row) -> Result<bool> {
          next.push_back({row.Int(0), Uuid::Parse(row.Text(1)).value_or(Uuid{}),
                          std::string(row.Text(2)), static_cast<int>(row.Int(3))});
          return true;
        });
  }));
  return next;
}

Result<int> Sender::Serve(const Uuid& id) {
  std::vector<Subscription> found;
  TRY(deps_.engine.store().Read(kEverywhere, [&](Reader& reader) -> Result<void> {
    found = TRY(LoadById(reader, deps_.engine.model(), id));
    return {};
  }));
  if (found.empty()) {
    // The subscription was deleted with messages on their way.
    const Value key(id);
    TRY(deps_.engine.store().Write(
        kEverywhere,
        [&](Transaction& transaction) -> Result<void> {
          TRY(transaction.Execute("DELETE FROM webhook_queue WHERE subscription_id = $1",
                                  std::span(&key, 1)));
          return {};
        },
        Lane::kBulk));
    return 0;
  }
  const Subscription& subscription = found.front();
  std::string secret;
  if (!subscription.secret.empty()) {
    if (deps_.vault == nullptr) {
      return Fail(Code::kUnavailable, "ENCRYPTION_KEY is not set: messages cannot be signed");
    }
    secret = TRY(deps_.vault->Open(subscription.secret));
  }
  const std::vector<Waiting> next = TRY(Next(id));
  if (next.empty()) return 0;
  net::Client client(TRY(deps_.net()), options_.client);
  std::vector<Tried> tried;
  for (const Waiting& waiting : next) {
    if (Stopping()) break;
    tried.push_back(Try(client, subscription, secret, waiting));
    if (IsAway(tried.back().status, tried.back().arrived || tried.back().lost)) break;
  }
  TRY(Settle(subscription, tried));
  return static_cast<int>(tried.size());
}

Sender::Tried Sender::Try(net::Client& client, const Subscription& subscription,
                          const std::string& secret, const Waiting& waiting) {
  Tried tried;
  tried.waiting = waiting;
  ReadLog read;
  read.tenant = subscription.tenant;
  read.after = waiting.seq - 1;
  read.until = waiting.seq;
  read.limit = 1;
  auto found = deps_.engine.store().Read(kEverywhere, [&](Reader& reader) -> Result<void> {
    auto entries = TRY(Log::Read(reader, read));
    if (!entries.empty()) tried.entry = std::move(entries.front());
    return {};
  });
  if (!found) {
    tried.error = found.error().message;
    return tried;
  }
  const model::Entity* entity = EntityOf(deps_.engine.model(), tried.entry.entity_type);
  if (tried.entry.id != waiting.event || entity == nullptr) {
    tried.lost = true;
    return tried;
  }
  tried.type = TypeOf(*entity, tried.entry);
  net::Request request{.method = "POST", .url = subscription.url, .repeatable = true};
  request.body = CloudEventOf(*entity, tried.entry);
  request.headers = subscription.headers;
  request.headers.emplace_back("Content-Type", "application/cloudevents+json; charset=utf-8");
  for (auto& header :
       SignedHeaders(waiting.event.ToString(), deps_.engine.clock().Now(), request.body, secret)) {
    request.headers.push_back(std::move(header));
  }
  auto response = client.Send(request);
  if (!response) {
    tried.error = Ellipsis(response.error().message, kErrorBytesMax);
    return tried;
  }
  tried.status = response->status;
  tried.arrived = response->status >= 200 && response->status < 300;
  if (!tried.arrived) {
    tried.retry_after = RetryAfter(*response);
    tried.error = fmt::format("the receiver answered {}", response->status);
  }
  return tried;
}

std::chrono::milliseconds Sender::PauseAfter(int attempts) {
  std::chrono::milliseconds pause = options_.backoff_min;
  for (int i = 1; i < attempts && pause < options_.backoff_max; ++i) pause *= 2;
  pause = std::min(pause, options_.backoff_max);
  // A fifth more or less, so that many that failed together do not come together again.
  const auto permille = 800 + static_cast<std::int64_t>(deps_.random.Next() % 401);
  return pause * permille / 1000;
}

Result<void> Sender::SettleOne(EngineWriter& writer, const Subscription& subscription, Tried& tried,
                               std::int64_t& parked) {
  const std::array<Value, 2> key = {Value(subscription.id), Value(tried.waiting.seq)};
  const int attempts = tried.waiting.attempts + 1;
  const bool gives_up = attempts >= subscription.attempts_max;
  if (!tried.arrived && !tried.lost && !gives_up) {
    const auto pause = std::max(PauseAfter(attempts), tried.retry_after);
    const std::array<Value, 6> parameters = {Value(attempts),
                                             Value(writer.now() + pause),
                                             tried.status == 0 ? Value() : Value(tried.status),
                                             Value(tried.error),
                                             key[0],
                                             key[1]};
    return writer.transaction().Queue(
        "UPDATE webhook_queue SET attempts = $1, due_at = $2, last_status = $3, error_message = $4 "
        "WHERE subscription_id = $5 AND seq = $6",
        parameters);
  }
  TRY(writer.transaction().Queue(
      "DELETE FROM webhook_queue WHERE subscription_id = $1 AND seq = $2", key));
  if (tried.arrived || tried.lost) return {};
  ++parked;
  Command park;
  park.entity = deps_.engine.model().FindTable("webhook_deliveries");
  park.body = {{"subscription_id", subscription.id.ToString()},
               {"event_id", tried.waiting.event.ToString()},
               {"event_type", tried.type},
               {"subject", Ellipsis(tried.waiting.subject, 600)},
               {"event_time", FormatTime(tried.entry.timestamp)},
               {"attempts", attempts},
               {"last_status", tried.status == 0 ? json::value() : json::value(tried.status)},
               {"error_message", tried.error}};
  TRY(writer.Run(ServiceCaller(subscription.tenant, std::string(kOrigin)), park));
  return {};
}

Result<void> Sender::Settle(const Subscription& subscription, std::vector<Tried>& tried) {
  if (tried.empty()) return {};
  std::int64_t parked = 0;
  std::int64_t arrived = 0;
  for (const Tried& one : tried) arrived += one.arrived ? 1 : 0;
  const Tried& last = tried.back();
  TRY(deps_.engine.Write([&](EngineWriter& writer) -> Result<void> {
    parked = 0;
    // Deleted meanwhile: nothing to settle.
    if (TRY(LoadById(writer.transaction(), deps_.engine.model(), subscription.id)).empty()) {
      return {};
    }
    for (Tried& one : tried) TRY(SettleOne(writer, subscription, one, parked));
    Command report;
    report.op = Command::Op::kEvent;
    report.entity = deps_.engine.model().FindTable("webhook_subscriptions");
    report.id = subscription.id.ToString();
    report.event = "report";
    report.body = {{"delivered", subscription.delivered + arrived},
                   {"parked", subscription.parked + parked}};
    if (last.status != 0) report.body["last_status"] = last.status;
    report.body["last_error"] = last.error.empty() ? json::value() : json::value(last.error);
    if (arrived > 0) report.body["last_sent_at"] = FormatTime(writer.now());
    TRY(writer.Run(ServiceCaller(subscription.tenant, std::string(kOrigin)), report));
    return {};
  }));
  sent_ += arrived;
  failed_ += static_cast<std::int64_t>(tried.size()) - arrived;
  parked_ += parked;
  if (IsAway(last.status, last.arrived || last.lost)) {
    const std::lock_guard lock(mutex_);
    resting_[subscription.id] =
        deps_.engine.clock().Now() + std::max(options_.backoff_min, last.retry_after);
  }
  return {};
}

void Sender::AppendMetrics(std::string& out) {
  const auto metric = [&](std::string_view name, std::string_view help, std::int64_t value) {
    fmt::format_to(std::back_inserter(out),
                   "# HELP tenon_webhooks_{0} {1}\n# TYPE tenon_webhooks_{0} counter\n"
                   "tenon_webhooks_{0} {2}\n",
                   name, help, value);
  };
  metric("sent_total", "Messages that their receiver took.", sent_);
  metric("failed_total", "Tries that failed.", failed_);
  metric("parked_total", "Messages that were given up and parked.", parked_);
}

}  // namespace tenon::webhooks
