// Deleting, restoring, and what a delete does to the rows that refer to the one that goes. The
// engine does this itself, row by row, so that each has its audit row (LANGUAGE.md, "Tenancy, keys,
// references").
#include <fmt/format.h>

#include <utility>

#include "base/limits.h"
#include "engine/row_writer.h"
#include "record/encode.h"

namespace tenon {
namespace {

std::string LogText(const Record& row) {
  std::string text;
  AppendRecord(row, EncodeFor::kLog, text);
  return text;
}

// One more than may go along, so that it shows when there are more.
constexpr std::int64_t kReferrersMax = static_cast<std::int64_t>(limits::kCascadeRowsMax) + 1;

Error TooMany(const model::Entity& entity) {
  return {Code::kTooLarge,
          fmt::format("more than {} rows hang on this {} row: delete those first, in pieces",
                      limits::kCascadeRowsMax, entity.table)};
}

}  // namespace

Result<Outcome> RowWriter::Delete(WriteContext& context, const Command& command) {
  Record row = TRY(LoadForWrite(context, command, false));
  const model::Entity& entity = *row.entity;
  Outcome outcome;
  outcome.status = 204;
  outcome.key = KeyText(row);
  if (!entity.soft_delete) {
    outcome.audit_id = TRY(DeleteForGood(context, row));
    return outcome;
  }
  const Record old = row;
  const Uuid actor = TRY(Actor(context, LogTenant(row)));
  const model::SoftDelete& soft = *entity.soft_delete;
  if (soft.shape != nullptr) {
    Assign(row, *soft.field, soft.json_path,
           Value::Json(json::object{{"at", FormatTime(context.now)}, {"by", actor.ToString()}}));
  } else {
    Assign(row, *soft.field, soft.json_path, Value(context.now));
  }
  StampUpdate({context.caller, actor, context.now, deps_.ids}, row);
  TRY(Detach(context, old, true));
  TRY(UpdateRow(context, old, row));
  Touched(context, row);
  outcome.audit_id = TRY(AppendLog(context, row, "DELETE", LogText(old), "", nullptr, ""));
  TRY(Notify(context, row, &old, outcome.audit_id));
  return outcome;
}

Result<Outcome> RowWriter::Restore(WriteContext& context, const Command& command) {
  const model::Entity& entity = *command.entity;
  if (!entity.soft_delete) {
    return Fail(Code::kMethodNotAllowed,
                fmt::format("{} rows are deleted for good and cannot be restored", entity.table));
  }
  const Record old = TRY(LoadForWrite(context, command, true));
  Record row = old;
  Assign(row, *entity.soft_delete->field, entity.soft_delete->json_path, Value());
  if (!entity.soft_delete->json_path.empty()) {
    // A tombstone is taken away, not left as null.
    auto& document = row.at(*entity.soft_delete->field).As<json::value>();
    json::value* at = &document;
    const auto& path = entity.soft_delete->json_path;
    for (std::size_t i = 0; i + 1 < path.size() && at->is_object(); ++i) {
      at = &at->as_object()[path[i]];
    }
    if (at->is_object()) at->as_object().erase(path.back());
  }
  return WriteChange(context, old, row, "RESTORE", nullptr, "");
}

bool RowWriter::Detaches(const model::Relation& referrer, bool softly) {
  // A softly deleted row still stands: only an event that the model asks for goes to its referrers;
  // the rest waits until it is purged.
  return !softly || referrer.field->reference->on_delete == model::OnDelete::kEvent;
}

void RowWriter::ExpectReferrers(Reader& reader, const Uuid& tenant, const model::Relation& referrer,
                                std::span<const Value> key) const {
  const model::Field* field = referrer.field;
  ExpectWhere(reader, plans_.Of(*referrer.target), std::span(&field, 1), key, tenant,
              kReferrersMax);
}

Result<void> RowWriter::Detach(WriteContext& context, const Record& row, bool softly) {
  for (const model::Relation& referrer : plans_.Referrers(*row.entity)) {
    const model::Reference& reference = *referrer.field->reference;
    if (!Detaches(referrer, softly)) continue;
    const model::Field* field = referrer.field;
    const std::vector<Value> key = KeyValues(plans_.Of(*row.entity), row);
    const std::vector<Record> rows =
        TRY(LoadWhere(context.transaction, plans_.Of(*referrer.target), std::span(&field, 1), key,
                      TenantOf(row), kReferrersMax));
    if (rows.empty()) continue;
    if (reference.on_delete == model::OnDelete::kRestrict) {
      Error error(Code::kConflict,
                  fmt::format("{} {} refer to it by {}",
                              rows.size() > 1000 ? "over 1000" : std::to_string(rows.size()),
                              referrer.target->table, field->name));
      error.details["table"] = referrer.target->table;
      error.details["row"] = KeyText(rows.front());
      return Fail(std::move(error));
    }
    if (context.rows + rows.size() > limits::kCascadeRowsMax && !context.trusted) {
      return Fail(TooMany(*row.entity));
    }
    for (const Record& child : rows) {
      switch (reference.on_delete) {
        case model::OnDelete::kCascade:
          TRY(DeleteForGood(context, child));
          break;
        case model::OnDelete::kNull: {
          Record next = child;
          next.at(*field) = Value();
          TRY(WriteChange(context, child, next, "UPDATE", nullptr, ""));
          break;
        }
        case model::OnDelete::kEvent: {
          if (IsDeleted(child)) break;
          const bool trusted = std::exchange(context.trusted, true);
          auto fired = FireOn(context, child, reference.on_delete_event, {}, false);
          context.trusted = trusted;
          // A referrer that is past the event already (superseded before) stays as it is.
          if (!fired && fired.error().code != Code::kConflict) {
            return std::unexpected(std::move(fired).error());
          }
          break;
        }
        case model::OnDelete::kRestrict:
          break;
      }
    }
  }
  return {};
}

Result<Uuid> RowWriter::DeleteForGood(WriteContext& context, const Record& row) {
  const model::Entity& entity = *row.entity;
  TRY(Detach(context, row, false));
  const EntityPlan& plan = plans_.Of(entity);
  std::vector<Value> parameters = KeyValues(plan, row);
  if (entity.tenant != nullptr) parameters.push_back(row.at(*entity.tenant));
  TRY(Send(context, nullptr, row, "DELETE FROM " + QuoteName(entity.table) + plan.by_key,
           parameters));
  Touched(context, row);
  tenants_.Added(entity, TenantOf(row), -1);
  const Uuid logged = TRY(AppendLog(context, row, "DELETE", LogText(row), "", nullptr, ""));
  TRY(Notify(context, row, &row, logged));
  return logged;
}

Result<void> RowWriter::Purge(WriteContext& context, const Record& row) {
  if (row.entity->global && row.entity->written_by_engine) {
    // The engine's own bookkeeping (expired idempotency keys) is not part of anybody's history.
    const EntityPlan& plan = plans_.Of(*row.entity);
    TRY(context.transaction.Execute("DELETE FROM " + QuoteName(row.entity->table) + plan.by_key,
                                    KeyValues(plan, row)));
    return {};
  }
  TRY(DeleteForGood(context, row));
  return {};
}

}  // namespace tenon
