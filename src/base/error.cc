#include "base/error.h"

#include <array>

namespace tenon {
namespace {

constexpr std::array<CodeInfo, 16> kCodes = {{
    {Code::kInvalidArgument, 400, 2, "invalid-argument", "The request cannot be read", false},
    {Code::kUnauthenticated, 401, 4, "unauthenticated", "No valid key", false},
    {Code::kForbidden, 403, 5, "forbidden", "Not allowed for this role", false},
    {Code::kNotFound, 404, 6, "not-found", "Not found", false},
    {Code::kMethodNotAllowed, 405, 2, "method-not-allowed", "Method not allowed", false},
    {Code::kConflict, 409, 7, "conflict", "In conflict with what is stored", false},
    {Code::kGone, 410, 6, "gone", "No longer kept", false},
    {Code::kPreconditionFailed, 412, 8, "precondition-failed", "Changed since it was read", false},
    {Code::kTooLarge, 413, 2, "too-large", "Too large", false},
    {Code::kUnsupportedMedia, 415, 2, "unsupported-media-type", "Unsupported media type", false},
    {Code::kInvalidField, 422, 3, "invalid-field", "Fields are wrong", false},
    {Code::kTooManyRequests, 429, 9, "too-many-requests", "Over a limit", false},
    {Code::kInternal, 500, 70, "internal", "A defect of the server", true},
    {Code::kUnavailable, 503, 10, "unavailable", "Not available now", true},
    {Code::kDeadline, 503, 11, "deadline", "Took too long", true},
    {Code::kOutcomeUnknown, 503, 12, "outcome-unknown", "The outcome is not known", true},
}};

}  // namespace

Error Error::In(std::string_view context) && {
  message = std::string(context) + ": " + message;
  return std::move(*this);
}

const CodeInfo& Info(Code code) { return kCodes[static_cast<std::size_t>(code)]; }

Code CodeOfHttpStatus(int status) {
  for (const CodeInfo& row : kCodes) {
    if (row.http_status == status) return row.code;
  }
  return Code::kInternal;
}

}  // namespace tenon
