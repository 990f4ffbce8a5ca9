#include "log/append.h"

namespace tenon {
namespace {

constexpr std::string_view kInsertAudit =
    "INSERT INTO audits (id, tenant_id, entity_type, entity_id, action, user_id, before_state, "
    "after_state, metadata, ip_address, user_agent, \"timestamp\") "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

Value TextOrNull(const std::string& text) { return text.empty() ? Value() : Value(text); }

}  // namespace

Result<void> InsertAudit(Transaction& transaction, IdSource& ids, LogEntry& entry) {
  entry.id = ids.V7();
  if (entry.metadata.empty()) entry.metadata = "{}";  // the column has no null
  const Value values[] = {Value(entry.id),
                          Value(entry.tenant),
                          Value(entry.entity_type),
                          Value(entry.entity_id),
                          Value(entry.action),
                          entry.user.IsNil() ? Value() : Value(entry.user),
                          TextOrNull(entry.before_state),
                          TextOrNull(entry.after_state),
                          Value(entry.metadata),
                          TextOrNull(entry.ip_address),
                          TextOrNull(entry.user_agent),
                          Value(entry.timestamp)};
  return transaction.Queue(kInsertAudit, values, {.anything = false, .apart = true});
}

}  // namespace tenon
