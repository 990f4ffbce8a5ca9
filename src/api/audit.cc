// POST /v1/audit:verify, POST /v1/audit:erase and GET /v1/audit/checkpoint.
#include <algorithm>
#include <array>
#include <utility>

#include "api/endpoints.h"
#include "base/hash.h"
#include "base/json_text.h"
#include "base/text.h"

namespace tenon {
namespace {

// Whose chains the caller may look at: its tenant's, or all with ?tenant=*.
Result<std::optional<Uuid>> TenantOfAudit(const Caller& caller) {
  if (caller.across_tenants) return std::optional<Uuid>();
  if (!caller.Has(Role::kAdmin)) {
    return Fail(Code::kForbidden, "the audit chain is for the role admin");
  }
  return std::optional(caller.tenant);
}

std::string SignatureOf(const ApiContext& api, const json::object& checkpoint) {
  json::object signed_part = checkpoint;
  signed_part.erase("signature");
  // A key of its own, so that a signature says nothing of position tokens.
  const Digest key = HmacSha256(api.options.position_key, "tenon audit checkpoint");
  return ToHex(HmacSha256({reinterpret_cast<const char*>(key.data()), key.size()},
                          CanonicalJson(signed_part)));
}

std::unexpected<Error> BadCheckpoint(std::string message) {
  Error error(Code::kInvalidField, "checkpoint: " + message);
  error.fields.push_back({"checkpoint", "shape", std::move(message)});
  return Fail(std::move(error));
}

Result<std::vector<AuditHead>> ReadCheckpoint(const ApiContext& api, const json::object& body,
                                              const std::optional<Uuid>& tenant) {
  std::vector<AuditHead> heads;
  const json::value* given = body.if_contains("checkpoint");
  if (given == nullptr || given->is_null()) return heads;
  if (!given->is_object()) return BadCheckpoint("must be a checkpoint as it was given out");
  const json::object& checkpoint = given->as_object();
  const json::value* signature = checkpoint.if_contains("signature");
  if (signature == nullptr || !signature->is_string() ||
      !ConstantTimeEqual(std::string_view(signature->as_string()), SignatureOf(api, checkpoint))) {
    return BadCheckpoint("this server did not sign it, or it was changed");
  }
  // What is signed has the shape that we gave it.
  for (const json::value& item : checkpoint.at("heads").as_array()) {
    const json::object& object = item.as_object();
    AuditHead head;
    head.tenant =
        Uuid::Parse(std::string_view(object.at("tenant_id").as_string())).value_or(Uuid{});
    if (tenant && head.tenant != *tenant) continue;
    head.seq = TRY(api.positions.Read(head.tenant, object.at("position").as_string()));
    head.seal = std::string(object.at("seal").as_string());
    heads.push_back(std::move(head));
  }
  return heads;
}

}  // namespace

void HandleVerifyAudit(const ApiContext& api, const ExchangePtr& exchange) {
  const auto verify = [&]() -> Result<std::string> {
    const auto tenant = TRY(TenantOfAudit(exchange->caller));
    const json::object body = TRY(exchange->JsonBody());
    const auto heads = TRY(ReadCheckpoint(api, body, tenant));
    std::int64_t rows = 0;
    const auto fault =
        TRY(api.engine.log().Verify(tenant, heads, [&](std::int64_t done) { rows = done; }));
    json::object answer;
    answer["rows"] = rows;
    answer["whole"] = !fault.has_value();
    answer["fault"] = nullptr;
    if (fault) {
      answer["fault"] =
          json::object{{"position", api.positions.Token(tenant.value_or(Uuid{}), fault->seq)},
                       {"audit_id", fault->audit_id},
                       {"what", fault->what}};
    }
    return JsonText(answer);
  };
  auto answer = verify();
  if (!answer) return exchange->Fail(answer.error());
  exchange->SendJson(200, std::move(*answer));
}

namespace {

std::unexpected<Error> BadMember(std::string name, std::string code, std::string message) {
  Error error(Code::kInvalidField, name + " " + message);
  error.fields.push_back({std::move(name), std::move(code), std::move(message)});
  return Fail(std::move(error));
}

Result<std::string> TextMember(const json::object& body, const char* name, bool required) {
  const json::value* member = body.if_contains(name);
  if (member == nullptr || member->is_null()) {
    if (required) return BadMember(name, "required", "is required");
    return std::string();
  }
  if (!member->is_string()) return BadMember(name, "type", "must be text");
  return std::string(member->as_string());
}

Result<EraseRequest> ReadErase(const ApiContext& api, const json::object& body) {
  EraseRequest request;
  constexpr std::array<std::string_view, 4> kMembers = {"table", "id", "written", "reason"};
  for (const auto& member : body) {
    const std::string_view name = member.key();
    if (std::ranges::find(kMembers, name) != kMembers.end()) continue;
    return BadMember(Ellipsis(name, 64), "unknown",
                     "is not a field of this request, which has table, id, written and reason");
  }
  const std::string table = TRY(TextMember(body, "table", true));
  request.id = TRY(TextMember(body, "id", true));
  request.reason = TRY(TextMember(body, "reason", false));
  if (const json::value* written = body.if_contains("written")) {
    if (!written->is_bool()) return BadMember("written", "type", "must be true or false");
    request.written = written->as_bool();
  }
  request.entity = api.engine.model().FindTable(table);
  if (request.entity == nullptr) {
    return BadMember("table", "reference", "is no table of a model: " + Ellipsis(table, 64));
  }
  return request;
}

}  // namespace

void HandleEraseAudit(const ApiContext& api, const ExchangePtr& exchange) {
  const auto erase = [&]() -> Result<std::string> {
    const json::object body = TRY(exchange->JsonBody());
    const EraseRequest request = TRY(ReadErase(api, body));
    const std::int64_t rows = TRY(api.engine.Erase(exchange->caller, request));
    return JsonText(json::object{{"rows", rows}});
  };
  auto answer = erase();
  if (!answer) return exchange->Fail(answer.error());
  exchange->SendJson(200, std::move(*answer));
}

void HandleAuditCheckpoint(const ApiContext& api, const ExchangePtr& exchange) {
  const auto make = [&]() -> Result<std::string> {
    const auto tenant = TRY(TenantOfAudit(exchange->caller));
    json::array heads;
    for (const AuditHead& head : TRY(api.engine.log().Heads())) {
      if (tenant && head.tenant != *tenant) continue;
      heads.push_back(json::object{{"tenant_id", head.tenant.ToString()},
                                   {"position", api.positions.Token(head.tenant, head.seq)},
                                   {"seal", head.seal}});
    }
    json::object checkpoint;
    checkpoint["time"] = FormatTime(api.engine.clock().Now());
    checkpoint["heads"] = std::move(heads);
    checkpoint["signature"] = SignatureOf(api, checkpoint);
    return JsonText(checkpoint);
  };
  auto answer = make();
  if (!answer) return exchange->Fail(answer.error());
  exchange->SendJson(200, std::move(*answer));
}

}  // namespace tenon
