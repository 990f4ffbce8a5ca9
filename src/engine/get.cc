// Single records: from the cache, from the store, or as they were at a time.
#include "base/json.h"
#include "engine/impl.h"
#include "engine/permit.h"
#include "engine/projection.h"
#include "log/seal_chain.h"
#include "record/encode.h"

namespace tenon {
namespace {

// The whole row as it is answered, and whether it is fit for the cache under the id it was asked
// by.
struct Whole {
  GetResult result;
  bool is_canonical = false;  // ids in another spelling (upper case) are not kept twice
};

Result<Whole> WholeOf(const std::optional<Record>& record, const model::Entity& entity,
                      std::string_view id, bool with_deleted) {
  if (!record || (IsDeleted(*record) && !with_deleted)) return Fail(NoSuchRow(entity, id));
  Whole whole;
  AppendRecord(*record, EncodeFor::kAnswer, whole.result.body);
  whole.result.etag = EtagOf(*record, whole.result.body);
  whole.is_canonical = KeyText(*record) == id;
  return whole;
}

bool IsWhole(const GetOptions& options) {
  return options.fields.empty() && options.expand.empty() && !options.with_deleted &&
         !options.as_of;
}

// The record as JSON with only the fields asked for.
std::string Encode(const Record& record, const std::vector<const model::Field*>& fields) {
  std::string out = "{";
  for (const model::Field* field : fields) {
    if (out.size() > 1) out += ',';
    AppendJsonString(field->name, out);
    out += ':';
    AppendValue(record.at(*field), field->type, EncodeFor::kAnswer, out);
  }
  return out;
}

// The tenant that a row of this entity must be in; across tenants any will do.
Result<std::optional<Record>> Load(Reader& reader, const EntityPlan& plan, const Caller& caller,
                                   const std::vector<Value>& key) {
  if (!caller.across_tenants || plan.entity->tenant == nullptr) {
    return LoadRow(reader, plan, key, caller.tenant);
  }
  SqlBuilder sql(reader.dialect());
  sql << plan.select << " WHERE ";
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (i > 0) sql << " AND ";
    sql.Name(plan.key_in_url[i]->name) << " = ";
    sql.Bind(key[i]);
  }
  std::optional<Record> found;
  TRY(reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
    found = TRY(RecordOf(row, *plan.entity));
    return false;
  }));
  return found;
}

// The log rows of one row of an entity. `tenant` absent: whoever's.
struct LogOf {
  const EntityPlan& plan;
  Uuid id;
  std::optional<Uuid> tenant;
};

enum class Side { kUntil, kAfter };  // the newest not after a time; the oldest after it

struct LoggedState {
  std::string state;  // after the newest, before the oldest; empty: there was no row
  bool erased = false;
};

Result<std::optional<LoggedState>> FindState(Reader& reader, const LogOf& log, Side side,
                                             Time time) {
  // The row has few log rows and the tenant many: the plus keeps SQLite off the tenant's index.
  const std::string off = reader.dialect() == Dialect::kSqlite ? "+" : "";
  const bool until = side == Side::kUntil;
  SqlBuilder sql(reader.dialect());
  sql << "SELECT " << (until ? "a.after_state" : "a.before_state")
      << ", s.salt, s.seq FROM audits a LEFT JOIN audit_seals s ON s.audit_id = a.id "
         "WHERE a.entity_type = ";
  sql.Bind(Value(log.plan.type_name)) << " AND a.entity_id = ";
  sql.Bind(Value(log.id)) << " AND " << off << "a.\"timestamp\" " << (until ? "<= " : "> ");
  sql.Bind(Value(time));
  if (log.tenant) (sql << " AND " << off << "a.tenant_id = ").Bind(Value(*log.tenant));
  // Rows that wait for their position are the newest.
  const std::string_view direction = until ? " DESC" : "";
  sql << " ORDER BY " << kSeqOrLast << direction << ", a.id" << direction << " LIMIT 1";
  std::optional<LoggedState> found;
  TRY(reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
    found.emplace();
    if (!row.IsNull(0)) {
      found->state = reader.dialect() == Dialect::kSqlite ? std::string(row.Text(0))
                                                          : CanonicalText(row.Text(0));
    }
    found->erased = row.IsNull(1) && !row.IsNull(2);
    return false;
  }));
  return found;
}

