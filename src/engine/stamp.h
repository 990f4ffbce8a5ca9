// Stage 6 of the pipeline: what the engine itself writes into a row, and the checks across fields.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auth/caller.h"
#include "base/ids.h"
#include "engine/tenants.h"
#include "record/decode.h"
#include "record/eval.h"

namespace tenon {

struct StampContext {
  const Caller& caller;
  Uuid actor;  // the user to name: the caller, or the tenant's service user
  Time now;
  IdSource& ids;
};

// Fills every field that the caller did not give: key, tenant, namespace, engine-written fields,
// the lifecycle's initial state, defaults (in field order, so a default may use earlier fields),
// and the computed idempotency key.
Result<void> StampCreate(const StampContext& context, Decoded& row);

// Engine-written fields of a changed row: updated at and by, agent, address, job, version.
void StampUpdate(const StampContext& context, Record& row);

// Sets a field or a place inside its JSON.
void Assign(Record& row, const model::Field& field, const std::vector<std::string>& path,
            Value value);

// The lifecycle's state as text ("null" for a null approval).
std::string StateOf(const Record& row, const model::Lifecycle& lifecycle);
void SetState(Record& row, const model::Lifecycle& lifecycle, const std::string& state);

// kInvalidField with one entry for each `check` that does not hold.
Result<void> RunChecks(const EvalContext& context);

// Namespace labels must be the tenant's slug or one that its config lists.
Result<void> CheckNamespace(const Record& row, const TenantInfo& tenant);

}  // namespace tenon
