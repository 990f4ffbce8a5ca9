// Errors as application/problem+json (RFC 9457): the one place where an Error becomes an answer.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "http/message.h"

namespace tenon {

// The problem document: type, title, status, code, detail, errors, members of Error::details, and
// `instance` (the path that was asked) with `trace_id` when they are given.
json::object ProblemOf(const Error& error, std::string_view instance = {},
                       std::string_view trace_id = {});

// The whole answer, with Retry-After and WWW-Authenticate where they belong.
http::Response ProblemResponse(const Error& error, std::string_view instance = {},
                               std::string_view trace_id = {});

}  // namespace tenon