// The row as the log has it at a time: what the newest log row not after it left. Where that
// payload was erased, what the next log row found; and where there is no next one, the row itself.
Result<std::string> StateAt(Engine::Impl& impl, Reader& reader, const EntityPlan& plan,
                            const Caller& caller, const std::vector<Value>& key, Time time,
                            std::string_view id) {
  const model::Entity& entity = *plan.entity;
  Record named(entity);
  for (std::size_t i = 0; i < key.size(); ++i) named.at(*plan.key_in_url[i]) = key[i];
  LogOf log{plan, EntityId(named), std::nullopt};
  if (entity.tenant == nullptr) {
    log.tenant = impl.options.system_tenant;
  } else if (!caller.across_tenants) {
    log.tenant = caller.tenant;
  }
  const Error gone(Code::kGone, "the log of that time is no longer kept");
  const auto newest = TRY(FindState(reader, log, Side::kUntil, time));
  if (!newest) return Fail(NoSuchRow(entity, id));
  if (!newest->erased) {
    if (newest->state.empty()) return Fail(NoSuchRow(entity, id));
    return newest->state;
  }
  if (log.tenant && entity.tenant != nullptr) {
    const auto tenant = TRY(impl.tenants.Get(reader, *log.tenant));
    if (tenant->audit_retention && time < impl.deps.clock.Now() - *tenant->audit_retention) {
      return Fail(gone);
    }
  }
  if (const auto next = TRY(FindState(reader, log, Side::kAfter, time))) {
    if (next->erased) return Fail(gone);
    if (next->state.empty()) return Fail(NoSuchRow(entity, id));
    return next->state;
  }
  const auto present = TRY(Load(reader, plan, caller, key));
  if (!present || IsDeleted(*present)) return Fail(NoSuchRow(entity, id));
  std::string state;
  AppendRecord(*present, EncodeFor::kLog, state);
  return state;
}

}  // namespace

std::shared_ptr<const GetResult> Engine::Cached(const Caller& caller, const model::Entity& entity,
                                                std::string_view id) {
  if (caller.across_tenants || !Permit(caller, entity, "read")) return nullptr;
  if (!impl_->MayCache(entity)) return nullptr;
  return impl_->cache.Find(impl_->CacheKey(caller, entity, id));
}

Result<GetResult> Engine::Get(const Caller& caller, const model::Entity& entity,
                              std::string_view id, const GetOptions& options) {
  Impl& impl = *impl_;
  TRY(Permit(caller, entity, "read"));
  const EntityPlan& plan = impl.plans.Of(entity);
  const auto key = ParseKey(entity, id);
  if (!key) return Fail(NoSuchRow(entity, id));
  const auto fields = TRY(Project(entity, options.fields));
  const auto relations = TRY(Expansions(entity, options.expand));

  const bool whole = IsWhole(options) && !caller.across_tenants && impl.MayCache(entity);
  const std::string cache_key = impl.CacheKey(caller, entity, id);
  const std::uint64_t ticket = whole ? impl.cache.Ticket(cache_key) : 0;
  GetResult result;
  bool cacheable = false;
  Scope scope = Impl::ScopeOf(caller);
  scope.one_query = !options.as_of && relations.empty();
  TRY(impl.deps.store.Read(scope, [&](Reader& reader) -> Result<void> {
    if (options.as_of) {
      result.body = TRY(StateAt(impl, reader, plan, caller, *key, *options.as_of, id));
      return {};
    }
    const auto record = TRY(Load(reader, plan, caller, *key));
    Whole row = TRY(WholeOf(record, entity, id, options.with_deleted));
    result = std::move(row.result);
    cacheable = whole && row.is_canonical;
    if (options.fields.empty() && options.expand.empty()) return {};
    result.body = Encode(*record, fields);
    if (!relations.empty()) {
      result.body += TRY(Expand(reader, impl.plans, {*record}, relations)).front();
    }
    result.body += '}';
    return {};
  }));
  if (cacheable) impl.cache.Fill(cache_key, std::make_shared<GetResult>(result), ticket);
  return result;
}

void Engine::GetSoon(const Caller& caller, const model::Entity& entity, std::string_view id,
                     Got got) {
  Impl& impl = *impl_;
  const EntityPlan& plan = impl.plans.Of(entity);
  if (!impl.group_reads || plan.load_each.empty() || caller.across_tenants) {
    return got(Get(caller, entity, id, {}));
  }
  if (auto permitted = Permit(caller, entity, "read"); !permitted) {
    return got(std::unexpected(std::move(permitted).error()));
  }
  const auto key = ParseKey(entity, id);
  if (!key) return got(Fail(NoSuchRow(entity, id)));
  const bool may_cache = impl.MayCache(entity);
  std::string cache_key = impl.CacheKey(caller, entity, id);
  const std::uint64_t ticket = may_cache ? impl.cache.Ticket(cache_key) : 0;
  impl.group_reads->Find(
      plan, caller.tenant, key->front(),
      [&impl, &entity, id = std::string(id), may_cache, cache_key = std::move(cache_key), ticket,
       got = std::move(got)](const Result<std::optional<Record>>& record) {
        if (!record) return got(std::unexpected(record.error()));
        auto whole = WholeOf(*record, entity, id, false);
        if (!whole) return got(std::unexpected(std::move(whole).error()));
        if (may_cache && whole->is_canonical) {
          impl.cache.Fill(cache_key, std::make_shared<GetResult>(whole->result), ticket);
        }
        got(std::move(whole->result));
      });
}

}  // namespace tenon
