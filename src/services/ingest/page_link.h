// The Link header of an answer (RFC 8288): where the next page is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/message.h"

namespace tenon::ingest {

// The target of the first link of that relation in one header; nullopt when there is none, or when
// the header is not as the RFC has it up to there. The target is as it stands: it may be relative.
std::optional<std::string> LinkOf(std::string_view header, std::string_view relation);

// The same over all Link headers of an answer.
std::optional<std::string> LinkOf(const net::Headers& headers, std::string_view relation);

}  // namespace tenon::ingest
