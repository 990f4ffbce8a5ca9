// The clock's work: events that the models take by themselves, and retention.
#include <fmt/format.h>

#include "base/limits.h"
#include "engine/impl.h"
#include "record/encode.h"

namespace tenon {
namespace {

constexpr std::int64_t kDueRows = 500;       // of one event line in one round
constexpr std::int64_t kPurgeRows = 200;     // in one job: a few milliseconds of the writer
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

Result<int> Engine::Purge(bool force) {
  Impl& impl = *impl_;
  const Time now = impl.deps.clock.Now();
  int purged = 0;
  for (const auto& entity : impl.deps.model->entities) {
    if (!entity->purge) continue;
    const auto last = impl.last_purge.find(entity->table);
    if (!force && !IsDue(*entity->purge, now, last == impl.last_purge.end()
                                                   ? std::nullopt : std::optional(last->second))) {
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
      for (std::size_t at = 0; at < rows.size(); at += kPurgeRows) {
        const std::size_t end = std::min(rows.size(), at + kPurgeRows);
        std::vector<Stale> stale;
        TRY(impl.deps.store.Write(
            {.tenant = {}, .across_tenants = true},
            [&](Transaction& transaction) -> Result<void> {
              stale.clear();
              for (std::size_t i = at; i < end; ++i) {
                const Uuid tenant =
                    entity->tenant == nullptr ? impl.options.system_tenant : TenantOf(rows[i]);
                const Caller caller = ServiceCaller(tenant);
                WriteContext context{.caller = caller, .transaction = transaction, .now = now,
                                     .trusted = true};
                TRY(impl.writer.Purge(context, rows[i]));
                stale.push_back(std::move(context.stale));
              }
              return {};
            },
            Lane::kBulk));
        for (const Stale& one : stale) impl.Committed(one);
        purged += static_cast<int>(end - at);
      }
    }
    impl.last_purge[entity->table] = now;
  }
  return purged;
}

}  // namespace tenon
