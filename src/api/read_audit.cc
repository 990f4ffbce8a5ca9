#include "api/read_audit.h"

#include "base/json.h"
#include "base/text.h"

namespace tenon {
namespace {

constexpr std::chrono::hours kNoteEvery{1};
constexpr std::size_t kNotedMax = 10000;

}  // namespace

LogEntry ReadAudit::EntryFor(const Caller& caller, const std::string& path) const {
  LogEntry entry;
  entry.tenant = caller.user_tenant.IsNil() ? caller.tenant : caller.user_tenant;
  entry.entity_type = "TENANT";
  entry.entity_id = caller.tenant;
  entry.action = "READ";
  entry.user = caller.user;
  entry.metadata = CanonicalJson(
      json::object{{"path", Ellipsis(path, 500)},
                   {"tenant", caller.across_tenants ? std::string("*") : caller.tenant_slug}});
  entry.ip_address = caller.address;
  entry.user_agent = Ellipsis(caller.user_agent, 500);
  entry.timestamp = engine_.clock().Now();
  return entry;
}

Result<void> ReadAudit::Across(const Caller& caller, const std::string& path) {
  const LogEntry entry = EntryFor(caller, path);
  return engine_.store().Write({.tenant = entry.tenant, .across_tenants = true},
                               [&](Transaction& transaction) {
                                 LogEntry row = entry;
                                 return engine_.log().Append(transaction, row);
                               });
}

void ReadAudit::Elsewhere(const Caller& caller, const std::string& path) {
  {
    const auto now = engine_.clock().Steady();
    const std::lock_guard lock(mutex_);
    if (noted_.size() >= kNotedMax) noted_.clear();
    const auto [at, fresh] = noted_.try_emplace({caller.user, caller.tenant}, now);
    if (!fresh && now - at->second < kNoteEvery) return;
    at->second = now;
  }
  WriteJob job;
  job.lane = Lane::kBulk;
  job.work = [&log = engine_.log(), entry = EntryFor(caller, path)](Transaction& transaction) {
    LogEntry row = entry;
    return log.Append(transaction, row);
  };
  job.scope = {.tenant = caller.user_tenant, .across_tenants = true};
  job.done = [](Result<void>) {};
  engine_.store().Submit(std::move(job));
}

}  // namespace tenon
