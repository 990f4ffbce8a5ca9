#include "services/openlineage/inlet.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <memory>
#include <utility>

#include "engine/permit.h"
#include "services/openlineage/apply.h"

namespace tenon::openlineage {
namespace {

// Whether events of both may be merged into the same rows with one actor.
bool SameActor(const Caller& a, const Caller& b) {
  return a.tenant == b.tenant && a.user == b.user && a.user_tenant == b.user_tenant &&
         a.roles == b.roles && a.user_agent == b.user_agent && a.address == b.address &&
         a.job == b.job;
}

}  // namespace

Inlet::Inlet(Engine& engine, const Bindings& bindings, InletOptions options)
    : engine_(engine), bindings_(bindings), options_(options), thread_([this] { Loop(); }) {}

Inlet::~Inlet() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_all();
  thread_.join();
}

Time Inlet::LatestTaken() const { return engine_.clock().Now() + kAheadMax; }

Result<void> Inlet::Permitted(const Caller& caller) const {
  if (caller.across_tenants) {
    return Fail(Code::kInvalidArgument, "tenant=* is for reading; name one tenant to write");
  }
  for (const model::Entity* entity : {bindings_.assets, bindings_.relationships, bindings_.schemas,
                                      bindings_.tags, bindings_.asset_tags, bindings_.runs}) {
    TRY(Permit(caller, *entity, "create"));
  }
  return {};
}

Result<void> Inlet::Post(const Caller& caller, std::vector<Event> events, Done done) {
  TRY(Permitted(caller));
  std::size_t bytes = 0;
  for (const Event& event : events) bytes += event.bytes();
  const auto shared_caller = std::make_shared<const Caller>(caller);
  const auto shared_done = std::make_shared<Done>(std::move(done));
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return Fail(Code::kUnavailable, "the server is shutting down");
    // One large request is let in when nothing waits, however large it is.
    if (!queue_.empty() && (queue_.size() + events.size() > options_.queue_events ||
                            queued_bytes_ + bytes > options_.queue_bytes)) {
      Error error(Code::kTooManyRequests, "too many OpenLineage events wait; send them again");
      error.retry_after_s = 1;
      return Fail(std::move(error));
    }
    for (Event& event : events) queue_.push_back({shared_caller, std::move(event), shared_done});
    queued_bytes_ += bytes;
  }
  arrived_.notify_one();
  return {};
}

std::vector<Inlet::Item> Inlet::Take() {
  std::unique_lock lock(mutex_);
  arrived_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
  std::vector<Item> items;
  std::size_t bytes = 0;
  while (!queue_.empty() && items.size() < options_.batch_events) {
    const std::size_t size = queue_.front().event.bytes();
    if (!items.empty() && bytes + size > options_.batch_bytes) break;
    bytes += size;
    items.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  queued_bytes_ -= bytes;
  return items;
}

Result<void> Inlet::Write(const std::vector<Item*>& items) {
  ++writes_;
  return engine_.Write(
      [&](EngineWriter& writer) -> Result<void> {
        std::vector<const Event*> events;
        for (std::size_t from = 0; from < items.size();) {
          const Caller& caller = *items[from]->caller;
          events.clear();
          std::size_t to = from;
          for (; to < items.size() && SameActor(caller, *items[to]->caller); ++to) {
            events.push_back(&items[to]->event);
          }
          TRY(Applier(bindings_, writer, caller).Apply(events));
          from = to;
        }
        return {};
      },
      Lane::kInteractive);
}

void Inlet::Loop() {
  for (;;) {
    std::vector<Item> items = Take();
    if (items.empty()) return;
    std::vector<Item*> all;
    for (Item& item : items) all.push_back(&item);
    auto written = Write(all);
    for (Item* item : all) {
      // One that cannot be written must not take the others with it.
      auto result = written || all.size() == 1 ? written : Write({item});
      ++events_;
      if (!result) ++failed_;
      (*item->done)(std::move(result));
    }
  }
}

Inlet::Stats Inlet::stats() {
  const std::lock_guard lock(mutex_);
  return {events_, failed_, writes_, static_cast<std::int64_t>(queue_.size())};
}

void Inlet::AppendMetrics(std::string& out) {
  const Stats now = stats();
  const auto metric = [&](std::string_view name, std::string_view kind, std::string_view help,
                          std::int64_t value) {
    fmt::format_to(std::back_inserter(out),
                   "# HELP tenon_openlineage_{0} {1}\n# TYPE tenon_openlineage_{0} {2}\n"
                   "tenon_openlineage_{0} {3}\n",
                   name, help, kind, value);
  };
  metric("events_total", "counter", "OpenLineage events taken.", now.events);
  metric("failed_total", "counter", "OpenLineage events that could not be written.", now.failed);
  metric("writes_total", "counter", "Writes that they were put into.", now.writes);
  metric("waiting", "gauge", "OpenLineage events that wait to be written.", now.waiting);
}

}  // namespace tenon::openlineage
