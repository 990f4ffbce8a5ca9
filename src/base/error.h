// The one error path of Tenon. A fallible function returns Result<T> (result.h) and an Error says
// what went wrong in words for the person who caused it. Library exceptions are turned into an
// Error by the adapter that calls the library; nothing above it sees them.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon {

// What kind of failure it is. error.cc holds the one table from a code to its HTTP status, exit
// code, log level and problem name, so that no two surfaces disagree.
enum class Code {
  kInvalidArgument,     // 400: the request cannot be read (syntax, filter, page token)
  kUnauthenticated,     // 401: no key, or one that is not valid
  kForbidden,           // 403: the caller's role does not allow it
  kNotFound,            // 404: nothing there that the caller may see
  kMethodNotAllowed,    // 405
  kConflict,            // 409: unique, reference, or an event that is not allowed now
  kGone,                // 410: before the retention horizon
  kPreconditionFailed,  // 412: stale If-Match
  kTooLarge,            // 413
  kUnsupportedMedia,    // 415
  kInvalidField,        // 422: readable, but fields are wrong; see Error::fields
  kTooManyRequests,     // 429: quota, rate or a full queue; see Error::retry_after_s
  kInternal,            // 500: a defect of ours
  kUnavailable,         // 503: disk full, store away, shutting down
  kDeadline,            // 503: the work did not end in its time
  kOutcomeUnknown,      // 503: the write may or may not have become durable
};

// One wrong place in the caller's input.
struct FieldError {
  std::string path;     // "name", "canvas_json.nodes[3].id"; empty for the whole document
  std::string code;     // stable, for programs: "required", "unknown", "type", "range", "length",
                        // "enum", "format", "shape", "unique", "reference", "check", ...
  std::string message;  // for people, without the path in front
};

struct Error {
  Code code = Code::kInternal;
  std::string message;
  std::vector<FieldError> fields;
  boost::json::object details;            // further members of the problem document
  std::optional<int> retry_after_s = {};  // seconds, with kTooManyRequests and kUnavailable

  Error() = default;
  Error(Code c, std::string m) : code(c), message(std::move(m)) {}

  // The same error with `context` put in front of its message ("context: message").
  [[nodiscard]] Error In(std::string_view context) &&;
};

struct CodeInfo {
  Code code;
  int http_status;
  int exit_code;           // of the CLI; documented in docs/operations.md
  std::string_view name;   // "not-found": the problem's `code` and last part of its `type`
  std::string_view title;  // "Not found"
  bool log_as_error;       // the server's fault, not the client's
};

// The row of the table for `code`.
const CodeInfo& Info(Code code);

// The code whose HTTP status this is, for clients; kInternal when there is none.
Code CodeOfHttpStatus(int status);

}  // namespace tenon
