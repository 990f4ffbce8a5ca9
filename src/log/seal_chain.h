// The arithmetic of the audit chain, apart from the store, so that it can be stated once and
// tested against hand-made rows.
#pragma once

#include <string_view>

#include "base/hash.h"
#include "log/log.h"

namespace tenon {

// sha256 over the parts that may be erased later: salt, before, after, metadata, address, agent.
// Each part is preceded by its length, so that no two rows share an encoding.
Digest PayloadDigest(std::string_view salt, const LogEntry& entry);

// sha256 over the tenant's previous seal, the row's position and head, and the payload digest.
Digest Seal(const Digest& previous, const LogEntry& entry, const Digest& payload);

}  // namespace tenon
