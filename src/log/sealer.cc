#include "log/sealer.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

#include "log/log.h"
#include "log/seal_chain.h"
#include "record/array_text.h"

namespace tenon {
namespace {

// A sealer that stands still in its transaction is cut off by the server, so that its locks do not
// outlive its lease.
constexpr std::string_view kBound = "SET LOCAL idle_in_transaction_session_timeout = '3s'";
constexpr std::string_view kLast = "SELECT coalesce(max(seq), 0) FROM audit_seals";
// Takes the oldest rows out of the outbox, with all that their seals are made of. The OFFSET keeps
// PostgreSQL from joining otherwise than row by row: while the log grows faster than it is
// analysed, it would read all of it each time.
constexpr std::string_view kTake =
    "WITH taken AS (DELETE FROM audit_pending WHERE ordinal IN "
    "(SELECT ordinal FROM audit_pending ORDER BY ordinal LIMIT $1) "
    "RETURNING ordinal, audit_id, salt, payload_digest) "
    "SELECT a.id, a.tenant_id, a.entity_type, a.entity_id, a.action, a.user_id, a.\"timestamp\", "
    "t.salt, t.payload_digest, h.seal FROM taken t CROSS JOIN LATERAL "
    "(SELECT * FROM audits WHERE id = t.audit_id OFFSET 0) a "
    "LEFT JOIN audit_heads h ON h.tenant_id = a.tenant_id ORDER BY t.ordinal";
constexpr std::string_view kSeals =
    "INSERT INTO audit_seals (seq, tenant_id, audit_id, salt, payload_digest, seal) "
    "SELECT * FROM unnest($1::text::bigint[], $2::text::uuid[], $3::text::uuid[], "
    "$4::text::text[], $5::text::text[], $6::text::text[])";
constexpr std::string_view kHeads =
    "INSERT INTO audit_heads (tenant_id, seq, seal) "
    "SELECT * FROM unnest($1::text::uuid[], $2::text::bigint[], $3::text::text[]) "
    "ON CONFLICT (tenant_id) DO UPDATE SET seq = excluded.seq, seal = excluded.seal";

const Scope kEverywhere{.tenant = {}, .across_tenants = true};

struct Taken {
  LogEntry entry;
  std::string salt;
  std::string payload;  // hex
};

struct Head {
  Digest seal{};
  std::int64_t seq = 0;  // 0: no row of this round
};

Result<void> ReadTaken(const Row& row, std::vector<Taken>& taken,
                       std::unordered_map<Uuid, Head>& heads) {
  model::Type time_type;
  time_type.kind = model::TypeKind::kTime;
  Taken one;
  LogEntry& entry = one.entry;
  entry.id = Uuid::Parse(row.Text(0)).value_or(Uuid{});
  entry.tenant = Uuid::Parse(row.Text(1)).value_or(Uuid{});
  entry.entity_type = row.Text(2);
  entry.entity_id = Uuid::Parse(row.Text(3)).value_or(Uuid{});
  entry.action = row.Text(4);
  entry.user = row.IsNull(5) ? Uuid{} : Uuid::Parse(row.Text(5)).value_or(Uuid{});
  entry.timestamp = TRY(row.Get(6, time_type)).As<Time>();
  one.salt = row.Text(7);
  one.payload = row.Text(8);
  const auto [at, fresh] = heads.try_emplace(entry.tenant);
  if (fresh && !row.IsNull(9)) {
    const auto seal = DigestFromHex(row.Text(9));
    if (!seal) {
      return Fail(Code::kInternal,
                  "audit_heads has a row that is not one of Tenon's; run tenon doctor");
    }
    at->second.seal = *seal;
  }
  taken.push_back(std::move(one));
  return {};
}

Result<void> WriteSeals(Transaction& transaction, std::vector<Taken>& taken,
                        std::unordered_map<Uuid, Head>& heads, std::int64_t last) {
  ArrayText seqs, tenants, audits, salts, payloads, seals;
  for (Taken& one : taken) {
    const auto payload = DigestFromHex(one.payload);
    if (!payload) {
      return Fail(Code::kInternal,
                  "audit_pending has a row that is not one of Tenon's; run tenon doctor");
    }
    Head& head = heads[one.entry.tenant];
    one.entry.seq = ++last;
    head.seal = Seal(head.seal, one.entry, *payload);
    head.seq = last;
    seqs.Add(last);
    tenants.Add(one.entry.tenant.ToString());
    audits.Add(one.entry.id.ToString());
    salts.Add(one.salt);
    payloads.Add(one.payload);
    seals.Add(ToHex(head.seal));
  }
  const Value rows[] = {seqs.Take(),  tenants.Take(),  audits.Take(),
                        salts.Take(), payloads.Take(), seals.Take()};
  TRY(transaction.Queue(kSeals, rows));
  ArrayText head_tenants, head_seqs, head_seals;
  for (const auto& [tenant, head] : heads) {
    head_tenants.Add(tenant.ToString());
    head_seqs.Add(head.seq);
    head_seals.Add(ToHex(head.seal));
  }
  const Value ends[] = {head_tenants.Take(), head_seqs.Take(), head_seals.Take()};
  return transaction.Queue(kHeads, ends);
}

}  // namespace

Sealer::Sealer(Store& store, LeaseOptions lease) : store_(store), lease_(store, std::move(lease)) {}

Result<Sealer::Round> Sealer::Run() {
  Round round;
  if (!TRY(lease_.Hold())) return round;
  const auto work = [&](Transaction& transaction) -> Result<void> {
    round = {};
    const Value batch(kBatch);
    TRY(transaction.Queue(kBound, {}));
    lease_.ExpectConfirm(transaction);
    transaction.Expect(kTake, std::span(&batch, 1));
    transaction.Expect(kLast, {});
    round.held = TRY(lease_.Confirm(transaction));
    if (!round.held) return Fail(Code::kConflict, "another node seals the log now");
    std::vector<Taken> taken;
    std::unordered_map<Uuid, Head> heads;
    TRY(transaction.Query(kTake, std::span(&batch, 1), [&](const Row& row) -> Result<bool> {
      TRY(ReadTaken(row, taken, heads));
      return true;
    }));
    std::int64_t last = 0;
    TRY(transaction.Query(kLast, {}, [&](const Row& row) -> Result<bool> {
      last = row.Int(0);
      return false;
    }));
    if (taken.empty()) return {};
    TRY(WriteSeals(transaction, taken, heads, last));
    round.sealed = static_cast<std::int64_t>(taken.size());
    round.last = last + round.sealed;
    round.more = round.sealed == kBatch;
    return {};
  };
  // The lease's row is locked by Confirm, which keeps every other sealer out until the end; rows of
  // the log do not change. Serializable, it would only get into the writers' way.
  Scope scope = kEverywhere;
  scope.by_locks = true;
  auto done = store_.Write(scope, work, Lane::kInteractive, false);
  if (done) return round;
  // Of the lease nothing is known after an error but that it must be asked for again.
  lease_.Doubt();
  if (!round.held && done.error().code == Code::kConflict) return Round{};
  return std::unexpected(std::move(done).error());
}

}  // namespace tenon
