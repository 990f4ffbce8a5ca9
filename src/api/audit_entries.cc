// GET /v1/audit/entries: who changed what, when, from where, and which fields.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <set>
#include <utility>

#include "api/endpoints.h"
#include "api/query.h"
#include "base/hash.h"
#include "base/text.h"
#include "engine/permit.h"
#include "engine/plan.h"

namespace tenon {
namespace {

// Rows that one request looks through for a field that is rarely changed; then it answers what it
// has, with a token to go on.
constexpr int kScanMax = 5000;

struct Question {
  std::string where;
  std::vector<Value> parameters;
  std::string field;  // "metadata.owner": only entries that changed it
  std::string event;  // an action that is a name of an event
  // Types whose rows the caller may read; what the log says of others is not shown.
  std::set<std::string, std::less<>> readable;
  int page_size = 0;
};

struct Place {
  std::string time, id;
};

std::string TokenOf(const Place& place) { return ToBase64Url(place.time + " " + place.id); }

// Members that differ between two states, by path; objects are compared member by member.
void Compare(const std::string& path, const json::value* before, const json::value* after,
             int depth, json::array& changes) {
  if (before != nullptr && after != nullptr && *before == *after) return;
  const bool objects = depth < 8 && (before == nullptr || before->is_object()) &&
                       (after == nullptr || after->is_object()) &&
                       !(before == nullptr && after == nullptr);
  if (objects && (depth == 0 || (before != nullptr && after != nullptr))) {
    std::set<std::string> names;
    for (const json::value* side : {before, after}) {
      if (side == nullptr) continue;
      for (const auto& member : side->as_object()) names.emplace(member.key());
    }
    for (const std::string& name : names) {
      Compare(path.empty() ? name : path + "." + name,
              before != nullptr ? before->as_object().if_contains(name) : nullptr,
              after != nullptr ? after->as_object().if_contains(name) : nullptr, depth + 1,
              changes);
    }
    return;
  }
  changes.push_back(json::object{{"path", path},
                                 {"before", before != nullptr ? *before : json::value()},
                                 {"after", after != nullptr ? *after : json::value()}});
}

json::array ChangesOf(const json::value& before, const json::value& after) {
  json::array changes;
  Compare("", before.is_object() ? &before : nullptr, after.is_object() ? &after : nullptr, 0,
          changes);
  return changes;
}

bool Touches(const json::array& changes, const std::string& field) {
  return std::ranges::any_of(changes, [&](const json::value& change) {
    const std::string_view path = change.at("path").as_string();
    const bool below =
        path.size() > field.size() && path.starts_with(field) && path[field.size()] == '.';
    const bool above =
        field.size() > path.size() && field.starts_with(path) && field[path.size()] == '.';
    return path == field || below || above;
  });
}

Result<Uuid> UuidOf(std::string_view name, const std::string& text) {
  const auto id = Uuid::Parse(text);
  if (!id) return BadParameter(name, "must be a UUID");
  return *id;
}

Result<Time> TimeOf(std::string_view name, const std::string& text) {
  const auto time = ParseTime(text);
  if (!time) return BadParameter(name, "must be a time such as 2026-11-21T08:50:00Z");
  return *time;
}

Result<Question> Read(const ApiContext& api, const Exchange& exchange) {
  const http::Request& request = exchange.request;
  Question question;
  question.where = "1 = 1";
  const auto add = [&](std::string_view condition, Value value) {
    question.parameters.push_back(std::move(value));
    question.where += fmt::format(" AND {} ${}", condition, question.parameters.size());
  };
  if (!exchange.caller.across_tenants) add("tenant_id =", Value(exchange.caller.tenant));
  if (const std::string table = TextParameter(request, "table"); !table.empty()) {
    const model::Entity* entity = api.engine.model().FindTable(table);
    if (entity == nullptr) return BadParameter("table", "is no table: " + Ellipsis(table, 64));
    TRY(Permit(exchange.caller, *entity, "read"));
    add("entity_type =", Value(TypeName(*entity)));
  }
  if (const std::string id = TextParameter(request, "id"); !id.empty()) {
    add("entity_id =", Value(TRY(UuidOf("id", id))));
  }
  if (const std::string user = TextParameter(request, "user"); !user.empty()) {
    add("user_id =", Value(TRY(UuidOf("user", user))));
  }
  if (const std::string address = TextParameter(request, "address"); !address.empty()) {
    add("ip_address =", Value(address));
  }
  if (const std::string from = TextParameter(request, "from"); !from.empty()) {
    add("timestamp >=", Value(TRY(TimeOf("from", from))));
  }
  if (const std::string to = TextParameter(request, "to"); !to.empty()) {
    add("timestamp <", Value(TRY(TimeOf("to", to))));
  }
  if (const std::string action = TextParameter(request, "action"); !action.empty()) {
    static constexpr std::array<std::string_view, 7> kActions = {
        "CREATE", "UPDATE", "DELETE", "RESTORE", "EVENT", "READ", "ERASE"};
    const bool known = std::ranges::find(kActions, action) != kActions.end();
    add("action =", Value(known ? action : std::string("EVENT")));
    if (!known) question.event = action;
  }
  for (const auto& entity : api.engine.model().entities) {
    if (Permit(exchange.caller, *entity, "read")) question.readable.insert(TypeName(*entity));
  }
  question.field = TextParameter(request, "field");
  question.page_size =
      static_cast<int>(TRY(IntParameter(request, "page_size", 1, limits::kPageSizeMax, 50)));
  return question;
}

Result<Place> PlaceIn(const http::Request& request) {
  const std::string token = TextParameter(request, "page_token");
  if (token.empty()) return Place{};
  const auto text = FromBase64Url(token);
  const std::size_t space = text ? text->find(' ') : std::string::npos;
  if (space == std::string::npos || !ParseTime(text->substr(0, space)) ||
      !Uuid::Parse(text->substr(space + 1))) {
    return BadParameter("page_token", "is none that an answer gave");
  }
  return Place{text->substr(0, space), text->substr(space + 1)};
}

json::value JsonIn(const Row& row, int column) {
  if (row.IsNull(column)) return nullptr;
  auto value = ParseJson(row.Text(column));
  return value ? *std::move(value) : json::value();
}

json::value TextOrNull(const Row& row, int column) {
  return row.IsNull(column) ? json::value() : json::value(row.Text(column));
}

struct Page {
  json::array items;
  Place last;
  int scanned = 0;
  bool more = false;
};

Result<void> ReadPage(Reader& reader, const Question& question, const Place& after, Page& page) {
  std::vector<Value> parameters = question.parameters;
  std::string where = question.where;
  if (!after.id.empty()) {
    parameters.emplace_back(*ParseTime(after.time));
    parameters.emplace_back(*Uuid::Parse(after.id));
    const std::size_t n = parameters.size();
    where += fmt::format(" AND (timestamp < ${0} OR (timestamp = ${0} AND id < ${1}))", n - 1, n);
  }
  const model::Type time{.kind = model::TypeKind::kTime};
  return reader.Query(
      "SELECT id, entity_type, entity_id, action, user_id, before_state, after_state, metadata, "
      "ip_address, user_agent, timestamp FROM audits WHERE " +
          where + fmt::format(" ORDER BY timestamp DESC, id DESC LIMIT {}", kScanMax),
      parameters, [&](const Row& row) -> Result<bool> {
        if (static_cast<int>(page.items.size()) >= question.page_size) {
          page.more = true;
          return false;
        }
        ++page.scanned;
        page.last = {FormatTime(TRY(row.Get(10, time)).As<Time>()), std::string(row.Text(0))};
        if (!question.readable.contains(row.Text(1))) return true;
        const json::value metadata = JsonIn(row, 7);
        const json::value* event =
            metadata.is_object() ? metadata.as_object().if_contains("event") : nullptr;
        if (!question.event.empty() &&
            (event == nullptr || !event->is_string() || event->as_string() != question.event)) {
          return true;
        }
        json::array changes = ChangesOf(JsonIn(row, 5), JsonIn(row, 6));
        if (!question.field.empty() && !Touches(changes, question.field)) return true;
        page.items.push_back(json::object{{"id", row.Text(0)},
                                          {"timestamp", page.last.time},
                                          {"entity_type", row.Text(1)},
                                          {"entity_id", row.Text(2)},
                                          {"action", row.Text(3)},
                                          {"user_id", TextOrNull(row, 4)},
                                          {"ip_address", TextOrNull(row, 8)},
                                          {"user_agent", TextOrNull(row, 9)},
                                          {"metadata", metadata},
                                          {"changes", std::move(changes)}});
        return true;
      });
}

}  // namespace

void HandleAuditEntries(const ApiContext& api, const ExchangePtr& exchange) {
  const auto answer = [&]() -> Result<std::string> {
    TRY(Permit(exchange->caller, *api.engine.model().FindTable("audits"), "read"));
    const Question question = TRY(Read(api, *exchange));
    const Place after = TRY(PlaceIn(exchange->request));
    Page page;
    const Scope scope{.tenant = exchange->caller.tenant,
                      .across_tenants = exchange->caller.across_tenants,
                      .deadline = limits::kReadDeadline};
    TRY(api.engine.store().Read(
        scope, [&](Reader& reader) { return ReadPage(reader, question, after, page); }));
    json::object body{{"items", std::move(page.items)}};
    if (page.more || page.scanned >= kScanMax) body["next_page_token"] = TokenOf(page.last);
    return json::serialize(body);
  };
  auto body = answer();
  if (!body) return exchange->Fail(body.error());
  exchange->SendJson(200, std::move(*body));
}

}  // namespace tenon
