#include "services/webhooks/subscriptions.h"

#include <span>
#include <utility>

#include "base/json.h"
#include "events/follower.h"
#include "model/check.h"
#include "record/eval.h"
#include "services/webhooks/message.h"

namespace tenon::webhooks {
namespace {

constexpr std::string_view kColumns =
    "SELECT id, tenant_id, url, entities, types, filter, secret, headers, attempts_max, delivered, "
    "parked FROM webhook_subscriptions WHERE ";

// Filters that are kept parsed; there are as many as subscriptions, and few.
constexpr std::size_t kFiltersMax = 1000;

std::set<std::string> Names(std::string_view text) {
  std::set<std::string> names;
  const auto list = ParseJson(text);
  if (!list || !list->is_array()) return names;
  for (const json::value& item : list->as_array()) {
    if (item.is_string()) names.insert(std::string(item.as_string()));
  }
  return names;
}

net::Headers HeadersIn(std::string_view text) {
  net::Headers headers;
  const auto map = ParseJson(text);
  if (!map || !map->is_object()) return headers;
  for (const auto& member : map->as_object()) {
    if (!member.value().is_string()) continue;
    headers.emplace_back(member.key(), std::string(member.value().as_string()));
  }
  return headers;
}

Result<std::vector<Subscription>> Load(Reader& reader, const model::Model& model,
                                       std::string_view where, std::span<const Value> parameters) {
  const model::Entity* entity = model.FindTable("webhook_subscriptions");
  const model::Type secret = entity->FindField("secret")->type;
  std::vector<Subscription> found;
  TRY(reader.Query(std::string(kColumns) + std::string(where), parameters,
                   [&](const Row& row) -> Result<bool> {
                     Subscription one;
                     one.id = Uuid::Parse(row.Text(0)).value_or(Uuid{});
                     one.tenant = Uuid::Parse(row.Text(1)).value_or(Uuid{});
                     one.url = row.Text(2);
                     one.entities = Names(row.Text(3));
                     one.types = Names(row.Text(4));
                     if (!row.IsNull(5)) one.filter = row.Text(5);
                     if (!row.IsNull(6)) one.secret = TRY(row.Get(6, secret)).As<std::string>();
                     one.headers = HeadersIn(row.Text(7));
                     one.attempts_max = static_cast<int>(row.Int(8));
                     one.delivered = row.Int(9);
                     one.parked = row.Int(10);
                     found.push_back(std::move(one));
                     return true;
                   }));
  return found;
}

}  // namespace

Result<std::vector<Subscription>> LoadActive(Reader& reader, const model::Model& model) {
  return Load(reader, model, "status = 'active' ORDER BY id", {});
}

Result<std::vector<Subscription>> LoadById(Reader& reader, const model::Model& model,
                                           const Uuid& id) {
  const Value key(id);
  return Load(reader, model, "id = $1", std::span(&key, 1));
}

const Matcher::Parsed& Matcher::FilterOf(const Subscription& subscription) {
  const std::string& table = *subscription.entities.begin();
  const std::string key = table + '\n' + subscription.filter;
  if (const auto known = filters_.find(key); known != filters_.end()) return known->second;
  if (filters_.size() >= kFiltersMax) filters_.clear();
  Parsed parsed{model_.FindTable(table), nullptr, ""};
  if (parsed.entity == nullptr) {
    parsed.problem = "there is no table " + table;
  } else {
    auto filter = model::CheckExpression(model_, *parsed.entity, subscription.filter,
                                         model::ExpressionUse::kFilter);
    if (filter) {
      parsed.filter = *std::move(filter);
    } else {
      parsed.problem = "filter: " + filter.error().message;
    }
  }
  return filters_.emplace(key, std::move(parsed)).first->second;
}

std::string Matcher::Problem(const Subscription& subscription) {
  for (const std::string& table : subscription.entities) {
    if (model_.FindTable(table) == nullptr) return "entities: there is no table " + table;
  }
  if (subscription.filter.empty()) return "";
  if (subscription.entities.size() != 1) {
    return "filter: needs exactly one table in entities, whose fields it speaks of";
  }
  return FilterOf(subscription).problem;
}

bool Matcher::Matches(const Subscription& subscription, const model::Entity& entity,
                      const LogEntry& entry, Time now) {
  if (!subscription.entities.empty() && !subscription.entities.contains(entity.table)) return false;
  if (!subscription.types.empty() && !subscription.types.contains(entry.action) &&
      !subscription.types.contains(ActionOf(entry))) {
    return false;
  }
  if (subscription.filter.empty()) return true;
  if (subscription.entities.size() != 1) return false;
  const Parsed& parsed = FilterOf(subscription);
  if (parsed.filter == nullptr) return false;
  // A deletion is looked at as the row last was.
  const Record old = RecordOfState(entity, entry.before_state);
  const Record row = entry.after_state.empty() ? old : RecordOfState(entity, entry.after_state);
  EvalContext context;
  context.row = &row;
  context.old = entry.before_state.empty() ? nullptr : &old;
  context.now = now;
  const auto holds = Holds(*parsed.filter, context);
  return holds && *holds;
}

}  // namespace tenon::webhooks
