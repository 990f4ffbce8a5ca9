#include "search/follower.h"

#include <algorithm>

#include "engine/load.h"

namespace tenon::search {
namespace {

// Rows that are read in one piece.
constexpr std::size_t kBatch = 1000;
// Rows indexed in one transaction, when there are so many to do: FTS5 makes a segment of each, and
// the counts of words are written once, so large ones cost a third of small ones.
constexpr std::size_t kApplyMax = 5000;
constexpr std::size_t kApplyBytesMax = 32u << 20;  // texts held for it
constexpr auto kDeadline = std::chrono::seconds(30);

const Scope kEverywhere{.tenant = {}, .across_tenants = true, .deadline = kDeadline};

// What the log knows of a row before and after: whichever there is.
std::vector<Record> StatesOf(const model::Entity& entity, const LogEntry& entry) {
  std::vector<Record> states;
  for (const std::string* state : {&entry.before_state, &entry.after_state}) {
    if (!state->empty()) states.push_back(RecordOfState(entity, *state));
  }
  return states;
}

// Whether an update left alone all that paths read of the row.
bool IsUntouched(const Dependent& dependent, const std::vector<Record>& states) {
  if (states.size() != 2 || IsDeleted(states[0]) != IsDeleted(states[1])) return false;
  return std::ranges::all_of(dependent.fields, [&](const model::Field* field) {
    return states[0].at(*field) == states[1].at(*field);
  });
}

std::string KeyTextOf(const Value& key) {
  if (const Uuid* id = key.If<Uuid>()) return id->ToString();
  if (const std::string* text = key.If<std::string>()) return *text;
  return Describe(key);
}

}  // namespace

SearchFollower::SearchFollower(Store& store, const model::Model& model, const SearchPlans& plans,
                               SearchIndex& index)
    : store_(store),
      plans_(plans),
      index_(index),
      entities_(model, store.dialect()),
      tenants_(model.FindEntity("Tenant")) {
  traits_.name = "search";
  traits_.description = "the search index";
  traits_.keeps = Keeps::kOwn;
  traits_.start = Start::kRebuild;
  traits_.types = plans_.Types();
  if (tenants_ != nullptr) traits_.types.push_back(TypeName(*tenants_));
  traits_.page_rows = static_cast<std::int64_t>(kApplyMax);
}

Result<LogPlace> SearchFollower::PlaceAt(std::int64_t position) {
  LogPlace place{.position = position, .row = {}};
  const Value seq(position);
  TRY(store_.Read(kEverywhere, [&](Reader& reader) {
    return reader.Query("SELECT audit_id FROM audit_seals WHERE seq = $1", std::span(&seq, 1),
                        [&](const Row& row) -> Result<bool> {
                          place.row = row.Text(0);
                          return false;
                        });
  }));
  return place;
}

Result<std::optional<std::int64_t>> SearchFollower::Saved() {
  const auto place = TRY(index_.Place());
  if (!place || TRY(PlaceAt(place->position)).row != place->row) {
    return std::optional<std::int64_t>{};
  }
  return std::optional(place->position);
}

Result<void> SearchFollower::Scan(
    const SearchPlan& plan, const std::function<Result<void>(Reader&, std::vector<Record>)>& take) {
  const EntityPlan& entity = entities_.Of(*plan.entity);
  std::vector<Value> after;
  for (bool more = true; more;) {
    // The tenant leads where it is part of the key, and so pages mostly are of one tenant.
    SqlBuilder sql(store_.dialect());
    sql << entity.select;
    const auto columns = [&] {
      for (std::size_t i = 0; i < plan.entity->key.size(); ++i) {
        (sql << (i == 0 ? "" : ", ")).Name(plan.entity->key[i]->name);
      }
    };
    if (!after.empty()) {
      sql << " WHERE (";
      columns();
      sql << ") > (";
      for (std::size_t i = 0; i < after.size(); ++i) {
        sql << (i == 0 ? "" : ", ");
        sql.Bind(after[i]);
      }
      sql << ")";
    }
    sql << " ORDER BY ";
    columns();
    sql << " LIMIT " << std::to_string(kBatch);
    TRY(store_.Read(kEverywhere, [&](Reader& reader) -> Result<void> {
      std::vector<Record> rows;
      TRY(reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
        rows.push_back(TRY(RecordOf(row, *plan.entity)));
        return true;
      }));
      more = rows.size() == kBatch;
      if (rows.empty()) return {};
      after.clear();
      for (const model::Field* field : plan.entity->key) after.push_back(rows.back().at(*field));
      return take(reader, std::move(rows));
    }));
  }
  return {};
}

