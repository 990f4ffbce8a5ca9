#include "engine/reconcile.h"

#include <set>
#include <unordered_map>

#include "base/json.h"
#include "engine/impl.h"
#include "engine/load.h"
#include "log/seal_chain.h"
#include "record/encode.h"

namespace tenon {
namespace {

const Scope kEverywhere{.tenant = {}, .across_tenants = true, .deadline = std::chrono::seconds(60)};

// What the log has last of one row.
struct Logged {
  Uuid tenant;
  std::string state;  // empty: deleted
  std::string key;
  bool erased = false;  // the state was; nothing can be said of the row
  bool seen = false;
};

// Fields whose newest value the log does not have.
std::set<std::string> UnloggedFields(const model::Entity& entity) {
  std::set<std::string> names;
  for (const model::Event& event : entity.events) {
    if (!event.quiet) continue;
    for (const model::Assignment& set : event.set) names.insert(set.field->name);
    for (const model::Take& take : event.takes) {
      if (take.field != nullptr) names.insert(take.field->name);
    }
  }
  for (const model::Field& field : entity.fields) {
    if (field.redact || field.hidden || field.automatic == model::Auto::kUpdated || field.lock ||
        field.automatic == model::Auto::kAgent || field.automatic == model::Auto::kAddress) {
      names.insert(field.name);
    }
  }
  return names;
}

bool IsKept(const model::Entity& entity) {
  // Logs are their own record; the engine's bookkeeping is nobody's.
  return !entity.global && !entity.written_by_engine && entity.table != "fsm_transitions";
}

Result<std::unordered_map<Uuid, Logged>> LastStates(Reader& reader, const std::string& type) {
  std::unordered_map<Uuid, Logged> states;
  const Value parameter(type);
  // With one writer the ids have the order of the log.
  constexpr std::string_view kOfOneWriter =
      "SELECT a.entity_id, a.tenant_id, a.after_state, a.metadata FROM audits a JOIN (SELECT "
      "max(id) AS id FROM audits WHERE entity_type = $1 GROUP BY entity_id) l ON l.id = a.id";
  constexpr std::string_view kOfMany =
      "SELECT DISTINCT ON (a.entity_id) a.entity_id, a.tenant_id, a.after_state, a.metadata "
      "FROM audits a LEFT JOIN audit_seals s ON s.audit_id = a.id WHERE a.entity_type = $1 "
      "ORDER BY a.entity_id, coalesce(s.seq, 9223372036854775807) DESC, a.id DESC";
  const bool alone = reader.dialect() == Dialect::kSqlite;
  TRY(reader.Query(
      alone ? kOfOneWriter : kOfMany, std::span(&parameter, 1),
      [&](const Row& row) -> Result<bool> {
        Logged logged;
        logged.tenant = Uuid::Parse(row.Text(1)).value_or(Uuid{});
        if (!row.IsNull(2)) logged.state = row.Text(2);
        const Uuid id = Uuid::Parse(row.Text(0)).value_or(Uuid{});
        logged.key = id.ToString();
        if (const auto metadata = ParseJson(row.Text(3)); metadata && metadata->is_object()) {
          if (const auto* key = metadata->as_object().if_contains("key"); key && key->is_string()) {
            logged.key = std::string(key->as_string());
          }
          logged.erased = metadata->as_object().contains("erased");
        }
        states.emplace(id, std::move(logged));
        return true;
      }));
  return states;
}

// Names of the members that differ, besides those left out.
std::string DifferingFields(const std::string& before, const std::string& after,
                            const std::set<std::string>& left_out) {
  const auto old_state = ParseJson(before);
  const auto new_state = ParseJson(after);
  if (!old_state || !new_state) return "";
  std::string names;
  for (const auto& [name, value] : new_state->as_object()) {
    const json::value* was = old_state->as_object().if_contains(name);
    // A field that the model has since gained is no change of the row.
    if (left_out.contains(std::string(name)) || was == nullptr || *was == value) continue;
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return names;
}

struct Found {
  OutsideChange change;
  LogEntry entry;
};

LogEntry EntryOf(const EntityPlan& plan, const Uuid& tenant, const Uuid& id,
                 const OutsideChange& change, std::string before, std::string after, Time now) {
  LogEntry entry;
  entry.tenant = tenant;
  entry.entity_type = plan.type_name;
  entry.entity_id = id;
  entry.action = change.action;
  // What the log said comes back in the store's own form of JSON.
  entry.before_state = CanonicalText(before);
  entry.after_state = CanonicalText(after);
  json::object metadata{{"actor", "outside"}};
  if (change.key != id.ToString()) metadata["key"] = change.key;
  entry.metadata = CanonicalJson(metadata);
  entry.timestamp = now;
  return entry;
}

Result<void> CompareEntity(Reader& reader, const EntityPlan& plan, Time now,
                           std::vector<Found>& found) {
  const model::Entity& entity = *plan.entity;
  auto states = TRY(LastStates(reader, plan.type_name));
  const std::set<std::string> left_out = UnloggedFields(entity);
  TRY(reader.Query(plan.select, {}, [&](const Row& row) -> Result<bool> {
    const Record record = TRY(RecordOf(row, entity));
    const Uuid id = EntityId(record);
    std::string text;
    AppendRecord(record, EncodeFor::kLog, text);
    OutsideChange change{.table = entity.table, .key = KeyText(record), .action = {}, .fields = {}};
    const auto logged = states.find(id);
    std::string before;
    if (logged == states.end()) {
      change.action = "CREATE";
    } else {
      logged->second.seen = true;
      if (logged->second.erased) return true;
      before = logged->second.state;
      // A soft delete leaves the row and logs no state after it.
      if (before.empty()) {
        if (IsDeleted(record)) return true;
        change.action = "CREATE";
      } else {
        change.fields = DifferingFields(before, text, left_out);
        if (change.fields.empty()) return true;
        change.action = "UPDATE";
      }
    }
    found.push_back({change, EntryOf(plan, TenantOf(record), id, change, before, text, now)});
    return true;
  }));
  for (const auto& [id, logged] : states) {
    if (logged.seen || logged.state.empty()) continue;
    const OutsideChange change{entity.table, logged.key, "DELETE", ""};
    found.push_back({change, EntryOf(plan, logged.tenant, id, change, logged.state, "", now)});
  }
  return {};
}

}  // namespace

Result<std::vector<OutsideChange>> Reconcile(Engine& engine, bool write) {
  Plans plans(engine.model(), engine.store().dialect());
  const Time now = engine.clock().Now();
  std::vector<OutsideChange> changes;
  for (const auto& entity : engine.model().entities) {
    if (!IsKept(*entity)) continue;
    std::vector<Found> found;
    TRY(engine.store().Read(kEverywhere, [&](Reader& reader) -> Result<void> {
      found.clear();
      return CompareEntity(reader, plans.Of(*entity), now, found);
    }));
    if (write && !found.empty()) {
      TRY(engine.store().Write(kEverywhere, [&](Transaction& transaction) -> Result<void> {
        for (const Found& one : found) {
          LogEntry entry = one.entry;
          TRY(engine.log().Append(transaction, entry));
        }
        return {};
      }));
    }
    for (Found& one : found) changes.push_back(std::move(one.change));
  }
  return changes;
}

}  // namespace tenon
