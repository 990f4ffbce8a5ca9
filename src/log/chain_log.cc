#include "log/chain_log.h"

#include <algorithm>

#include "log/append.h"
#include "log/seal_chain.h"

namespace tenon {
namespace {

constexpr std::string_view kInsertSeal =
    "INSERT INTO audit_seals (seq, tenant_id, audit_id, salt, payload_digest, seal) "
    "VALUES ($1, $2, $3, $4, $5, $6)";
constexpr std::string_view kUpsertHead =
    "INSERT INTO audit_heads (tenant_id, seq, seal) VALUES ($1, $2, $3) "
    "ON CONFLICT (tenant_id) DO UPDATE SET seq = excluded.seq, seal = excluded.seal";

}  // namespace

ChainLog::ChainLog(Store& store, IdSource& ids, Random& random)
    : Log(store), ids_(ids), random_(random) {}

Result<void> ChainLog::Open() {
  std::int64_t last = 0;
  TRY(store().Read({.tenant = {}, .across_tenants = true}, [&](Reader& reader) -> Result<void> {
    TRY(reader.Query("SELECT coalesce(max(seq), 0) FROM audit_seals", {},
                     [&](const Row& row) -> Result<bool> {
                       last = row.Int(0);
                       return false;
                     }));
    return reader.Query("SELECT tenant_id, seq, seal FROM audit_heads", {},
                        [&](const Row& row) -> Result<bool> {
                          const auto tenant = Uuid::Parse(row.Text(0));
                          const auto seal = DigestFromHex(row.Text(2));
                          if (!tenant || !seal) {
                            return Fail(Code::kInternal,
                                        "audit_heads has a row that is not one of "
                                        "Tenon's; run tenon doctor");
                          }
                          heads_[*tenant] = {.seq = row.Int(1), .seal = *seal};
                          last = std::max(last, row.Int(1));
                          return true;
                        });
  }));
  next_seq_ = last + 1;
  Publish(last);
  return {};
}

Result<void> ChainLog::Append(Transaction& transaction, LogEntry& entry) {
  entry.seq = next_seq_;
  TRY(InsertAudit(transaction, ids_, entry));

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

std::size_t ChainLog::Mark() { return undo_.size(); }

void ChainLog::RollbackTo(std::size_t mark) {
  while (undo_.size() > mark) {
    heads_[undo_.back().tenant] = undo_.back().head;
    undo_.pop_back();
    --next_seq_;
  }
}

Result<void> ChainLog::BeforeCommit(Transaction& transaction) {
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

void ChainLog::AfterCommit() {
  if (undo_.empty()) return;
  undo_.clear();
  Publish(next_seq_ - 1);
}

}  // namespace tenon
