// Replay by Idempotency-Key (DESIGN, "Replay"): the first answer again, rendered from the log rows
// that the first request wrote. Kept 24 hours in idempotency_keys, in the same transaction.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "auth/caller.h"
#include "engine/command.h"
#include "store/store.h"

namespace tenon {

// The outcomes of the earlier request with this key; nullopt when there was none. The same key
// with another body is kInvalidField.
Result<std::optional<std::vector<Outcome>>> FindReplay(Reader& reader, const Caller& caller,
                                                       const Idempotent& replay, Time now);

// Says that FindReplay follows (Reader::Expect).
void ExpectReplay(Reader& reader, const Caller& caller, const Idempotent& replay, Time now);

// Queued: that another request has saved its answer under the key meanwhile shows at the latest
// with the commit, as a broken unique constraint.
Result<void> SaveReplay(Transaction& transaction, const Caller& caller, const Idempotent& replay,
                        std::span<const Outcome> outcomes, Time now);

}  // namespace tenon
