// The clock's work: events that the models take by themselves, and retention.
#include <future>
#include <memory>
#include <optional>

#include "base/limits.h"
#include "engine/impl.h"
#include "record/encode.h"

namespace tenon {
namespace {

constexpr std::int64_t kDueRows = 500;  // of one event line in one round
constexpr auto kJumpMax = std::chrono::seconds(5);
constexpr auto kSuspendMax = std::chrono::seconds(30);
constexpr auto kHold = std::chrono::seconds(60);

Caller ServiceCaller(const Uuid& tenant) {
  Caller caller;
  caller.tenant = tenant;
  caller.user = ServiceUserOf(tenant);
  caller.user_tenant = tenant;
  caller.roles = static_cast<std::uint8_t>(Role::kSystem);
  caller.user_agent = "tenon clock";
  return caller;
}

// Rows of any tenant in one of the event's states for which its condition holds.
Result<std::vector<Record>> FindDue(Engine::Impl& impl, const model::Entity& entity,
                                    const model::Event& event, bool live_only, Time now) {
  const EntityPlan& plan = impl.plans.Of(entity);
  const SqlContext context{.alias = "t", .now = now};
  SqlBuilder sql(impl.deps.store.dialect());
  sql << plan.select << " AS t WHERE ";
  if (entity.lifecycle && entity.lifecycle->json_path.empty() && !event.any_state &&
      entity.lifecycle->field->type.kind == model::TypeKind::kEnum) {
    (sql << "t.").Name(entity.lifecycle->field->name) << " IN (";
    for (const std::string& state : event.from) {
      if (&state != &event.from.front()) sql << ", ";
      sql.Bind(Value(state));
    }
    sql << ") AND ";
  }
  sql << "(";
  TRY(AppendExpression(*event.auto_when, context, sql));
  sql << ")";
  if (live_only && entity.soft_delete) {
    sql << " AND ";
    AppendLive(entity, "t", sql);
  }
  sql << " LIMIT " << std::to_string(kDueRows);
  std::vector<Record> due;
  TRY(impl.deps.store.Read({.tenant = {}, .across_tenants = true}, [&](Reader& reader) {
    due.clear();
    return reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
      due.push_back(TRY(RecordOf(row, entity)));
      return true;
    });
  }));
  return due;
}

}  // namespace

Result<int> Engine::TakeDueEvents() {
  Impl& impl = *impl_;
  const Time now = impl.deps.clock.Now();
  const auto steady = impl.deps.clock.Steady();
  if (impl.last_wall != Time{}) {
    const auto wall_step = now - impl.last_wall;
    const auto steady_step = std::chrono::duration_cast<Duration>(steady - impl.last_steady);
    if (std::chrono::abs(wall_step - steady_step) > kJumpMax || steady_step > kSuspendMax) {
      impl.hold_until = steady + kHold;
    }
  }
  impl.last_wall = now;
  impl.last_steady = steady;
  if (steady < impl.hold_until) return 0;
  if (!TRY(impl.clock_lease.Hold())) return 0;  // another node does it

  int taken = 0;
  for (const auto& entity : impl.deps.model->entities) {
    for (const model::Event& event : entity->events) {
      if (!event.auto_when) continue;
      for (const Record& row : TRY(FindDue(impl, *entity, event, true, now))) {
        Command command;
        command.op = Command::Op::kEvent;
        command.entity = entity.get();
        command.id = KeyText(row);
        command.event = event.name;
        command.trusted = true;
        command.automatic = true;
        const Uuid tenant = entity->tenant == nullptr ? impl.options.system_tenant : TenantOf(row);
        const auto outcome = ApplyAndWait(ServiceCaller(tenant), std::move(command), Lane::kBulk);
        if (outcome) {
          ++taken;
        } else if (outcome.error().code != Code::kConflict &&
                   outcome.error().code != Code::kNotFound) {
          return std::unexpected(outcome.error());
        }
      }
    }
  }
  return taken;
}

