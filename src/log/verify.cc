// Verification of the audit chain: every seal is computed again from the rows as they are stored.
#include <fmt/format.h>

#include <unordered_map>

#include "log/log.h"
#include "log/seal_chain.h"

namespace tenon {
namespace {

// Rows read in one snapshot: short enough that the write-ahead log is not held.
constexpr std::int64_t kRowsPerSnapshot = 20000;

struct Walk {
  std::unordered_map<Uuid, AuditHead> heads;  // as computed so far, seal in hex
  std::unordered_map<Uuid, std::unordered_map<std::int64_t, std::string>> wanted;  // checkpoint
  std::unordered_map<Uuid, AuditHead> stored;  // audit_heads, as they were before the walk
  std::int64_t last_seq = 0;
  std::int64_t rows = 0;
  std::optional<AuditFault> fault;
};

Digest ToDigest(std::string_view hex) { return DigestFromHex(hex).value_or(Digest{}); }

std::string TextOrEmpty(const Row& row, int column) {
  return row.IsNull(column) ? std::string() : std::string(row.Text(column));
}

constexpr std::string_view kWalk =
    "SELECT s.seq, s.tenant_id, s.audit_id, s.salt, s.payload_digest, s.seal, a.id, a.entity_type, "
    "a.entity_id, a.action, a.user_id, a.before_state, a.after_state, a.metadata, a.ip_address, "
    "a.user_agent, a.\"timestamp\", a.tenant_id FROM audit_seals s LEFT JOIN audits a "
    "ON a.id = s.audit_id WHERE s.seq > $1 ";

LogEntry EntryOf(const Row& row) {
  model::Type time_type;
  time_type.kind = model::TypeKind::kTime;
  LogEntry entry;
  entry.seq = row.Int(0);
  entry.id = Uuid::Parse(row.Text(6)).value_or(Uuid{});
  entry.entity_type = row.Text(7);
  entry.entity_id = Uuid::Parse(row.Text(8)).value_or(Uuid{});
  entry.action = row.Text(9);
  entry.user = row.IsNull(10) ? Uuid{} : Uuid::Parse(row.Text(10)).value_or(Uuid{});
  entry.before_state = TextOrEmpty(row, 11);
  entry.after_state = TextOrEmpty(row, 12);
  entry.metadata = TextOrEmpty(row, 13);
  entry.ip_address = TextOrEmpty(row, 14);
  entry.user_agent = TextOrEmpty(row, 15);
  // A time that cannot be read was altered, and then the seal does not fit.
  const auto time = row.Get(16, time_type);
  if (time && time->Is<Time>()) entry.timestamp = time->As<Time>();
  entry.tenant = Uuid::Parse(row.Text(17)).value_or(Uuid{});
  return entry;
}

// Looks at one row; sets walk.fault and stops when it is wrong.
bool CheckRow(const Row& row, bool all_tenants, Walk& walk) {
  const std::int64_t seq = row.Int(0);
  const std::string audit_id(row.Text(2));
  const auto fail = [&](std::string what) {
    walk.fault = AuditFault{seq, audit_id, std::move(what)};
    return false;
  };
  if (all_tenants && seq != walk.last_seq + 1) {
    walk.fault =
        AuditFault{walk.last_seq + 1, "", fmt::format("missing: the log goes on at {}", seq)};
    return false;
  }
  walk.last_seq = seq;
  ++walk.rows;
  if (row.IsNull(6)) return fail("missing: its row in audits is gone");

  const LogEntry entry = EntryOf(row);
  const Uuid tenant = Uuid::Parse(row.Text(1)).value_or(Uuid{});
  const std::string payload_hex(row.Text(4));
  if (row.IsNull(3)) {
    // Erased on purpose: the payload must be gone with its salt.
    if (!entry.before_state.empty() || !entry.after_state.empty() || !entry.ip_address.empty() ||
        !entry.user_agent.empty()) {
      return fail("altered: its payload was erased and is there again");
    }
  } else if (!PayloadMatches(row.Text(3), entry, payload_hex)) {
    return fail("altered: what it records (before, after, metadata, address or agent) was changed");
  }
  AuditHead& head = walk.heads[tenant];
  const Digest previous = head.seal.empty() ? Digest{} : ToDigest(head.seal);
  const std::string seal = ToHex(Seal(previous, entry, ToDigest(payload_hex)));
  if (seal != row.Text(5)) {
    return fail("altered or reordered: it does not follow from the row before it in its tenant");
  }
  head = {tenant, seq, seal};
  if (const auto stored = walk.stored.find(tenant);
      stored != walk.stored.end() && stored->second.seq == seq && stored->second.seal != seal) {
    return fail("altered: the chain was made anew, audit_heads has another seal for its end");
  }
  if (const auto tenant_wanted = walk.wanted.find(tenant); tenant_wanted != walk.wanted.end()) {
    const auto at = tenant_wanted->second.find(seq);
    if (at != tenant_wanted->second.end()) {
      if (at->second != seal) return fail("altered: the checkpoint has another seal for it");
      tenant_wanted->second.erase(at);
    }
  }
  return true;
}

// A row of audits without a seal was not written by the log.
Result<std::optional<AuditFault>> FindUnsealed(Store& store, const Scope& scope,
                                               const std::optional<Uuid>& tenant) {
  std::string text =
      "SELECT a.id FROM audits a WHERE NOT EXISTS (SELECT 1 FROM audit_seals s WHERE s.audit_id = "
      "a.id) ";
  // Rows that the sealer has not come to yet are in its outbox.
  if (store.dialect() == Dialect::kPostgres) {
    text += "AND NOT EXISTS (SELECT 1 FROM audit_pending p WHERE p.audit_id = a.id) ";
  }
  std::vector<Value> parameters;
  if (tenant) {
    text += "AND a.tenant_id = $1 ";
    parameters.emplace_back(*tenant);
  }
  text += "LIMIT 1";
  std::optional<AuditFault> fault;
  TRY(store.Read(scope, [&](Reader& reader) {
    fault.reset();
    return reader.Query(text, parameters, [&](const Row& row) -> Result<bool> {
      fault = AuditFault{0, std::string(row.Text(0)),
                         "added: it has no seal, the log did not write it"};
      return false;
    });
  }));
  return fault;
}

}  // namespace

Result<std::vector<AuditHead>> Log::Heads() {
  std::vector<AuditHead> heads;
  auto read = store_.Read({.tenant = {}, .across_tenants = true}, [&](Reader& reader) {
    return reader.Query("SELECT tenant_id, seq, seal FROM audit_heads ORDER BY tenant_id", {},
                        [&](const Row& row) -> Result<bool> {
                          heads.push_back({Uuid::Parse(row.Text(0)).value_or(Uuid{}), row.Int(1),
                                           std::string(row.Text(2))});
                          return true;
                        });
  });
  if (!read) return std::unexpected(std::move(read).error());
  return heads;
}

Result<std::optional<AuditFault>> Log::Verify(std::optional<Uuid> tenant,
                                              const std::vector<AuditHead>& checkpoint,
                                              const std::function<void(std::int64_t)>& progress) {
  Walk walk;
  for (const AuditHead& head : checkpoint) {
    if (!tenant || head.tenant == *tenant) walk.wanted[head.tenant][head.seq] = head.seal;
  }
  // Taken first: rows written while we walk only make the chain longer than these.
  const std::vector<AuditHead> heads = TRY(Heads());
  for (const AuditHead& head : heads) walk.stored[head.tenant] = head;
  const Scope scope{.tenant = tenant.value_or(Uuid{}),
                    .across_tenants = true,
                    .deadline = std::chrono::seconds(60)};
  for (std::int64_t before = -1; walk.rows != before && !walk.fault;) {
    before = walk.rows;
    TRY(store_.Read(scope, [&](Reader& reader) -> Result<void> {
      std::string text(kWalk);
      std::vector<Value> parameters = {Value(walk.last_seq)};
      if (tenant) {
        text += "AND s.tenant_id = $2 ";
        parameters.emplace_back(*tenant);
      }
      text += fmt::format("ORDER BY s.seq LIMIT {}", kRowsPerSnapshot);
      return reader.Query(text, parameters, [&](const Row& row) -> Result<bool> {
        return CheckRow(row, !tenant, walk);
      });
    }));
    if (progress) progress(walk.rows);
  }
  if (walk.fault) return walk.fault;
  for (const AuditHead& head : heads) {
    if (tenant && head.tenant != *tenant) continue;
    const std::int64_t last = walk.heads[head.tenant].seq;
    if (last < head.seq) {
      // Without a gap before, the rows that are gone follow the last one of all.
      return AuditFault{tenant ? head.seq : walk.last_seq + 1, "",
                        fmt::format("truncated: a tenant's log ends at row {}, audit_heads at {}",
                                    last, head.seq)};
    }
  }
  for (const auto& [id, rows] : walk.wanted) {
    if (!rows.empty()) {
      return AuditFault{rows.begin()->first, "",
                        "truncated: the checkpoint has this row and the log has not"};
    }
  }
  return FindUnsealed(store_, scope, tenant);
}

}  // namespace tenon