Result<void> SearchFollower::Rebuild(RebuildRun& run) {
  std::int64_t total = 0;
  TRY(store_.Read(kEverywhere, [&](Reader& reader) -> Result<void> {
    total = 0;
    for (const auto& plan : plans_.all()) {
      SqlBuilder sql(reader.dialect());
      (sql << "SELECT count(*) FROM ").Name(plan->entity->table);
      TRY(reader.Query(sql.text(), {}, [&](const Row& row) -> Result<bool> {
        total += row.Int(0);
        return false;
      }));
    }
    return {};
  }));
  std::int64_t done = 0;
  const LogPlace place = TRY(PlaceAt(run.position));
  return index_.Rebuild(place, [&](const SearchIndex::Add& add) -> Result<void> {
    for (const auto& plan : plans_.all()) {
      TRY(Scan(*plan, [&](Reader& reader, std::vector<Record> rows) -> Result<void> {
        if (!run.progress(done, total)) return Fail(Code::kUnavailable, "stopping");
        done += static_cast<std::int64_t>(rows.size());
        std::map<Uuid, std::vector<Record>> by_tenant;
        for (Record& row : rows) by_tenant[TenantOf(row)].push_back(std::move(row));
        for (const auto& [tenant, of_tenant] : by_tenant) {
          auto changes = TRY(MakeChanges(reader, entities_, *plan, of_tenant));
          std::erase_if(changes, &Change::removed);
          TRY(add(changes));
        }
        return {};
      }));
    }
    return {};
  });
}

Result<void> SearchFollower::Apply(const FollowerPage& page) {
  Pending pending;
  const auto place = TRY(index_.Place());
  if (!place) return Fail(Code::kUnavailable, "the search index has to be built");
  pending.place = *place;
  for (const LogEntry& entry : page.rows) {
    if (entry.action == "READ") continue;
    if (tenants_ != nullptr && entry.entity_type == TypeName(*tenants_) &&
        entry.action == "DELETE" && !TRY(IsThere(entry.entity_id))) {
      TRY(index_.EraseTenant(entry.entity_id));
    }
    TRY(AddRow(entry, pending));
    for (const Dependent& dependent : plans_.DependentsOf(entry.entity_type)) {
      TRY(AddDependents(entry, dependent, pending));
    }
  }
  return Flush(pending, TRY(PlaceAt(page.position)));
}

Result<bool> SearchFollower::IsThere(const Uuid& tenant) {
  const Value key(tenant);
  bool there = false;
  TRY(store_.Read(kEverywhere, [&](Reader& reader) -> Result<void> {
    there = TRY(LoadRow(reader, entities_.Of(*tenants_), std::span(&key, 1), tenant)).has_value();
    return {};
  }));
  return there;
}

Result<void> SearchFollower::AddRow(const LogEntry& entry, Pending& pending) {
  const SearchPlan* plan = plans_.FindType(entry.entity_type);
  if (plan == nullptr) return {};
  // Rows without a tenant are logged under the system's, and indexed under none.
  const Uuid tenant = plan->entity->tenant == nullptr ? Uuid{} : entry.tenant;
  if (pending.keys[{plan, tenant}].insert(KeyOf(entry)).second) ++pending.count;
  return pending.count < kApplyMax ? Result<void>() : Flush(pending, pending.place);
}

Result<void> SearchFollower::AddKey(const SearchPlan& plan, const Uuid& tenant, const Value& key,
                                    Pending& pending) {
  if (key.IsNull()) return {};
  if (pending.keys[{&plan, tenant}].insert(KeyTextOf(key)).second) ++pending.count;
  return pending.count < kApplyMax ? Result<void>() : Flush(pending, pending.place);
}

