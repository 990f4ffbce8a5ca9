#include "engine/replay.h"

#include "base/json.h"
#include "base/json_text.h"
#include "base/limits.h"
#include "log/seal_chain.h"

namespace tenon {
namespace {

constexpr std::string_view kFind =
    "SELECT request_hash, answer FROM idempotency_keys WHERE tenant_id = $1 AND actor = $2 AND "
    "route = $3 AND key = $4 AND expires_at > $5";
// An expired key that retention has not taken yet is used anew. One that is not expired belongs to
// a request that was answered meanwhile; saving fails on it.
constexpr std::string_view kForget =
    "DELETE FROM idempotency_keys WHERE tenant_id = $1 AND actor = $2 AND route = $3 AND key = $4 "
    "AND expires_at <= $5";
constexpr std::string_view kState = "SELECT after_state FROM audits WHERE id = $1";
constexpr std::string_view kSave =
    "INSERT INTO idempotency_keys (tenant_id, actor, route, key, request_hash, answer, expires_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7)";

// What the log row says that the row became; empty when that is no longer kept.
Result<std::string> StateAfter(Reader& reader, const Uuid& audit_id) {
  const Value id(audit_id);
  std::string state;
  TRY(reader.Query(kState, std::span(&id, 1), [&](const Row& row) -> Result<bool> {
    // Canonical, so that both stores give the same bytes.
    if (!row.IsNull(0)) state = CanonicalText(row.Text(0));
    return false;
  }));
  return state;
}

// Builds before 0.1.0 saved the position of the log row instead of its id.
Result<Uuid> AuditIdOf(Reader& reader, const json::object& saved) {
  if (const json::value* id = saved.if_contains("audit")) {
    return Uuid::Parse(std::string_view(id->as_string())).value_or(Uuid{});
  }
  Uuid found;
  const Value seq(saved.at("seq").to_number<std::int64_t>());
  TRY(reader.Query("SELECT audit_id FROM audit_seals WHERE seq = $1", std::span(&seq, 1),
                   [&](const Row& row) -> Result<bool> {
                     found = Uuid::Parse(row.Text(0)).value_or(Uuid{});
                     return false;
                   }));
  return found;
}

Result<Outcome> Render(Reader& reader, const json::object& saved) {
  Outcome outcome;
  outcome.replayed = true;
  outcome.status = static_cast<int>(saved.at("status").to_number<std::int64_t>());
  outcome.etag = std::string(saved.at("etag").as_string());
  outcome.key = std::string(saved.at("key").as_string());
  if (outcome.status == 204) return outcome;
  if (const json::value* body = saved.if_contains("body")) {
    outcome.body = JsonText(*body);
    return outcome;
  }
  outcome.audit_id = TRY(AuditIdOf(reader, saved));
  outcome.body = TRY(StateAfter(reader, outcome.audit_id));
  if (outcome.body.empty()) {
    return Fail(Code::kGone, "the first answer to this Idempotency-Key is no longer kept");
  }
  return outcome;
}

std::vector<Value> FindParameters(const Caller& caller, const Idempotent& replay, Time now) {
  return {Value(caller.tenant), Value(caller.user), Value(replay.route), Value(replay.key),
          Value(now)};
}

// Keys of other tenants, actors and routes may share it.
Topic TopicOf(const Idempotent& replay) { return std::hash<std::string>()("replay " + replay.key); }

}  // namespace

void ExpectReplay(Reader& reader, const Caller& caller, const Idempotent& replay, Time now) {
  reader.Expect(kFind, FindParameters(caller, replay, now), TopicOf(replay));
}

Result<std::optional<std::vector<Outcome>>> FindReplay(Reader& reader, const Caller& caller,
                                                       const Idempotent& replay, Time now) {
  const std::vector<Value> parameters = FindParameters(caller, replay, now);
  std::string hash;
  std::string answer;
  bool found = false;
  TRY(reader.Query(kFind, parameters, [&](const Row& row) -> Result<bool> {
    found = true;
    hash = row.Text(0);
    if (!row.IsNull(1)) answer = row.Text(1);
    return false;
  }));
  if (!found) return std::optional<std::vector<Outcome>>{};
  if (hash != replay.request_hash) {
    Error error(Code::kInvalidField, "this Idempotency-Key was used with another body");
    error.fields.push_back({"Idempotency-Key", "reused", "take a new key for a new request"});
    return Fail(std::move(error));
  }
  const json::value saved = TRY(ParseJson(answer));
  if (!saved.is_array()) return Fail(Code::kInternal, "idempotency_keys.answer is not a list");
  std::vector<Outcome> outcomes;
  for (const json::value& item : saved.as_array()) {
    outcomes.push_back(TRY(Render(reader, item.as_object())));
  }
  return std::optional(std::move(outcomes));
}

Result<void> SaveReplay(Transaction& transaction, const Caller& caller, const Idempotent& replay,
                        std::span<const Outcome> outcomes, Time now) {
  json::array answer;
  for (const Outcome& outcome : outcomes) {
    json::object item{{"status", outcome.status}, {"etag", outcome.etag}, {"key", outcome.key}};
    if (!outcome.audit_id.IsNil()) item["audit"] = outcome.audit_id.ToString();
    // A write that made no log row (nothing changed, a quiet event) has none to render from.
    if (outcome.audit_id.IsNil() && !outcome.body.empty()) {
      auto body = ParseJson(outcome.body);
      if (body) item["body"] = *std::move(body);
    }
    answer.emplace_back(std::move(item));
  }
  const Value key[] = {Value(caller.tenant), Value(caller.user), Value(replay.route),
                       Value(replay.key), Value(now)};
  const Topic topic = TopicOf(replay);
  const Changes changes{.anything = false, .topics = std::span(&topic, 1)};
  TRY(transaction.Queue(kForget, key, changes));
  const Value values[] = {
      Value(caller.tenant),
      Value(caller.user),
      Value(replay.route),
      Value(replay.key),
      Value(replay.request_hash),
      Value::Json(std::move(answer)),
      Value(now + std::chrono::duration_cast<Duration>(limits::kIdempotencyTtl))};
  return transaction.Queue(kSave, values, changes);
}

}  // namespace tenon
