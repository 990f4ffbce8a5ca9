#include "store/lease.h"

#include <utility>

namespace tenon {
namespace {

// clock_timestamp(), not now(): a transaction may be older than it looks.
constexpr std::string_view kLook =
    "SELECT fence FROM leases WHERE name = $1 AND expires_at > clock_timestamp() "
    "AND NOT (holder = $2 AND fence = $3)";
constexpr std::string_view kTake =
    "INSERT INTO leases AS l (name, holder, fence, expires_at) "
    "VALUES ($1, $2, 1, clock_timestamp() + $4::text::interval) "
    "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at, "
    "fence = CASE WHEN l.holder = $2 AND l.fence = $3 THEN l.fence ELSE l.fence + 1 END "
    "WHERE l.expires_at <= clock_timestamp() OR (l.holder = $2 AND l.fence = $3) "
    "RETURNING fence";
constexpr std::string_view kConfirm =
    "SELECT fence FROM leases WHERE name = $1 AND holder = $2 AND fence = $3 FOR UPDATE";
constexpr std::string_view kRelease =
    "UPDATE leases SET expires_at = clock_timestamp() WHERE name = $1 AND holder = $2 AND fence = "
    "$3";

const Scope kEverywhere{.tenant = {}, .across_tenants = true};
const Scope kOneLook{.tenant = {}, .across_tenants = true, .one_query = true};

}  // namespace

Lease::Lease(Store& store, LeaseOptions options) : store_(store), options_(std::move(options)) {}

std::vector<Value> Lease::Mine() const {
  return {Value(options_.name), Value(options_.holder), Value(fence_)};
}

Result<bool> Lease::Hold() {
  if (store_.dialect() == Dialect::kSqlite) return true;
  const auto now = std::chrono::steady_clock::now();
  if (held_ && now < renew_at_) return true;
  // Looked at first without a lock: who waits for the lease must not stand in its holder's way.
  bool taken = false;
  TRY(store_.Read(kOneLook, [&](Reader& reader) {
    taken = false;
    return reader.Query(kLook, Mine(), [&](const Row&) -> Result<bool> {
      taken = true;
      return false;
    });
  }));
  held_ = !taken && TRY(Take());
  if (held_) renew_at_ = now + options_.ttl / 3;
  return held_;
}

Result<bool> Lease::Take() {
  std::vector<Value> parameters = Mine();
  parameters.emplace_back(std::to_string(options_.ttl.count()) + " milliseconds");
  std::int64_t fence = 0;
  TRY(store_.Write(
      kEverywhere,
      [&](Transaction& transaction) {
        fence = 0;
        return transaction.Query(kTake, parameters, [&](const Row& row) -> Result<bool> {
          fence = row.Int(0);
          return false;
        });
      },
      Lane::kInteractive, false));
  if (fence != 0) fence_ = fence;
  return fence != 0;
}

void Lease::ExpectConfirm(Transaction& transaction) const {
  if (store_.dialect() != Dialect::kSqlite) transaction.Expect(kConfirm, Mine());
}

Result<bool> Lease::Confirm(Transaction& transaction) const {
  if (store_.dialect() == Dialect::kSqlite) return true;
  bool ours = false;
  TRY(transaction.Query(kConfirm, Mine(), [&](const Row&) -> Result<bool> {
    ours = true;
    return false;
  }));
  return ours;
}

Result<void> Lease::Release() {
  if (!std::exchange(held_, false)) return {};
  return store_.Write(
      kEverywhere,
      [&](Transaction& transaction) -> Result<void> {
        TRY(transaction.Execute(kRelease, Mine()));
        return {};
      },
      Lane::kInteractive, false);
}

}  // namespace tenon