namespace {

bool IsDue(const model::Purge& purge, Time now, std::optional<Time> last) {
  if (!purge.daily_at_minutes) return !last || now - *last >= std::chrono::hours(1);
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const Time at = day + std::chrono::minutes(*purge.daily_at_minutes);
  return now >= at && (!last || *last < at);
}

}  // namespace

namespace {

// What one row's purge carries to the writer and back.
struct PurgeJob {
  Caller caller;
  std::vector<Value> key;
  bool gone = false;
  Stale stale;
};

// Each row is its own job, so that they share commits and one that must stay keeps no other; each
// is looked at again, as it may have changed since it was found.
Result<int> PurgeRows(Engine::Impl& impl, const model::Entity& entity,
                      const std::vector<Record>& rows, Time now) {
  const EntityPlan& plan = impl.plans.Of(entity);
  std::vector<std::shared_ptr<PurgeJob>> jobs;
  std::vector<std::future<Result<void>>> waiting;
  for (const Record& row : rows) {
    const Uuid tenant = entity.tenant == nullptr ? impl.options.system_tenant : TenantOf(row);
    auto job = std::make_shared<PurgeJob>();
    job->caller = ServiceCaller(tenant);
    job->key = KeyValues(plan, row);
    auto done = std::make_shared<std::promise<Result<void>>>();
    waiting.push_back(done->get_future());
    impl.deps.store.Submit(
        {.scope = {.tenant = tenant, .across_tenants = true},
         .lane = Lane::kBulk,
         .work = [&impl, &plan, &entity, job, now](Transaction& transaction) -> Result<void> {
           job->gone = false;
           const auto present =
               TRY(LoadRow(transaction, plan, job->key, job->caller.tenant, Lock::kDelete));
           if (!present) return {};
           EvalContext eval{.row = &*present, .now = now};
           eval.follow = [&](const model::Relation& relation, const Record& from) {
             return Follow(transaction, impl.plans, relation, from);
           };
           if (!TRY(Holds(*entity.purge->when, eval))) return {};
           WriteContext context{
               .caller = job->caller, .transaction = transaction, .now = now, .trusted = true};
           TRY(impl.writer.Purge(context, *present));
           job->stale = std::move(context.stale);
           job->gone = true;
           return {};
         },
         .done = [done](Result<void> result) { done->set_value(std::move(result)); },
         .savepoint = true});
    jobs.push_back(std::move(job));
  }
  int gone = 0;
  std::optional<Error> failed;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const Result<void> result = waiting[i].get();
    if (result && jobs[i]->gone) {
      impl.Committed(jobs[i]->stale);
      ++gone;
    } else if (!result && result.error().code != Code::kConflict) {
      failed = result.error();
    }
  }
  if (failed) return Fail(*std::move(failed));
  return gone;
}

}  // namespace

Result<int> Engine::Purge(bool force) {
  Impl& impl = *impl_;
  const Time now = impl.deps.clock.Now();
  if (!TRY(impl.clock_lease.Hold())) return 0;
  int purged = 0;
  for (const auto& entity : impl.deps.model->entities) {
    if (!entity->purge) continue;
    const auto last = impl.last_purge.find(entity->table);
    if (!force &&
        !IsDue(*entity->purge, now,
               last == impl.last_purge.end() ? std::nullopt : std::optional(last->second))) {
      continue;
    }
    if (entity->purge->archive && !impl.options.archive) continue;
    model::Event all;
    all.any_state = true;
    all.auto_when = entity->purge->when;
    for (bool more = true; more;) {
      std::vector<Record> rows = TRY(FindDue(impl, *entity, all, false, now));
      more = static_cast<std::int64_t>(rows.size()) == kDueRows;
      if (entity->purge->archive && !rows.empty()) {
        std::string lines;
        for (const Record& row : rows) {
          AppendRecord(row, EncodeFor::kLog, lines);
          lines += '\n';
        }
        TRY(impl.options.archive(entity->table, lines));
      }
      const int gone = TRY(PurgeRows(impl, *entity, rows, now));
      purged += gone;
      // Rows that something still refers to stay; asking for them again at once would not end.
      more = more && gone > 0;
    }
    impl.last_purge[entity->table] = now;
  }
  return purged;
}

}  // namespace tenon
