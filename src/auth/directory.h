// What the tables tenants, users and api_keys say of a caller: the only reads that identity needs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "model/model.h"
#include "store/store.h"

namespace tenon {

struct TenantRow {
  Uuid id;
  std::string slug;
  std::string status;                   // ACTIVE, SUSPENDED, DELETED
  std::vector<std::string> namespaces;  // config.namespaces
  int requests_per_second = 0;          // config.requests_per_second; 0: no limit
};

struct KeyRow {
  Uuid id;
  Uuid user;
  std::string hash;  // hex
  std::string name;
  std::string prefix;
  std::uint8_t roles = 0;  // the key's, cut to what its user has now
  Uuid connector;          // it may only push to this one; nil: what its roles allow
  std::optional<Time> expires;
  std::optional<Time> revoked;
  TenantRow tenant;
};

struct UserRow {
  Uuid id;
  std::uint8_t roles = 0;
};

// Thread-safe; keeps nothing.
class Directory {
 public:
  // kInvalidArgument with what is missing when the model has not the tables and columns that
  // identity binds to.
  static Result<Directory> Create(const model::Model& model, Store& store);

  // Each is nullopt when there is no such row. Keys of deleted users are not found.
  Result<std::optional<KeyRow>> KeyByHash(std::string_view hash) const;
  Result<std::optional<KeyRow>> KeyById(const Uuid& tenant, const Uuid& id) const;
  // The keys that may push to a connector and are not revoked.
  Result<std::vector<KeyRow>> KeysOfConnector(const Uuid& tenant, const Uuid& connector) const;
  Result<std::optional<TenantRow>> Tenant(std::string_view id_or_slug) const;
  Result<std::optional<UserRow>> UserById(const Uuid& tenant, const Uuid& id,
                                          bool with_deleted = false) const;
  // By the identity provider's own id of the user.
  Result<std::optional<UserRow>> UserBySubject(const Uuid& tenant, std::string_view subject) const;
  Result<std::optional<UserRow>> UserByEmail(const Uuid& tenant, std::string_view email) const;

 private:
  Directory(const model::Entity& tenants, const model::Entity& users, const model::Entity& keys,
            Store& store)
      : tenants_(&tenants), users_(&users), keys_(&keys), store_(&store) {}
  Result<std::optional<KeyRow>> Key(std::string_view column, const Value& value,
                                    const std::optional<Uuid>& tenant) const;
  Result<std::vector<KeyRow>> Keys(std::string_view column, const Value& value,
                                   const std::optional<Uuid>& tenant) const;
  Result<std::optional<UserRow>> User(const Uuid& tenant, std::string_view column,
                                      const Value& value, bool with_deleted = false) const;

  const model::Entity* tenants_;
  const model::Entity* users_;
  const model::Entity* keys_;
  Store* store_;
};

}  // namespace tenon
