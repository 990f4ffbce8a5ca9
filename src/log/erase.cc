#include "log/erase.h"

#include <string_view>
#include <vector>

#include "base/json.h"
#include "record/sql.h"

namespace tenon {
namespace {

struct Found {
  std::int64_t seq = 0;
  Uuid id;
  std::string metadata;
  bool erase = false;
};

constexpr std::string_view kErasePayload =
    "UPDATE audits SET before_state = NULL, after_state = NULL, metadata = $1, ip_address = NULL, "
    "user_agent = NULL WHERE id = $2";
constexpr std::string_view kEraseSalt = "UPDATE audit_seals SET salt = NULL WHERE audit_id = $1";

Result<std::vector<Found>> Find(Reader& reader, const EraseLog& query, bool& ended) {
  SqlBuilder sql(reader.dialect());
  sql << "SELECT s.seq, a.id, a.metadata, a.\"timestamp\", s.salt, a.action FROM ";
  // By position the seals lead; by row or user the few audits of it do.
  const bool some = query.entity_id || query.user;
  sql << (some ? "audits a JOIN audit_seals s ON s.audit_id = a.id"
               : "audit_seals s JOIN audits a ON a.id = s.audit_id")
      << " WHERE s.tenant_id = ";
  sql.Bind(Value(query.tenant)) << " AND s.seq > ";
  sql.Bind(Value(query.after));
  if (query.entity_id) {
    (sql << " AND a.entity_type = ").Bind(Value(query.entity_type)) << " AND a.entity_id = ";
    sql.Bind(Value(*query.entity_id));
  }
  if (query.user) (sql << " AND a.user_id = ").Bind(Value(*query.user));
  sql << " ORDER BY s.seq LIMIT " << std::to_string(query.rows_max);
  std::vector<Found> found;
  model::Type time;
  time.kind = model::TypeKind::kTime;
  TRY(reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
    if (query.before) {
      const Value at = TRY(row.Get(3, time));
      if (const Time* stamp = at.If<Time>(); stamp != nullptr && *stamp >= *query.before) {
        ended = true;
        return false;
      }
    }
    const auto id = Uuid::Parse(row.Text(1));
    if (!id) return Fail(Code::kInternal, "a row of audits has an id that is no UUID");
    found.push_back({row.Int(0), *id, row.IsNull(2) ? std::string() : std::string(row.Text(2)),
                     !row.IsNull(4) && row.Text(5) != "ERASE"});
    return true;
  }));
  return found;
}

std::string WithoutPersons(const std::string& metadata, Time now) {
  json::object kept{{"erased", FormatTime(now)}};
  const auto value = ParseJson(metadata);
  if (value && value->is_object()) {
    for (const char* name : {"event", "from", "to", "cause", "job"}) {
      if (const json::value* member = value->as_object().if_contains(name)) kept[name] = *member;
    }
  }
  return CanonicalJson(kept);
}

}  // namespace

Result<ErasedLog> ErasePayloads(Transaction& transaction, const EraseLog& query, Time now) {
  ErasedLog erased;
  bool ended = false;
  const std::vector<Found> found = TRY(Find(transaction, query, ended));
  erased.more = !ended && static_cast<std::int64_t>(found.size()) == query.rows_max;
  for (const Found& row : found) {
    erased.last_seq = row.seq;
    if (!row.erase) continue;
    auto metadata = TRY(ParseJson(WithoutPersons(row.metadata, now)));
    const Value payload[] = {Value::Json(std::move(metadata)), Value(row.id)};
    TRY(transaction.Execute(kErasePayload, payload));
    const Value id(row.id);
    TRY(transaction.Execute(kEraseSalt, std::span(&id, 1)));
    ++erased.rows;
  }
  return erased;
}

}  // namespace tenon
