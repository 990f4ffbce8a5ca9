// What the engine is asked to do, and what it answers.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <vector>

#include "auth/caller.h"
#include "base/json.h"
#include "base/result.h"
#include "model/model.h"
#include "record/record.h"

namespace tenon {

struct Command {
  enum class Op { kCreate, kUpdate, kDelete, kRestore, kEvent };
  Op op = Op::kCreate;
  const model::Entity* entity = nullptr;
  std::string id;          // key text; not for create (the body may give the key)
  std::string event;       // kEvent
  json::object body;       // fields, patch, or takes
  std::string if_match;    // ETag text without quotes; empty: none; "*": must exist
  bool upsert = false;     // kCreate: update instead when the unique key is taken
  bool trusted = false;    // the system's own: may set engine-written fields
  bool automatic = false;  // kEvent by the clock: only lines whose `auto when` holds
};

// Replay of a whole request (DESIGN, "Replay").
struct Idempotent {
  std::string key;           // the Idempotency-Key header; empty: none
  std::string route;         // "POST /v1/assets"
  std::string request_hash;  // sha256 of the body, hex
};

struct Outcome {
  int status = 200;        // 201 created, 200 done, 204 deleted
  std::string body;        // the row as JSON; empty when deleted
  std::string etag;        // without quotes
  std::string key;         // key text of the row
  Uuid audit_id;           // its log row; nil when there is none (a quiet event, no change)
  bool replayed = false;   // answered from an earlier request or a computed key
  bool unchanged = false;  // the row already was as asked: nothing written
};

// Erases what the log says of one row, also of one that is gone (erasure on request).
struct EraseRequest {
  const model::Entity* entity = nullptr;
  std::string id;        // key text
  bool written = false;  // of users: and what the log says of all that this user wrote
  std::string reason;    // for the log row that records it; may be empty
};

struct GetOptions {
  std::vector<std::string> fields;  // empty: all
  std::vector<std::string> expand;  // relation names, one level
  bool with_deleted = false;
  std::optional<Time> as_of;
};

struct GetResult {
  std::string body;
  std::string etag;
};

struct ListQuery {
  std::string filter;
  std::string order_by;  // "name, created_at desc"; the key is always added
  int page_size = 0;     // 0: default
  std::string page_token;
  std::vector<std::string> fields;
  std::vector<std::string> expand;
  bool count = false;
  bool with_deleted = false;
};

}  // namespace tenon
