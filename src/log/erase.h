// Erasing payloads of the log: what a row says happened, by whom and when stays and stays sealed;
// what it said of the data goes, with the salt of its digest, so that nobody can try values
// against the digest. The chain verifies as before (log.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "store/store.h"

namespace tenon {

// Which rows of one tenant. At least one of entity_id, user and before is given.
struct EraseLog {
  Uuid tenant;
  std::int64_t after = 0;              // positions from here on
  std::optional<Time> before = {};     // stops at the first row that is not older
  std::string entity_type = {};        // with entity_id
  std::optional<Uuid> entity_id = {};  // rows about this one
  std::optional<Uuid> user = {};       // or written by this user
  std::int64_t rows_max = 200;         // looked at; small, as the writer waits for it
};

struct ErasedLog {
  std::int64_t rows = 0;      // erased now
  std::int64_t last_seq = 0;  // of the last row that was looked at; 0: none
  bool more = false;          // rows_max was reached
};

// before_state, after_state, ip_address and user_agent become null; metadata keeps what names no
// person (event, from, to, cause, job) and says when it was erased. Rows of action ERASE stay as
// they are: they say who erased what. In the transaction of a job whose scope is across tenants.
Result<ErasedLog> ErasePayloads(Transaction& transaction, const EraseLog& query, Time now);

}  // namespace tenon
