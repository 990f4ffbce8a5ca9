// What the engine knows of each tenant: its labels and limits, read once and kept until its row
// changes; rows counted for quotas. Thread-safe.
#pragma once

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
  std::vector<std::string> namespaces;         // config.namespaces, besides the slug
  std::map<std::string, std::int64_t> quotas;  // config.quotas: by table, or "document_bytes"
};

// The user as whom the system acts in a tenant: a `users` row of kind service with a fixed id, so
// that every log row names a real actor of its own tenant.
Uuid ServiceUserOf(const Uuid& tenant);

class Tenants {
 public:
  // Reads the tenant's row when it is not known yet; kNotFound when there is none.
  Result<std::shared_ptr<const TenantInfo>> Get(Reader& reader, const Uuid& tenant);
  void Forget(const Uuid& tenant);

  // Rows of an entity in a tenant, counted once and then kept by Added; writer's thread.
  Result<std::int64_t> Count(Reader& reader, const model::Entity& entity, const Uuid& tenant);
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
  std::map<CountKey, std::int64_t> counts_;
  std::unordered_set<Uuid> service_users_;
};

}  // namespace tenon
