// What the engine knows of each tenant: its labels and limits, read once and kept until its row
// changes; rows counted for quotas. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "model/model.h"
#include "store/store.h"

namespace tenon {

struct TenantInfo {
  Uuid id;
  std::string slug;
  std::string status;
  std::vector<std::string> namespaces;  // config.namespaces, besides the slug
  // config.quotas: rows by quota name, and "document_bytes", the bytes of a whole row.
  std::map<std::string, std::int64_t> quotas;
  std::int64_t document_bytes_max = 0;      // of a JSON document in a field; 0: no limit
  std::optional<Duration> audit_retention;  // how long payloads of the log are kept
};

// How many rows of an entity the tenant may keep; nullopt: as many as it likes.
std::optional<std::int64_t> RowLimitOf(const TenantInfo& tenant, const model::Entity& entity);

// The user as whom the system acts in a tenant: a `users` row of kind service with a fixed id, so
// that every log row names a real actor of its own tenant.
Uuid ServiceUserOf(const Uuid& tenant);

class Tenants {
 public:
  // Reads the tenant's row when it is not known yet; kNotFound when there is none.
  Result<std::shared_ptr<const TenantInfo>> Get(Reader& reader, const Uuid& tenant);
  void Forget(const Uuid& tenant);
  void ForgetAll();
  // Says that Get and, where there is a limit, Count of an entity follow (Reader::Expect). A count
  // that nobody reads is not harmless: it reads every row, and so gets into the way of whoever
  // writes one.
  void Expect(Reader& reader, const model::Entity& entity, const Uuid& tenant);

  // Rows of an entity in a tenant, counted once and then kept by Added. Where other nodes write too
  // they are counted again every few seconds, and every few hundred milliseconds when nine tenths
  // of `limit` are there: a quota may be overrun by what others write in that time.
  Result<std::int64_t> Count(Reader& reader, const model::Entity& entity, const Uuid& tenant,
                             std::int64_t limit);
  void Added(const model::Entity& entity, const Uuid& tenant, std::int64_t rows);
  // After a rollback counts may be off; they are taken anew.
  void ForgetCounts();

  // Whether the service user is known to exist.
  bool HasServiceUser(const Uuid& tenant);
  void SetServiceUser(const Uuid& tenant);

 private:
  struct CountKey {
    const model::Entity* entity;
    Uuid tenant;
    auto operator<=>(const CountKey&) const = default;
  };
  std::mutex mutex_;
  // Guarded by mutex_.
  std::unordered_map<Uuid, std::shared_ptr<const TenantInfo>> tenants_;
  struct Counted {
    std::int64_t rows = 0;
    std::chrono::steady_clock::time_point at;
  };
  std::map<CountKey, Counted> counts_;
  std::unordered_set<Uuid> service_users_;
};

}  // namespace tenon
