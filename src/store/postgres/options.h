// Where the PostgreSQL server is, as whom to connect, and how many connections to hold.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "base/error.h"
#include "store/write_queue.h"

namespace tenon {

struct PostgresOptions {
  // "postgresql://user@host:5432/database?sslmode=verify-full&sslrootcert=..." or libpq's
  // "key=value" form. Passwords may also come from PGPASSWORD, a pass file or a service file.
  // Of the application's role, which row-level security confines to one tenant a transaction.
  std::string url;
  // Of the role that bypasses row-level security, for work across tenants. Empty: `url`.
  std::string system_url;
  // Of the owner of the tables, for ChangeSchema. Empty: `system_url`.
  std::string schema_url;
  // Roles to change to after login, for one login that is a member of them. Empty: the login's own.
  std::string role;
  std::string system_role;
  std::string schema_role;

  // Connections: one for each writing thread, one for each read that runs, and those for work
  // across tenants, which writes and reads share. One more is kept to ask after cut off commits,
  // and one is opened for each schema change.
  std::size_t writers_max = 8;
  std::size_t readers_max = 8;
  std::size_t system_max = 4;
  std::size_t statements_max = 256;  // prepared statements a connection keeps

  std::chrono::milliseconds connect_timeout{5000};  // libpq counts whole seconds, at least 2
  std::chrono::milliseconds statement_timeout{
      10000};                                    // of a statement of a write; reads have theirs
  std::chrono::milliseconds lock_timeout{2000};  // then the write runs again
  std::chrono::milliseconds schema_lock_timeout{5000};  // of a statement of a schema change
  // How long work waits for a server that has gone away before it fails with kUnavailable; after
  // that it fails at once until the server is back.
  std::chrono::milliseconds outage_patience{2000};
  // How long Open waits for a server that is not there yet.
  std::chrono::milliseconds open_patience{0};
  // Told by Open each time that it goes on waiting, and why; false: do not.
  std::function<bool(const Error& why)> keep_waiting = {};

  WriteQueueLimits queue;
};

}  // namespace tenon
