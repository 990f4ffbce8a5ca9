// What happened to one row: its log rows, newest first, with the fields that changed.
#include <fmt/format.h>

#include "base/json.h"
#include "base/json_text.h"
#include "base/limits.h"
#include "base/text.h"
#include "engine/impl.h"
#include "engine/page_token.h"
#include "engine/permit.h"
#include "record/encode.h"

namespace tenon {
namespace {

struct LogLine {
  std::string id, action, user, before, after, metadata, address, agent, timestamp;
};

std::string TextOrEmpty(const Row& row, int column) {
  return row.IsNull(column) ? std::string() : std::string(row.Text(column));
}

json::value ParsedOrNull(const std::string& text) {
  if (text.empty()) return nullptr;
  auto value = ParseJson(text);
  return value ? *std::move(value) : json::value();
}

json::object ItemOf(const LogLine& line) {
  json::object item{{"id", line.id},
                    {"timestamp", line.timestamp},
                    {"action", line.action},
                    {"user_id", line.user.empty() ? json::value() : json::value(line.user)}};
  if (!line.address.empty()) item["ip_address"] = line.address;
  if (!line.agent.empty()) item["user_agent"] = line.agent;
  const json::value metadata = ParsedOrNull(line.metadata);
  if (metadata.is_object()) {
    const json::object& members = metadata.as_object();
    if (const auto* event = members.if_contains("event")) item["event"] = *event;
    if (const auto* job = members.if_contains("job")) item["job"] = *job;
    if (const auto* actor = members.if_contains("on_behalf_of")) item["on_behalf_of"] = *actor;
    if (const auto* erased = members.if_contains("erased")) item["erased"] = *erased;
    if (members.contains("from") && members.contains("to")) {
      item["transition"] = json::object{
          {"event", members.at("event")}, {"from", members.at("from")}, {"to", members.at("to")}};
    }
  }
  item["changes"] = Differences(ParsedOrNull(line.before), ParsedOrNull(line.after));
  return item;
}

}  // namespace

Result<std::string> Engine::History(const Caller& caller, const model::Entity& entity,
                                    std::string_view id, int page_size,
                                    std::string_view page_token) {
  Impl& impl = *impl_;
  TRY(Permit(caller, entity, "read"));
  const EntityPlan& plan = impl.plans.Of(entity);
  const auto key = ParseKey(entity, id);
  if (!key) return Fail(NoSuchRow(entity, id));
  if (page_size == 0) page_size = limits::kPageSizeDefault;
  if (page_size < 1 || page_size > limits::kPageSizeMax) {
    return Fail(Code::kInvalidArgument,
                fmt::format("page_size is from 1 to {}", limits::kPageSizeMax));
  }
  model::Type id_type;
  id_type.kind = model::TypeKind::kUuid;
  const std::string fingerprint = "history\n" + entity.table + "\n" + std::string(id);
  Value before;
  if (!page_token.empty()) {
    before = TRY(DecodePageToken(fingerprint, page_token, {id_type})).front();
  }
  Record named(entity);
  for (std::size_t i = 0; i < key->size(); ++i) named.at(*plan.key_in_url[i]) = (*key)[i];

  SqlBuilder sql(impl.deps.store.dialect());
  sql << "SELECT a.id, a.action, a.user_id, a.before_state, a.after_state, a.metadata, "
         "a.ip_address, a.user_agent, a.\"timestamp\" FROM audits a LEFT JOIN audit_seals s "
         "ON s.audit_id = a.id WHERE a.entity_type = ";
  sql.Bind(Value(plan.type_name)) << " AND a.entity_id = ";
  sql.Bind(Value(EntityId(named)));
  if (!caller.across_tenants) {
    const Uuid tenant = entity.tenant == nullptr ? impl.options.system_tenant : caller.tenant;
    (sql << " AND a.tenant_id = ").Bind(Value(tenant));
  }
  // By position. Rows that wait for theirs are the newest, and come by their id: those of one row
  // wait together for a few milliseconds at most.
  if (!before.IsNull()) {
    sql << " AND (" << kSeqOrLast << ", a.id) < (coalesce((SELECT c.seq FROM audit_seals c WHERE "
        << "c.audit_id = ";
    sql.Bind(before) << "), " << kSeqLast << "), ";
    sql.Bind(before) << ")";
  }
  sql << " ORDER BY " << kSeqOrLast << " DESC, a.id DESC LIMIT " << std::to_string(page_size + 1);

  model::Type time_type;
  time_type.kind = model::TypeKind::kTime;
  std::vector<LogLine> lines;
  TRY(impl.deps.store.Read(Impl::ScopeOf(caller), [&](Reader& reader) -> Result<void> {
    lines.clear();
    return reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
      lines.push_back({TextOrEmpty(row, 0), TextOrEmpty(row, 1), TextOrEmpty(row, 2),
                       TextOrEmpty(row, 3), TextOrEmpty(row, 4), TextOrEmpty(row, 5),
                       TextOrEmpty(row, 6), TextOrEmpty(row, 7),
                       FormatTime(TRY(row.Get(8, time_type)).As<Time>())});
      return true;
    });
  }));
  if (lines.empty() && page_token.empty()) return Fail(NoSuchRow(entity, id));
  const bool more = static_cast<int>(lines.size()) > page_size;
  if (more) lines.pop_back();
  json::array items;
  for (const LogLine& line : lines) items.emplace_back(ItemOf(line));
  json::object answer{{"items", std::move(items)}};
  if (more) {
    const auto last = Uuid::Parse(lines.back().id);
    answer["next_page_token"] = EncodePageToken(fingerprint, {Value(last.value_or(Uuid{}))});
  }
  return JsonText(answer);
}

}  // namespace tenon
