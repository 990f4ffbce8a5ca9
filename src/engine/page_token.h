// Keyset page tokens: the order values and key of the last row of a page, bound to the query that
// made them. Opaque to clients; bad ones are refused, never trusted: the values are only ever bound
// as parameters within the caller's own tenant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "model/type.h"

namespace tenon {

// `query` is everything that decides the order and the set: table, filter, order.
std::string EncodePageToken(std::string_view query, const std::vector<Value>& values);

// kInvalidArgument when the token is not ours, is of another query, or holds values of other types.
Result<std::vector<Value>> DecodePageToken(std::string_view query, std::string_view token,
                                           const std::vector<model::Type>& types);

}  // namespace tenon
