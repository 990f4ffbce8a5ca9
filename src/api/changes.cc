// GET /v1/changes: the log as JSON pages, by long poll, and as an event stream.
#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include "api/change_query.h"
#include "api/change_stream.h"
#include "api/endpoints.h"
#include "api/query.h"

namespace tenon {
namespace {

constexpr std::int64_t kWaitMaxS = 60;
constexpr std::int64_t kPageDefault = 100;

Result<std::int64_t> StartOf(const ApiContext& api, const Exchange& exchange) {
  const Uuid tenant = exchange.caller.across_tenants ? Uuid{} : exchange.caller.tenant;
  // A stream that was cut says where it stood; that wins over where it once began.
  const std::string_view resumed = exchange.request.headers.Get("Last-Event-ID");
  const std::string after =
      resumed.empty() ? TextParameter(exchange.request, "after") : std::string(resumed);
  if (after.empty()) return std::int64_t{0};
  if (resumed.empty() && after == "now") return api.engine.log().Last();
  auto position = api.positions.Read(tenant, after);
  if (!position) {
    return BadParameter(resumed.empty() ? "after" : "Last-Event-ID", position.error().message);
  }
  return position;
}

void SendPage(const ApiContext& api, Exchange& exchange, const ChangeQuery& query,
              const ChangePage& page) {
  std::string body = "{\"items\":[";
  for (const LogEntry& entry : page.entries) {
    if (body.back() == '}') body += ',';
    AppendChange(api, query, entry, body);
  }
  body += "],\"next_position\":\"" + api.positions.Token(query.tenant, page.scanned) + "\"}";
  exchange.SendJson(200, std::move(body));
}

// One request that waits for something to happen.
class LongPoll final : public ChangeListener, public std::enable_shared_from_this<LongPoll> {
 public:
  LongPoll(const ApiContext& api, ExchangePtr exchange, ChangeQuery query, std::int64_t after,
           std::int64_t limit, std::chrono::seconds wait, TenantSlots::Slot slot)
      : api_(api),
        exchange_(std::move(exchange)),
        query_(std::move(query)),
        limit_(limit),
        until_(std::chrono::steady_clock::now() + wait),
        slot_(std::move(slot)),
        position_(after) {}

  bool Wake(std::int64_t last) override {
    {
      const std::lock_guard lock(mutex_);
      if (done_) return false;
      const bool late = std::chrono::steady_clock::now() >= until_;
      if (reading_ || (last <= position_ && !late)) return true;
      reading_ = true;
    }
    if (!api_.pool.Submit(exchange_->caller.tenant,
                          [self = shared_from_this()] { self->Read(); })) {
      const std::lock_guard lock(mutex_);
      reading_ = false;
    }
    return true;
  }

  void Close() override {
    ChangePage page;
    {
      const std::lock_guard lock(mutex_);
      until_ = std::chrono::steady_clock::now();
      if (done_ || reading_) return;  // a reader answers by itself, now that it is late
      page.scanned = position_;
    }
    Answer([&] { SendPage(api_, *exchange_, query_, page); });
  }

  // The hub holds only weak pointers; the poll keeps itself until it has answered.
  void Hold(std::shared_ptr<LongPoll> self) { self_ = std::move(self); }

  void Read() {
    for (;;) {
      std::int64_t after = 0;
      bool late = false;
      {
        const std::lock_guard lock(mutex_);
        after = position_;
        late = std::chrono::steady_clock::now() >= until_;
      }
      auto page = ReadChanges(api_, query_, after, limit_);
      if (!page) return Answer([&] { exchange_->Fail(page.error()); });
      if (!page->entries.empty() || late) {
        return Answer([&] { SendPage(api_, *exchange_, query_, *page); });
      }
      const std::lock_guard lock(mutex_);
      position_ = page->scanned;
      const bool more = api_.engine.log().Last() > position_;
      if (more || std::chrono::steady_clock::now() >= until_) continue;
      reading_ = false;
      return;
    }
  }

 private:
  template <typename Send>
  void Answer(Send send) {
    std::shared_ptr<LongPoll> self;
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
      self = std::move(self_);
      slot_.reset();
    }
    send();
  }

  const ApiContext& api_;
  const ExchangePtr exchange_;
  const ChangeQuery query_;
  const std::int64_t limit_;

  std::mutex mutex_;
  // Guarded by mutex_.
  std::chrono::steady_clock::time_point until_;
  TenantSlots::Slot slot_;
  std::int64_t position_;
  bool reading_ = false;
  bool done_ = false;
  std::shared_ptr<LongPoll> self_;
};

void ListChanges(const ApiContext& api, const ExchangePtr& exchange, std::int64_t after) {
  const http::Request& request = exchange->request;
  const auto limit = IntParameter(request, "page_size", 1, limits::kPageSizeMax, kPageDefault);
  if (!limit) return exchange->Fail(limit.error());
  const auto wait = IntParameter(request, "wait", 0, kWaitMaxS, 0);
  if (!wait) return exchange->Fail(wait.error());
  auto query = MakeChangeQuery(api, exchange->caller, request);
  if (!query) return exchange->Fail(query.error());
  if (*wait == 0) {
    const auto page = ReadChanges(api, *query, after, *limit);
    if (!page) return exchange->Fail(page.error());
    return SendPage(api, *exchange, *query, *page);
  }
  TenantSlots::Slot slot = api.streams.Take(exchange->caller.tenant);
  if (slot == nullptr) return exchange->Fail(TooManyStreams(api));
  auto poll = std::make_shared<LongPoll>(api, exchange, std::move(*query), after, *limit,
                                         std::chrono::seconds(*wait), std::move(slot));
  poll->Hold(poll);
  api.changes.Add(poll);
}

}  // namespace

void HandleChanges(const ApiContext& api, const ExchangePtr& exchange) {
  const auto consistent = BoolParameter(exchange->request, "consistent", false);
  if (!consistent) return exchange->Fail(consistent.error());
  if (*consistent) {
    const Caller& caller = exchange->caller;
    const auto settled = api.engine.log().Settle(
        {.tenant = caller.tenant, .across_tenants = caller.across_tenants}, limits::kReadDeadline);
    if (!settled) return exchange->Fail(settled.error());
  }
  const auto after = StartOf(api, *exchange);
  if (!after) return exchange->Fail(after.error());
  const std::string_view accept = exchange->request.headers.Get("Accept");
  if (accept.find("text/event-stream") != std::string_view::npos) {
    return StreamChanges(api, exchange, *after);
  }
  ListChanges(api, exchange, *after);
}

}  // namespace tenon
