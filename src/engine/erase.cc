// Payloads of the log that go: those older than their tenant keeps them, and those of one row or
// one user when somebody asks for it.
#include <fmt/format.h>

#include <charconv>
#include <future>
#include <memory>

#include "base/json.h"
#include "base/text.h"
#include "engine/impl.h"
#include "log/erase.h"

namespace tenon {
namespace {

constexpr auto kEvery = std::chrono::hours(1);
constexpr std::string_view kLastErased = "__audit_retention";  // in last_purge, beside the tables

// How far retention has come in a tenant's log, so that it does not walk what is erased already.
std::string HorizonKey(const Uuid& tenant) { return "audit_erased:" + tenant.ToString(); }

Result<std::int64_t> HorizonOf(Reader& reader, const Uuid& tenant) {
  const Value key(HorizonKey(tenant));
  std::int64_t seq = 0;
  TRY(reader.Query("SELECT value FROM engine_meta WHERE key = $1", std::span(&key, 1),
                   [&](const Row& row) -> Result<bool> {
                     const std::string_view text = row.Text(0);
                     std::from_chars(text.data(), text.data() + text.size(), seq);
                     return false;
                   }));
  return seq;
}

Result<void> SetHorizon(Transaction& transaction, const Uuid& tenant, std::int64_t seq) {
  const Value values[] = {Value(HorizonKey(tenant)), Value(std::to_string(seq))};
  TRY(
      transaction.Execute("INSERT INTO engine_meta (key, value) VALUES ($1, $2) "
                          "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                          values));
  return {};
}

// One small bulk job.
Result<ErasedLog> EraseSome(Store& store,
                            const std::function<Result<ErasedLog>(Transaction&)>& work) {
  ErasedLog erased;
  TRY(store.Write(
      {.tenant = {}, .across_tenants = true},
      [&](Transaction& transaction) -> Result<void> {
        erased = TRY(work(transaction));
        return {};
      },
      Lane::kBulk));
  return erased;
}

}  // namespace

Result<void> RowWriter::LogErasure(WriteContext& context, const Record& named,
                                   json::object metadata) {
  LogEntry entry;
  entry.tenant = named.entity->tenant == nullptr ? options_.system_tenant : context.caller.tenant;
  // The log is what changed; the row did not, and no follower of it is to think so.
  entry.entity_type = "AUDIT";
  entry.entity_id = EntityId(named);
  entry.action = "ERASE";
  entry.user = TRY(Actor(context, entry.tenant));
  entry.ip_address = context.caller.address;
  entry.user_agent = Ellipsis(context.caller.user_agent, 500);
  entry.timestamp = context.now;
  if (entry.user != context.caller.user) {
    metadata["on_behalf_of"] = context.caller.user.ToString();
  }
  entry.metadata = CanonicalJson(metadata);
  return deps_.log.Append(context.transaction, entry);
}

Result<std::int64_t> Engine::Erase(const Caller& caller, const EraseRequest& request) {
  Impl& impl = *impl_;
  const model::Entity& entity = *request.entity;
  if (caller.across_tenants) {
    return Fail(Code::kInvalidArgument, "name one tenant: ?tenant=SLUG");
  }
  const bool allowed = caller.Has(entity.tenant == nullptr ? Role::kSystem : Role::kAdmin);
  if (!allowed) return Fail(Code::kForbidden, "erasing payloads of the log is for the role admin");
  if (request.written && entity.table != "users") {
    return Fail(Code::kInvalidArgument, "'written' is for a row of users: what that user wrote");
  }
  const EntityPlan& plan = impl.plans.Of(entity);
  const auto key = ParseKey(entity, request.id);
  const Error missing(Code::kNotFound, fmt::format("the log has no rows of {} {}", entity.table,
                                                   Ellipsis(request.id, 80)));
  if (!key) return Fail(missing);
  Record named(entity);
  for (std::size_t i = 0; i < key->size(); ++i) named.at(*plan.key_in_url[i]) = (*key)[i];
  const Uuid tenant = entity.tenant == nullptr ? impl.options.system_tenant : caller.tenant;

  std::vector<EraseLog> targets = {
      {.tenant = tenant, .entity_type = plan.type_name, .entity_id = EntityId(named)}};
  if (request.written) targets.push_back({.tenant = tenant, .user = EntityId(named)});
  bool any = false;
  TRY(impl.deps.store.Read({.tenant = tenant, .across_tenants = true}, [&](Reader& reader) {
    const Value about[] = {Value(plan.type_name), Value(EntityId(named)), Value(tenant)};
    return reader.Query(
        "SELECT 1 FROM audits WHERE entity_type = $1 AND entity_id = $2 AND tenant_id = $3 LIMIT 1",
        about, [&](const Row&) -> Result<bool> {
          any = true;
          return false;
        });
  }));
  if (!any) return Fail(missing);

  // Who asked is on record before anything goes.
  const Time now = impl.deps.clock.Now();
  json::object metadata{{"table", entity.table}, {"written", request.written}};
  if (!request.reason.empty()) metadata["reason"] = Ellipsis(request.reason, 500);
  if (const std::string text = KeyText(named); text != EntityId(named).ToString()) {
    metadata["key"] = text;
  }
  auto stale = std::make_shared<Stale>();
  TRY(impl.deps.store.Write(
      {.tenant = tenant, .across_tenants = true}, [&](Transaction& transaction) -> Result<void> {
        WriteContext context{
            .caller = caller, .transaction = transaction, .now = now, .trusted = true};
        TRY(impl.writer.LogErasure(context, named, metadata));
        *stale = std::move(context.stale);
        return {};
      }));
  impl.Committed(*stale);
  std::int64_t rows = 0;
  for (EraseLog& target : targets) {
    for (bool more = true; more;) {
      const ErasedLog erased = TRY(EraseSome(impl.deps.store, [&](Transaction& transaction) {
        return ErasePayloads(transaction, target, now);
      }));
      rows += erased.rows;
      target.after = erased.last_seq;
      more = erased.more;
    }
  }
  return rows;
}

Result<std::int64_t> Engine::EraseOldPayloads(bool force) {
  Impl& impl = *impl_;
  const Time now = impl.deps.clock.Now();
  Time& last = impl.last_purge[std::string(kLastErased)];
  if (!force && last != Time{} && now - last < kEvery) return 0;
  std::vector<Uuid> ids;
  TRY(impl.deps.store.Read({.tenant = {}, .across_tenants = true}, [&](Reader& reader) {
    ids.clear();
    return reader.Query("SELECT id FROM tenants", {}, [&](const Row& row) -> Result<bool> {
      if (const auto id = Uuid::Parse(row.Text(0))) ids.push_back(*id);
      return true;
    });
  }));
  std::int64_t rows = 0;
  for (const Uuid& tenant : ids) {
    for (bool more = true; more;) {
      std::optional<Duration> kept;
      EraseLog query{.tenant = tenant};
      TRY(impl.deps.store.Read({.tenant = tenant, .across_tenants = true},
                               [&](Reader& reader) -> Result<void> {
                                 kept = TRY(impl.tenants.Get(reader, tenant))->audit_retention;
                                 if (kept) query.after = TRY(HorizonOf(reader, tenant));
                                 return {};
                               }));
      if (!kept) break;
      query.before = now - *kept;
      const ErasedLog erased =
          TRY(EraseSome(impl.deps.store, [&](Transaction& transaction) -> Result<ErasedLog> {
            auto some = TRY(ErasePayloads(transaction, query, now));
            if (some.last_seq > 0) TRY(SetHorizon(transaction, tenant, some.last_seq));
            return some;
          }));
      rows += erased.rows;
      more = erased.more;
    }
  }
  last = now;
  return rows;
}

}  // namespace tenon
