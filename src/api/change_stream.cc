#include "api/change_stream.h"

#include <chrono>
#include <mutex>
#include <utility>

#include "api/change_query.h"
#include "api/problem.h"
#include "base/json_text.h"

namespace tenon {
namespace {

// Events in one piece: enough to keep a fast reader busy, little enough to hold in memory.
constexpr std::int64_t kPieceEvents = 200;

// Credentials of a request that is gone.
struct Who {
  explicit Who(const Credentials& from)
      : token(from.token),
        tenant(from.tenant),
        address(from.address),
        user_agent(from.user_agent) {}
  [[nodiscard]] Credentials View() const { return {token, tenant, address, user_agent}; }
  std::string token, tenant, address, user_agent;
};

// One client's stream. Holds a position and nothing else between two pieces: a reader who falls
// behind costs no memory, and one who stops reading is cut by the listener's write time-out.
class ChangeStream final : public http::BodyStream,
                           public ChangeListener,
                           public std::enable_shared_from_this<ChangeStream> {
 public:
  ChangeStream(const ApiContext& api, const Exchange& exchange, ChangeQuery query,
               std::int64_t after, TenantSlots::Slot slot)
      : api_(api),
        query_(std::move(query)),
        tenant_(exchange.caller.tenant),
        roles_(exchange.caller.roles),
        who_(Credentials::Of(exchange.request)),
        slot_(std::move(slot)),
        position_(after),
        generation_(api.authenticator.generation()),
        last_sent_(std::chrono::steady_clock::now()) {}

  void Next(Ready ready) override {
    {
      const std::lock_guard lock(mutex_);
      if (!ended_) {
        ready_ = std::move(ready);
        ready = nullptr;
      }
    }
    if (ready) return ready(std::optional<std::string>());
    Wake(api_.engine.log().Last());
  }

  void Cancel() override { End(); }
  void Close() override { End(); }

  bool Wake(std::int64_t last) override {
    {
      const std::lock_guard lock(mutex_);
      if (ended_) return false;
      if (!ready_ || reading_) return true;
      const bool behind = last > position_;
      const bool quiet = std::chrono::steady_clock::now() - last_sent_ >= api_.options.heartbeat;
      const bool unsure = api_.authenticator.generation() != generation_;
      if (!behind && !quiet && !unsure && started_) return true;
      reading_ = true;
    }
    auto self = shared_from_this();
    if (!api_.pool.Submit(tenant_, [self] { self->Produce(); })) {
      // The pool is full; the next wake-up tries again.
      const std::lock_guard lock(mutex_);
      reading_ = false;
    }
    return true;
  }

 private:
  // On the pool: checks the caller, reads on, and hands over what there is.
  void Produce() {
    const std::uint64_t generation = api_.authenticator.generation();
    // Also at each heartbeat: a key or a token may have expired.
    const auto caller = api_.authenticator.Authenticate(who_.View());
    if (!caller) return EndWith(caller.error());
    if (caller->roles != roles_) {
      return EndWith(Error(Code::kUnauthenticated, "the caller's roles have changed; reconnect"));
    }
    std::int64_t after = 0;
    {
      const std::lock_guard lock(mutex_);
      after = position_;
      generation_ = generation;
    }
    auto page = ReadChanges(api_, query_, after, kPieceEvents);
    if (!page) return EndWith(page.error());
    std::string text;
    for (const LogEntry& entry : page->entries) AppendServerEvent(api_, query_, entry, text);
    Deliver(std::move(text), page->scanned);
  }

  void Deliver(std::string text, std::int64_t scanned) {
    Ready ready;
    bool again = false;
    {
      const std::lock_guard lock(mutex_);
      position_ = scanned;
      reading_ = false;
      const auto now = std::chrono::steady_clock::now();
      const bool quiet = now - last_sent_ >= api_.options.heartbeat;
      if (text.empty() && !started_) text = ": connected\n\n";
      // The position moves on over changes that are not for this client, so that it does not read
      // them again when it resumes.
      if (text.empty() && quiet) {
        text = "id: " + api_.positions.Token(query_.tenant, scanned) + "\n: heartbeat\n\n";
      }
      if (!text.empty() && ready_) {
        ready = std::move(ready_);
        ready_ = nullptr;
        last_sent_ = now;
        started_ = true;
      }
      again = !ready && api_.engine.log().Last() > scanned;
    }
    if (ready) return ready(std::optional<std::string>(std::move(text)));
    if (again) Wake(api_.engine.log().Last());
  }

  // Tells the client why, then ends.
  void EndWith(const Error& error) {
    Ready ready;
    {
      const std::lock_guard lock(mutex_);
      reading_ = false;
      ended_ = true;
      ready = std::move(ready_);
      ready_ = nullptr;
      slot_.reset();
    }
    if (ready) {
      ready(
          std::optional<std::string>("event: error\ndata: " + JsonText(ProblemOf(error)) + "\n\n"));
    }
  }

  void End() {
    Ready ready;
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
      ready = std::move(ready_);
      ready_ = nullptr;
      slot_.reset();
    }
    if (ready) ready(std::optional<std::string>());
  }

  const ApiContext& api_;
  const ChangeQuery query_;
  const Uuid tenant_;
  const std::uint8_t roles_;
  const Who who_;

  std::mutex mutex_;
  // Guarded by mutex_.
  TenantSlots::Slot slot_;
  Ready ready_;
  std::int64_t position_;
  std::uint64_t generation_;
  std::chrono::steady_clock::time_point last_sent_;
  bool reading_ = false;
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace

Error TooManyStreams(const ApiContext& api) {
  Error error(Code::kTooManyRequests, "this tenant has " +
                                          std::to_string(api.options.streams_per_tenant_max) +
                                          " event streams and long polls open; close one");
  error.retry_after_s = 5;
  return error;
}

void StreamChanges(const ApiContext& api, const ExchangePtr& exchange, std::int64_t after) {
  auto query = MakeChangeQuery(api, exchange->caller, exchange->request);
  if (!query) return exchange->Fail(query.error());
  TenantSlots::Slot slot = api.streams.Take(exchange->caller.tenant);
  if (slot == nullptr) return exchange->Fail(TooManyStreams(api));
  auto stream =
      std::make_shared<ChangeStream>(api, *exchange, std::move(*query), after, std::move(slot));
  api.changes.Add(stream);
  http::Response response;
  response.headers.Set("Content-Type", "text/event-stream");
  response.headers.Set("Cache-Control", "no-store");
  response.headers.Set("X-Accel-Buffering", "no");  // proxies must not hold events back
  response.stream = std::move(stream);
  exchange->Send(std::move(response));
}

}  // namespace tenon
