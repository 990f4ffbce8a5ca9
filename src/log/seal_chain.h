// The arithmetic of the audit chain, apart from the store, so that it can be stated once and
// tested against hand-made rows.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "log/log.h"

namespace tenon {

// sha256 over the parts that may be erased later: salt, before, after, metadata, address, agent.
// Each part is preceded by its length, so that no two rows share an encoding.
Digest PayloadDigest(std::string_view salt, const LogEntry& entry);

// Whether the row's payload is the one that was sealed: as it is stored, or in the canonical form
// that the log writes. A store that keeps JSON in a form of its own gives back another text of the
// same content.
bool PayloadMatches(std::string_view salt, const LogEntry& entry, std::string_view digest_hex);

// JSON in its canonical form (RFC 8785); text that is no JSON as it is.
std::string CanonicalText(std::string_view text);

std::optional<Digest> DigestFromHex(std::string_view hex);

// sha256 over the tenant's previous seal, the row's position and head, and the payload digest.
Digest Seal(const Digest& previous, const LogEntry& entry, const Digest& payload);

}  // namespace tenon
