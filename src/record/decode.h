// JSON from outside into typed values. Every error is collected with its path; nothing throws.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/seal.h"
#include "record/record.h"

namespace tenon {

// What an answer shows in place of a sealed secret. Sent back unchanged, it means "keep it".
inline constexpr std::string_view kSealedMark = "[sealed]";

struct DecodeOptions {
  const Vault* vault = nullptr;  // null: a secret is a field error that names ENCRYPTION_KEY
  bool allow_automatic = false;  // imports by the system may set created_at and the like
};

// A decoded write: values, and which fields the caller gave.
struct Decoded {
  Record record;
  std::vector<bool> given;  // by Field::index
  bool fresh_key = false;   // the key was made up for this row: no other has it
};

// A body for create: unknown fields, engine-written fields, lifecycle fields other than at their
// initial state, wrong types, ranges, lengths, enums, shapes and missing required fields are each
// one FieldError; the Error is kInvalidField. Fields not given are left null, for the engine to
// default. Secrets come out sealed.
Result<Decoded> DecodeCreate(const model::Entity& entity, const json::object& body,
                             const DecodeOptions& options);

// A merge patch (RFC 7396) on `current`: null clears a nullable field, JSON fields are merged.
// `once`, key, lifecycle and engine-written fields are refused unless unchanged.
Result<Decoded> DecodePatch(const Record& current, const json::object& patch,
                            const DecodeOptions& options);

// The `takes` of an event into the fields of a copy of `current`, and free ones into `extra`.
struct DecodedTakes {
  Record record;
  std::vector<bool> given;
  std::vector<std::pair<std::string, Value>> extra;
};
Result<DecodedTakes> DecodeTakes(const model::Event& event, const Record& current,
                                 const json::object& body, const DecodeOptions& options);

// One value of a type. Errors are appended to `errors` under `path`; nullopt when there were any.
// `siblings` is the object that holds it, for `json by FIELD`.
std::optional<Value> DecodeValue(const model::Type& type, const json::value& input,
                                 const std::string& path, const json::object* siblings,
                                 const DecodeOptions& options, std::vector<FieldError>& errors);

// Text (a CSV cell, a query parameter) into a value of the type.
Result<Value> ParseText(const model::Type& type, std::string_view text);

}  // namespace tenon
