// Creating rows, and updating instead when an upsert finds them.
#include <fmt/format.h>

#include "base/json.h"
#include "engine/row_writer.h"
#include "record/encode.h"

namespace tenon {
namespace {

bool IsUnique(const Error& error) {
  const json::value* constraint = error.details.if_contains("constraint");
  return error.code == Code::kConflict && constraint != nullptr && constraint->is_string() &&
         constraint->as_string() == "unique";
}

}  // namespace

Result<PreparedCreate> RowWriter::Prepare(const Caller& caller, const Command& command,
                                          Time now) const {
  const DecodeOptions options{.vault = deps_.vault, .allow_automatic = command.trusted};
  PreparedCreate prepared;
  prepared.decoded = TRY(DecodeCreate(*command.entity, command.body, options));
  const Record& row = prepared.decoded.record;
  const StampContext stamp{caller, ActorIn(caller, caller.tenant), now, deps_.ids};
  TRY(StampCreate(stamp, prepared.decoded));
  TRY(RunChecks({.row = &row, .now = now}));
  AppendRecord(row, EncodeFor::kAnswer, prepared.answer);
  AppendRecord(row, EncodeFor::kLog, prepared.log_text);
  prepared.etag = EtagOf(row, prepared.answer);
  return prepared;
}

Result<Outcome> RowWriter::Create(WriteContext& context, const Command& command,
                                  const PreparedCreate& prepared) {
  const Record& row = prepared.decoded.record;
  const model::Entity& entity = *row.entity;
  TRY(CheckReferences(context, row, nullptr));
  if (entity.namespace_label != nullptr) {
    const auto tenant = TRY(tenants_.Get(context.transaction, TenantOf(row)));
    TRY(CheckNamespace(row, *tenant));
  }
  if (const auto present = TRY(FindComputed(context, row))) {
    Outcome outcome = OutcomeOf(*present, 200, {});
    outcome.replayed = true;
    return outcome;
  }
  TRY(CheckSize(context, row, nullptr, prepared.log_text.size()));
  TRY(CheckQuota(context, row));
  // A new tenant's service user can only be made after it.
  if (entity.table != "tenants") TRY(Actor(context, LogTenant(row)));

  const bool looks_first = command.upsert && context.transaction.dialect() != Dialect::kSqlite;
  if (looks_first) {
    if (const auto present = TRY(FindAnyUnique(context, prepared.decoded))) {
      return Upsert(context, command, *present);
    }
  }
  auto inserted = Send(context, nullptr, row, plans_.Of(entity).insert, row.values);
  if (!inserted) {
    // Where a statement fails alone, to insert and see costs one statement a row.
    if (command.upsert && !looks_first && IsUnique(inserted.error())) {
      if (const auto present = TRY(FindConflicting(context.transaction, row, inserted.error()))) {
        context.blamed = nullptr;
        return Upsert(context, command, *present);
      }
    }
    return std::unexpected(std::move(inserted).error());
  }
  const Uuid logged = TRY(AppendLog(context, row, "CREATE", "", prepared.log_text, nullptr, ""));
  tenants_.Added(entity, TenantOf(row), 1);
  Touched(context, row);
  TRY(Notify(context, row, nullptr, logged));

  Outcome outcome;
  outcome.status = 201;
  outcome.body = prepared.answer;
  outcome.etag = prepared.etag;
  outcome.key = KeyText(row);
  outcome.audit_id = logged;
  return outcome;
}

Result<Outcome> RowWriter::Upsert(WriteContext& context, const Command& command,
                                  const Record& present) {
  Command update = command;
  update.op = Command::Op::kUpdate;
  update.id = KeyText(present);
  // What names the row is not changed by it.
  for (const model::Field* field : present.entity->key) update.body.erase(field->name);
  TRY(CheckMatch(update, present));
  return Patch(context, update, present);
}

}  // namespace tenon