// Rows whose paths lead to the row that changed.
Result<void> SearchFollower::AddDependents(const LogEntry& entry, const Dependent& dependent,
                                           Pending& pending) {
  const std::size_t last = dependent.hops.size() - 1;
  const model::Relation& relation = *dependent.hops[last].relation;
  if (dependent.through_row) {
    for (const Record& state : StatesOf(*relation.through, entry)) {
      TRY(AddOrigins(entry.tenant, dependent, last, state.at(*relation.near), pending));
    }
    return {};
  }
  const std::vector<Record> states = StatesOf(*relation.target, entry);
  if (IsUntouched(dependent, states)) return {};
  if (relation.kind == model::Relation::Kind::kBackward) {
    for (const Record& state : states) {
      TRY(AddOrigins(entry.tenant, dependent, last, state.at(*relation.field), pending));
    }
    return {};
  }
  if (entry.action == "CREATE") return {};  // nothing can refer to it yet
  const auto key = ParseKey(*relation.target, KeyOf(entry));
  if (!key || key->size() != 1) return {};
  // Whoever refers to it, page by page: one tag may be on half of all assets.
  const bool through = relation.kind == model::Relation::Kind::kThrough;
  const model::Entity& from = through ? *relation.through : *relation.source;
  const model::Field& to_key = through ? *relation.far : *relation.field;
  const model::Field& origin =
      through ? *relation.near : *entities_.Of(*relation.source).key_in_url.front();
  Value after;
  for (bool more = true; more;) {
    SqlBuilder sql(store_.dialect());
    ((sql << "SELECT DISTINCT ").Name(origin.name) << " FROM ").Name(from.table);
    ((sql << " WHERE ").Name(to_key.name)) << " = ";
    sql.Bind(key->front());
    if (from.tenant != nullptr) {
      (sql << " AND ").Name(from.tenant->name) << " = ";
      sql.Bind(Value(entry.tenant));
    }
    if (!after.IsNull()) {
      (sql << " AND ").Name(origin.name) << " > ";
      sql.Bind(after);
    }
    (sql << " ORDER BY ").Name(origin.name) << " LIMIT " << std::to_string(kBatch);
    std::vector<Value> origins;
    TRY(store_.Read(kEverywhere, [&](Reader& reader) -> Result<void> {
      origins.clear();
      return reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
        origins.push_back(TRY(row.Get(0, origin.type)));
        return true;
      });
    }));
    more = origins.size() == kBatch;
    for (const Value& value : origins) {
      TRY(AddOrigins(entry.tenant, dependent, last, value, pending));
      after = value;
    }
  }
  return {};
}

// `key` is of the row that hop `hop` starts from. The first hop starts from the searched entity;
// longer paths are gone back along.
Result<void> SearchFollower::AddOrigins(const Uuid& tenant, const Dependent& dependent,
                                        std::size_t hop, const Value& key, Pending& pending) {
  if (hop == 0) return AddKey(*dependent.plan, tenant, key, pending);
  const model::Relation& before = *dependent.hops[hop - 1].relation;
  std::vector<Value> origins;
  TRY(store_.Read(kEverywhere, [&](Reader& reader) -> Result<void> {
    origins.clear();
    const auto collect = [&](const model::Entity& entity, const model::Field& where,
                             const model::Field& what) -> Result<void> {
      const auto rows =
          TRY(LoadMany(reader, entities_.Of(entity), where, std::span(&key, 1), tenant));
      for (const Record& row : rows) origins.push_back(row.at(what));
      return {};
    };
    switch (before.kind) {
      case model::Relation::Kind::kForward:
        return collect(*before.source, *before.field,
                       *entities_.Of(*before.source).key_in_url.front());
      case model::Relation::Kind::kBackward:
        return collect(*before.target, *entities_.Of(*before.target).key_in_url.front(),
                       *before.field);
      case model::Relation::Kind::kThrough:
        return collect(*before.through, *before.far, *before.near);
    }
    return {};
  }));
  for (const Value& origin : origins) {
    TRY(AddOrigins(tenant, dependent, hop - 1, origin, pending));
  }
  return {};
}

Result<void> SearchFollower::Flush(Pending& pending, const LogPlace& place) {
  std::vector<Change> changes;
  std::size_t bytes = 0;
  for (const auto& [of, keys] : pending.keys) {
    const std::vector<std::string> list(keys.begin(), keys.end());
    for (std::size_t at = 0; at < list.size(); at += kBatch) {
      const std::span some = std::span(list).subspan(at, std::min(kBatch, list.size() - at));
      TRY(store_.Read(kEverywhere, [&](Reader& reader) -> Result<void> {
        for (Change& change : TRY(ReadChanges(reader, entities_, *of.first, of.second, some))) {
          for (const std::string& text : change.document.texts) bytes += text.size();
          changes.push_back(std::move(change));
        }
        return {};
      }));
      if (bytes < kApplyBytesMax) continue;
      TRY(index_.Apply(changes, pending.place));
      changes.clear();
      bytes = 0;
    }
  }
  pending.keys.clear();
  pending.count = 0;
  return index_.Apply(changes, place);
}

}  // namespace tenon::search
