// POST /v1/tenants/{id}:erase.
#include "services/tenants/erase.h"

#include <boost/json/serialize.hpp>
#include <utility>

#include "api/endpoints.h"
#include "base/text.h"

namespace tenon {

void HandleEraseTenant(const ApiContext& api, const ExchangePtr& exchange) {
  const auto erase = [&]() -> Result<std::string> {
    const json::object body = TRY(exchange->JsonBody());
    std::string reason;
    for (const auto& member : body) {
      if (member.key() != "reason" || !member.value().is_string()) {
        return Fail(Code::kInvalidArgument,
                    "the body may have a reason, which is text, and nothing else");
      }
      reason = member.value().as_string();
    }
    const auto tenant = Uuid::Parse(exchange->id);
    if (!tenant) {
      return Fail(Code::kNotFound, "there is no tenant " + Ellipsis(exchange->id, 64));
    }
    const auto erased = TRY(tenants::EraseTenant(api.engine, exchange->caller, *tenant, reason));
    return json::serialize(json::object{{"rows", erased.rows}, {"log_rows", erased.log_rows}});
  };
  auto answer = erase();
  if (!answer) return exchange->Fail(answer.error());
  exchange->SendJson(200, std::move(*answer));
}

}  // namespace tenon
