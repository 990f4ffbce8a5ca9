// What a fresh server needs before anybody can call it: the reserved tenants, their first users and
// one system key.
#pragma once

#include <optional>
#include <string>

#include "auth/accounts.h"
#include "auth/directory.h"
#include "base/random.h"
#include "base/result.h"

namespace tenon {

struct BootstrapDeps {
  const Directory& directory;
  CreateRows create;
  Random& random;
  std::string data_dir;  // admin.key is written here
};

struct Bootstrapped {
  std::string admin_key;  // of a fresh store: to be printed once; otherwise empty
  std::string key_file;   // DIR/admin.key
};

// Creates what is missing, so that a start cut short is finished by the next one. The key file
// (mode 0600) is made durable before the key's row is: a key that exists can always be found. A
// key that was deleted or rotated later is not made again. kUnavailable when the file cannot be
// written.
Result<Bootstrapped> Bootstrap(const BootstrapDeps& deps);

// Writes a secret file: a temporary one with mode 0600, synced, then renamed over `path`.
Result<void> WriteSecretFile(const std::string& path, std::string_view content);

}  // namespace tenon
