#include "log/log.h"

#include <algorithm>

#include "log/seal_chain.h"

namespace tenon {
namespace {

constexpr std::string_view kInsertAudit =
    "INSERT INTO audits (id, tenant_id, entity_type, entity_id, action, user_id, before_state, "
    "after_state, metadata, ip_address, user_agent, \"timestamp\") "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
constexpr std::string_view kInsertSeal =
    "INSERT INTO audit_seals (seq, tenant_id, audit_id, salt, payload_digest, seal) "
    "VALUES ($1, $2, $3, $4, $5, $6)";
constexpr std::string_view kUpsertHead =
    "INSERT INTO audit_heads (tenant_id, seq, seal) VALUES ($1, $2, $3) "
    "ON CONFLICT (tenant_id) DO UPDATE SET seq = excluded.seq, seal = excluded.seal";
constexpr std::string_view kColumns =
    "s.seq, a.id, a.tenant_id, a.entity_type, a.entity_id, a.action, a.user_id, a.before_state, "
    "a.after_state, a.metadata, a.ip_address, a.user_agent, a.\"timestamp\"";

Value TextOrNull(const std::string& text) { return text.empty() ? Value() : Value(text); }

}  // namespace

Log::Log(Store& store, IdSource& ids, Random& random) : store_(store), ids_(ids), random_(random) {}

Result<void> Log::Open() {
  std::int64_t last = 0;
  auto read =
      store_.Read({.tenant = {}, .across_tenants = true}, [&](Reader& reader) -> Result<void> {
        TRY(reader.Query("SELECT coalesce(max(seq), 0) FROM audit_seals", {},
                         [&](const Row& row) -> Result<bool> {
                           last = row.Int(0);
                           return false;
                         }));
        return reader.Query("SELECT tenant_id, seq, seal FROM audit_heads", {},
                            [&](const Row& row) -> Result<bool> {
                              const auto tenant = Uuid::Parse(row.Text(0));
                              const auto seal = FromHex(row.Text(2));
                              if (!tenant || !seal || seal->size() != sizeof(Digest)) {
                                return Fail(Code::kInternal,
                                            "audit_heads has a row that is not one of "
                                            "Tenon's; run tenon doctor");
                              }
                              Head head{.seq = row.Int(1)};
                              std::copy(seal->begin(), seal->end(), head.seal.begin());
                              heads_[*tenant] = head;
                              last = std::max(last, head.seq);
                              return true;
                            });
      });
  if (!read) return std::unexpected(std::move(read).error());
  next_seq_ = last + 1;
  last_.store(last, std::memory_order_release);
  return {};
}

Result<void> Log::Append(Transaction& transaction, LogEntry& entry) {
  entry.id = ids_.V7();
  entry.seq = next_seq_;
  if (entry.metadata.empty()) entry.metadata = "{}";  // the column has no null
  const Value rows[] = {Value(entry.id),
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
  TRY(transaction.Execute(kInsertAudit, rows));

  Head& head = heads_[entry.tenant];
  const std::string salt = ToHex(random_.Bytes(16));
  const Digest payload = PayloadDigest(salt, entry);
  const Digest seal = tenon::Seal(head.seal, entry, payload);
  const Value seals[] = {Value(entry.seq), Value(entry.tenant),   Value(entry.id),
                         Value(salt),      Value(ToHex(payload)), Value(ToHex(seal))};
  TRY(transaction.Execute(kInsertSeal, seals));

  undo_.push_back({entry.tenant, head});
  head = {.seq = entry.seq, .seal = seal};
  ++next_seq_;
  return {};
}

std::size_t Log::Mark() { return undo_.size(); }

void Log::RollbackTo(std::size_t mark) {
  while (undo_.size() > mark) {
    heads_[undo_.back().tenant] = undo_.back().head;
    undo_.pop_back();
    --next_seq_;
  }
}

Result<void> Log::BeforeCommit(Transaction& transaction) {
  // Each tenant's last row of the group is its new head; earlier ones need not be stored.
  std::vector<Uuid> touched;
  for (const Undo& undo : undo_) touched.push_back(undo.tenant);
  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  for (const Uuid& tenant : touched) {
    const Head& head = heads_[tenant];
    const Value values[] = {Value(tenant), Value(head.seq), Value(ToHex(head.seal))};
    TRY(transaction.Execute(kUpsertHead, values));
  }
  return {};
}

void Log::AfterCommit() {
  if (undo_.empty()) return;
  undo_.clear();
  const std::int64_t last = next_seq_ - 1;
  last_.store(last, std::memory_order_release);
  std::vector<std::shared_ptr<std::function<void(std::int64_t)>>> wake;
  {
    const std::lock_guard lock(subscribers_mutex_);
    std::erase_if(subscribers_, [](const auto& weak) { return weak.expired(); });
    for (const auto& weak : subscribers_) wake.push_back(weak.lock());
  }
  for (const auto& function : wake) {
    if (function) (*function)(last);
  }
}

Log::Subscription Log::Subscribe(std::function<void(std::int64_t last)> wake) {
  // Shared, so that dropping the token ends the calls without the log knowing its holder.
  auto token = std::make_shared<std::function<void(std::int64_t)>>(std::move(wake));
  const std::lock_guard lock(subscribers_mutex_);
  subscribers_.push_back(token);
  return token;
}

Result<std::vector<LogEntry>> Log::Read(Reader& reader, const ReadLog& query) {
  SqlBuilder sql(reader.dialect());
  sql << "SELECT " << kColumns;
  // By entity the audits' own index finds the few rows; +s.seq keeps SQLite from walking all seals
  // to get the order for nothing.
  const bool by_entity = query.entity_id.has_value();
  sql << (by_entity ? " FROM audits a JOIN audit_seals s ON s.audit_id = a.id"
                    : " FROM audit_seals s JOIN audits a ON a.id = s.audit_id");
  sql << (by_entity ? " WHERE +s.seq > " : " WHERE s.seq > ");
  sql.Bind(Value(query.after));
  if (query.until) (sql << " AND s.seq <= ").Bind(Value(*query.until));
  if (query.tenant) (sql << " AND s.tenant_id = ").Bind(Value(*query.tenant));
  if (!query.entity_type.empty()) (sql << " AND a.entity_type = ").Bind(Value(query.entity_type));
  if (by_entity) (sql << " AND a.entity_id = ").Bind(Value(*query.entity_id));
  sql << (by_entity ? " ORDER BY +s.seq LIMIT " : " ORDER BY s.seq LIMIT ");
  sql.Bind(Value(query.limit));

  std::vector<LogEntry> entries;
  TRY(reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
    LogEntry entry;
    entry.seq = row.Int(0);
    entry.id = Uuid::Parse(row.Text(1)).value_or(Uuid{});
    entry.tenant = Uuid::Parse(row.Text(2)).value_or(Uuid{});
    entry.entity_type = row.Text(3);
    entry.entity_id = Uuid::Parse(row.Text(4)).value_or(Uuid{});
    entry.action = row.Text(5);
    entry.user = row.IsNull(6) ? Uuid{} : Uuid::Parse(row.Text(6)).value_or(Uuid{});
    if (!row.IsNull(7)) entry.before_state = row.Text(7);
    if (!row.IsNull(8)) entry.after_state = row.Text(8);
    if (!row.IsNull(9)) entry.metadata = row.Text(9);
    if (!row.IsNull(10)) entry.ip_address = row.Text(10);
    if (!row.IsNull(11)) entry.user_agent = row.Text(11);
    entry.timestamp = ParseTime(row.Text(12)).value_or(Time{});
    entries.push_back(std::move(entry));
    return true;
  }));
  return entries;
}

}  // namespace tenon
