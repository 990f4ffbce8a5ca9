// Scenarios: behaviour as data. A file is YAML: what it shows, and steps against the HTTP surface
// with the replies and log rows that must follow. The same files run on every store.
//
//   name: A run goes through its states
//   why: the lifecycle is the only way the state changes
//   model: |                      further model text, beside the shipped files
//   steps:
//     - post: /v1/workflow_executions       get, patch, delete, post
//       as: writer                          admin (default), reader, writer, approver, operator,
//                                           other (a writer of another tenant), system, nobody
//       headers: {If-Match: '"1"'}
//       body: {...}                         or raw: 'text'
//       expect: 201
//       reply: {id: $run, current_state: PENDING}
//       reply_headers: {ETag: $etag}
//       reply_without: s3cr3t             text that the body must not hold; reply_text: RE it must
//       match
//     - advance: 10m                        turns the clock; then the clock's work is done once
//     - purge: true                         retention runs
//     - work: true                          background tasks run until none can
//     - log:                                rows since the last look, in order
//         - {entity_type: WORKFLOW_EXECUTION, action: CREATE}
//
// A reply is matched as a subset. In it `$name` takes the value where the name is new and must be
// equal where it is not; `*` is any value but null; `~RE` matches by RE2; `!absent` means that the
// member must not be there; a list must have the same length unless its last item is `...`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "http/message.h"

namespace tenon::testing {

// What a scenario runs against.
class World {
 public:
  virtual ~World() = default;
  // `as` is one of the callers above.
  virtual http::Response Call(const std::string& as, http::Request request) = 0;
  virtual Result<void> Advance(Duration by) = 0;  // and the clock's work
  virtual Result<void> Purge() = 0;
  virtual Result<void> Work() = 0;  // runs background tasks until none can
  // Log rows after the last call, as {"entity_type","action","before","after","metadata",...}.
  virtual Result<json::array> NewLogRows() = 0;
};

// Makes a world with this further model text.
using MakeWorld = std::function<Result<std::unique_ptr<World>>(const std::string& model)>;

// Runs the file; every difference is one line. Empty: it passed.
std::vector<std::string> RunScenario(const std::string& path, const MakeWorld& make_world);

}  // namespace tenon::testing
