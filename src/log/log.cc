#include "log/log.h"

#include "log/chain_log.h"
#include "log/outbox_log.h"
#include "log/seal_chain.h"

namespace tenon {
namespace {

constexpr std::string_view kColumns =
    "s.seq, a.id, a.tenant_id, a.entity_type, a.entity_id, a.action, a.user_id, a.before_state, "
    "a.after_state, a.metadata, a.ip_address, a.user_agent, a.\"timestamp\"";

// SQLite keeps the text that was written; PostgreSQL prints JSON in an order of its own.
std::string Document(const Reader& reader, std::string_view text) {
  return reader.dialect() == Dialect::kSqlite ? std::string(text) : CanonicalText(text);
}

}  // namespace

Log::~Log() = default;

void Log::Publish(std::int64_t last) {
  std::int64_t known = last_.load(std::memory_order_acquire);
  while (known < last && !last_.compare_exchange_weak(known, last, std::memory_order_acq_rel)) {
  }
  if (known >= last) return;
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
  // By entity the audits' own index finds the few rows; +s.seq keeps the store from walking all
  // seals to get the order for nothing.
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

  model::Type time_type;
  time_type.kind = model::TypeKind::kTime;
  std::vector<LogEntry> entries;
  std::size_t bytes = 0;
  TRY(reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
    LogEntry entry;
    entry.seq = row.Int(0);
    entry.id = Uuid::Parse(row.Text(1)).value_or(Uuid{});
    entry.tenant = Uuid::Parse(row.Text(2)).value_or(Uuid{});
    entry.entity_type = row.Text(3);
    entry.entity_id = Uuid::Parse(row.Text(4)).value_or(Uuid{});
    entry.action = row.Text(5);
    entry.user = row.IsNull(6) ? Uuid{} : Uuid::Parse(row.Text(6)).value_or(Uuid{});
    if (!row.IsNull(7)) entry.before_state = Document(reader, row.Text(7));
    if (!row.IsNull(8)) entry.after_state = Document(reader, row.Text(8));
    if (!row.IsNull(9)) entry.metadata = Document(reader, row.Text(9));
    if (!row.IsNull(10)) entry.ip_address = row.Text(10);
    if (!row.IsNull(11)) entry.user_agent = row.Text(11);
    entry.timestamp = TRY(row.Get(12, time_type)).As<Time>();
    bytes += entry.before_state.size() + entry.after_state.size() + entry.metadata.size();
    entries.push_back(std::move(entry));
    return query.bytes_max == 0 || bytes < query.bytes_max;
  }));
  return entries;
}

Result<std::unique_ptr<Log>> OpenLog(Store& store, IdSource& ids, Random& random) {
  if (store.dialect() == Dialect::kPostgres) {
    auto log = std::make_unique<OutboxLog>(store, ids, random);
    TRY(log->Open());
    return log;
  }
  auto log = std::make_unique<ChainLog>(store, ids, random);
  TRY(log->Open());
  store.SetObserver(log.get());
  return log;
}

}  // namespace tenon
