#include "api/change_query.h"

#include <algorithm>
#include <utility>

#include "api/context.h"
#include "api/query.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/permit.h"
#include "engine/plan.h"
#include "events/cloud_event.h"
#include "events/follower.h"
#include "model/check.h"
#include "record/eval.h"

namespace tenon {
namespace {

// Log rows that one page looks through; with a rare filter the client sees progress all the same.
constexpr std::int64_t kScanMax = 5000;

const model::Entity* FindAny(const model::Model& model, std::string_view name) {
  if (const model::Entity* entity = model.FindTable(name)) return entity;
  return model.FindEntity(name);
}

std::unexpected<Error> UnknownEntity(const model::Model& model, const std::string& name) {
  std::vector<std::string_view> tables;
  for (const auto& entity : model.entities) tables.push_back(entity->table);
  std::string message = "names " + Ellipsis(name, 64) + ", which is no table";
  const std::string_view nearest = Nearest(name, tables);
  if (!nearest.empty()) message += "; did you mean " + std::string(nearest) + "?";
  return BadParameter("entity", std::move(message));
}

bool Passes(const ApiContext& api, const ChangeQuery& query, const LogEntry& entry) {
  const auto known = query.entities.find(entry.entity_type);
  if (known == query.entities.end()) return false;
  if (query.filter == nullptr) return true;
  const Record old = RecordOfState(*query.filtered, entry.before_state);
  // A deletion is looked at as the row last was.
  const Record row =
      entry.after_state.empty() ? old : RecordOfState(*query.filtered, entry.after_state);
  EvalContext context;
  context.row = &row;
  context.old = entry.before_state.empty() ? nullptr : &old;
  context.now = api.engine.clock().Now();
  const auto holds = Holds(*query.filter, context);
  return holds && *holds;
}

// The member of a change that only clients see: where they stand after it.
std::string PositionMember(std::string_view token) {
  return "\"position\":\"" + std::string(token) + "\",";
}

}  // namespace

Result<ChangeQuery> MakeChangeQuery(const ApiContext& api, const Caller& caller,
                                    const http::Request& request) {
  const model::Model& model = api.engine.model();
  ChangeQuery query;
  query.tenant = caller.across_tenants ? Uuid{} : caller.tenant;
  const std::vector<std::string> names = TRY(ListParameter(request, "entity"));
  std::vector<const model::Entity*> asked;
  for (const std::string& name : names) {
    const model::Entity* entity = FindAny(model, name);
    if (entity == nullptr) return UnknownEntity(model, name);
    TRY(Permit(caller, *entity, "read"));
    asked.push_back(entity);
  }
  if (names.empty()) {
    for (const auto& entity : model.entities) {
      if (Permit(caller, *entity, "read")) asked.push_back(entity.get());
    }
  }
  for (const model::Entity* entity : asked) query.entities[TypeName(*entity)] = entity;
  if (names.size() == 1) query.entity_type = TypeName(*asked.front());
  const std::string filter = TextParameter(request, "filter");
  if (!filter.empty()) {
    if (names.size() != 1) {
      return BadParameter("filter", "needs exactly one entity: its fields are what it speaks of");
    }
    query.filtered = asked.front();
    query.filter =
        TRY(model::CheckExpression(model, *query.filtered, filter, model::ExpressionUse::kFilter));
  }
  return query;
}

Result<ChangePage> ReadChanges(const ApiContext& api, const ChangeQuery& query, std::int64_t after,
                               std::int64_t limit) {
  ChangePage page;
  const std::int64_t until = api.engine.log().Last();
  page.scanned = std::max(after, std::int64_t{0});
  if (page.scanned >= until) return page;
  ReadLog read;
  if (!query.tenant.IsNil()) read.tenant = query.tenant;
  read.until = until;
  read.entity_type = query.entity_type;
  Scope scope{.tenant = query.tenant, .across_tenants = query.tenant.IsNil()};
  const auto work = [&](Reader& reader) -> Result<void> {
    std::int64_t looked_at = 0;
    const auto wanted = static_cast<std::size_t>(limit);
    while (page.entries.size() < wanted && looked_at < kScanMax && page.scanned < until) {
      read.after = page.scanned;
      read.limit = std::min<std::int64_t>(limit, 500);
      auto entries = TRY(Log::Read(reader, read));
      const bool last = static_cast<std::int64_t>(entries.size()) < read.limit;
      looked_at += static_cast<std::int64_t>(entries.size());
      bool full = false;
      for (LogEntry& entry : entries) {
        full = page.entries.size() >= wanted;
        if (full) break;
        page.scanned = entry.seq;
        if (Passes(api, query, entry)) page.entries.push_back(std::move(entry));
      }
      if (last && !full) page.scanned = until;
    }
    return {};
  };
  TRY(api.engine.store().Read(scope, work));
  return page;
}

void AppendChange(const ApiContext& api, const ChangeQuery& query, const LogEntry& entry,
                  std::string& out) {
  out += '{' + PositionMember(api.positions.Token(query.tenant, entry.seq));
  AppendChangeMembers(*query.entities.at(entry.entity_type), entry, out);
  out += '}';
}

void AppendServerEvent(const ApiContext& api, const ChangeQuery& query, const LogEntry& entry,
                       std::string& out) {
  const model::Entity& entity = *query.entities.at(entry.entity_type);
  const std::string token = api.positions.Token(query.tenant, entry.seq);
  out += "id: " + token + "\ndata: ";
  AppendCloudEvent(entity, entry, CloudEventType(entity, entry.action), PositionMember(token), out);
  out += "\n\n";
}

}  // namespace tenon
