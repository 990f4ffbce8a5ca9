#include "engine/stamp.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

#include "auth/identity.h"
#include "base/json.h"
#include "base/text.h"

namespace tenon {
namespace {

bool IsAddress(const std::string& text) {
  unsigned char buffer[sizeof(in6_addr)];
  return inet_pton(AF_INET, text.c_str(), buffer) == 1 ||
         inet_pton(AF_INET6, text.c_str(), buffer) == 1;
}

// An id as the field keeps it: uuid columns hold the UUID, text columns its text.
Value IdFor(const model::Field& field, const Uuid& id) {
  if (id.IsNil()) return {};
  return field.type.kind == model::TypeKind::kUuid ? Value(id) : Value(id.ToString());
}

std::string Shortened(const model::Field& field, const std::string& text) {
  if (!field.type.length_max) return text;
  return Ellipsis(text, static_cast<std::size_t>(*field.type.length_max));
}

std::optional<Value> Automatic(const StampContext& context, const model::Field& field,
                               bool creating) {
  const Caller& caller = context.caller;
  switch (field.automatic) {
    case model::Auto::kNone:
      return std::nullopt;
    case model::Auto::kCreated:
      return creating ? std::optional(Value(context.now)) : std::nullopt;
    case model::Auto::kUpdated:
      return Value(context.now);
    case model::Auto::kCreator:
      return creating ? std::optional(IdFor(field, context.actor)) : std::nullopt;
    case model::Auto::kUpdater:
      return IdFor(field, context.actor);
    case model::Auto::kAgent:
      return caller.user_agent.empty() ? Value() : Value(Shortened(field, caller.user_agent));
    case model::Auto::kAddress:
      return IsAddress(caller.address) ? Value(caller.address) : Value();
    case model::Auto::kJob:
      // A row stays with the job that wrote it last.
      if (caller.job.empty()) return creating ? std::optional(Value()) : std::nullopt;
      return Value(caller.job);
  }
  return std::nullopt;
}

Value NewKey(const StampContext& context, const model::Type& type) {
  switch (type.kind) {
    case model::TypeKind::kUuid:
      return type.uuid_version == 4 ? Value(context.ids.V4()) : Value(context.ids.V7());
    case model::TypeKind::kUlid:
      return Value(context.ids.NewUlid().ToString());
    case model::TypeKind::kText:
      return Value(context.ids.V7().ToString());
    default:
      return {};
  }
}

// A default's value in the field's own kind (an int default of a decimal field and the like).
Value Fitted(const model::Type& type, Value value) {
  if (type.kind == model::TypeKind::kDecimal) {
    if (const auto* whole = value.If<std::int64_t>()) {
      if (const auto fitted = Decimal{*whole, 0}.Rescale(type.scale)) return Value(*fitted);
    }
    if (const auto* exact = value.If<Decimal>()) {
      if (const auto fitted = exact->Rescale(type.scale)) return Value(*fitted);
    }
  }
  if (type.kind == model::TypeKind::kFloat) {
    if (const auto* whole = value.If<std::int64_t>()) return Value(static_cast<double>(*whole));
  }
  if (type.kind == model::TypeKind::kUuid) {
    if (const auto* text = value.If<std::string>()) {
      if (const auto id = Uuid::Parse(*text)) return Value(*id);
    }
  }
  return value;
}

// The time of a change that follows one of the same instant, as in a batch: a microsecond later. An
// update that leaves updated_at as it was is taken for one from outside and stamped by a trigger,
// and the row would differ from its answer and its log row.
Value After(const Value& before, const Value& now) {
  const Time* last = before.If<Time>();
  const Time* time = now.If<Time>();
  if (last == nullptr || time == nullptr || *last < *time) return now;
  // A clock that was far ahead once must not be followed for ever.
  return *last - *time < std::chrono::seconds(1) ? Value(*last + Duration(1)) : now;
}

}  // namespace

void Assign(Record& row, const model::Field& field, const std::vector<std::string>& path,
            Value value) {
  if (path.empty()) {
    row.at(field) = Fitted(field.type, std::move(value));
    return;
  }
  json::value document = json::object();
  if (const auto* present = row.at(field).If<json::value>()) document = *present;
  json::value* at = &document;
  for (const std::string& step : path) {
    if (!at->is_object()) *at = json::object();
    at = &at->as_object()[step];
  }
  if (value.IsNull()) {
    *at = nullptr;
  } else if (const auto* as_text = value.If<std::string>()) {
    *at = json::string(*as_text);
  } else if (const auto* whole = value.If<std::int64_t>()) {
    *at = *whole;
  } else if (const auto* flag = value.If<bool>()) {
    *at = *flag;
  } else if (const auto* number = value.If<double>()) {
    *at = *number;
  } else if (const auto* time = value.If<Time>()) {
    *at = json::string(FormatTime(*time));
  } else if (const auto* id = value.If<Uuid>()) {
    *at = json::string(id->ToString());
  } else if (const auto* inner = value.If<json::value>()) {
    *at = *inner;
  }
  row.at(field) = Value::Json(std::move(document));
}

std::string StateOf(const Record& row, const model::Lifecycle& lifecycle) {
  const Value& value = row.at(*lifecycle.field);
  if (!lifecycle.json_path.empty()) {
    const auto* document = value.If<json::value>();
    const json::value* at =
        document == nullptr ? nullptr : FindPath(*document, lifecycle.json_path);
    return at != nullptr && at->is_string() ? std::string(at->as_string()) : lifecycle.initial;
  }
  if (value.IsNull()) return "null";
  if (const bool* flag = value.If<bool>()) return *flag ? "true" : "false";
  const auto* text = value.If<std::string>();
  return text == nullptr ? std::string() : *text;
}

void SetState(Record& row, const model::Lifecycle& lifecycle, const std::string& state) {
  if (!lifecycle.json_path.empty()) {
    Assign(row, *lifecycle.field, lifecycle.json_path, Value(state));
  } else if (lifecycle.field->type.kind == model::TypeKind::kBool) {
    row.at(*lifecycle.field) = state == "null" ? Value() : Value(state == "true");
  } else {
    row.at(*lifecycle.field) = Value(state);
  }
}

Result<void> StampCreate(const StampContext& context, Decoded& decoded) {
  Record& row = decoded.record;
  const model::Entity& entity = *row.entity;
  const bool in_default = context.caller.tenant == DefaultTenantId();
  const std::string_view tenant_slug =
      in_default ? std::string_view() : std::string_view(context.caller.tenant_slug);
  for (const model::Field& field : entity.fields) {
    const auto index = static_cast<std::size_t>(field.index);
    if (&field == entity.tenant && !(field.key && entity.key.size() == 1)) {
      row.at(field) = Value(context.caller.tenant);
      continue;
    }
    if (decoded.given[index]) continue;
    if (auto value = Automatic(context, field, true)) {
      row.at(field) = *std::move(value);
    } else if (field.lock) {
      row.at(field) = Value(std::int64_t{1});
    } else if (field.default_value) {
      const EvalContext eval{
          .row = &row, .now = context.now, .tenant_slug = tenant_slug, .strict = true};
      auto value = Evaluate(*field.default_value, eval);
      if (!value) return Fail(std::move(value).error().In(field.name));
      row.at(field) = Fitted(field.type, *std::move(value));
    } else if (field.namespace_label) {
      row.at(field) = Value(context.caller.tenant_slug);
    } else if (field.key && !field.reference) {
      row.at(field) = NewKey(context, field.type);
      decoded.fresh_key = true;
    }
  }
  // The decoder lets through a state other than the initial one only for the system's own writes.
  if (entity.lifecycle) {
    const model::Lifecycle& lifecycle = *entity.lifecycle;
    const bool given = decoded.given[static_cast<std::size_t>(lifecycle.field->index)];
    if (!given || !lifecycle.json_path.empty()) {
      SetState(row, lifecycle, given ? StateOf(row, lifecycle) : lifecycle.initial);
    }
  }
  if (entity.idempotency && entity.idempotency->value) {
    EvalContext eval{.row = &row, .now = context.now, .strict = true};
    row.at(*entity.idempotency->field) = TRY(Evaluate(*entity.idempotency->value, eval));
  }
  return {};
}

void StampUpdate(const StampContext& context, Record& row) {
  for (const model::Field& field : row.entity->fields) {
    if (field.lock) {
      const auto* version = row.at(field).If<std::int64_t>();
      row.at(field) = Value(version == nullptr ? std::int64_t{1} : *version + 1);
    } else if (auto value = Automatic(context, field, false)) {
      row.at(field) = field.automatic == model::Auto::kUpdated ? After(row.at(field), *value)
                                                               : *std::move(value);
    }
  }
}

Result<void> RunChecks(const EvalContext& context) {
  Error error(Code::kInvalidField, "a rule of the model does not hold");
  for (const model::Check& check : context.row->entity->checks) {
    auto value = Evaluate(*check.condition, context);
    if (!value) {
      error.fields.push_back({"", "check", value.error().message});
      continue;
    }
    // As in SQL, a check that is null is not broken.
    const bool* holds = value->If<bool>();
    if (holds != nullptr && !*holds) error.fields.push_back({"", "check", check.message});
  }
  if (!error.fields.empty()) {
    error.message = error.fields.front().message;
    return Fail(std::move(error));
  }
  return {};
}

Result<void> CheckNamespace(const Record& row, const TenantInfo& tenant) {
  const model::Field* field = row.entity->namespace_label;
  if (field == nullptr) return {};
  const auto* label = row.at(*field).If<std::string>();
  if (label == nullptr || *label == tenant.slug ||
      std::find(tenant.namespaces.begin(), tenant.namespaces.end(), *label) !=
          tenant.namespaces.end()) {
    return {};
  }
  Error error(Code::kInvalidField, "the tenant has no such namespace");
  error.fields.push_back(
      {field->name, "namespace",
       fmt::format("'{}' is not a namespace of the tenant: use '{}' or add it to the tenant's "
                   "config.namespaces",
                   *label, tenant.slug)});
  return Fail(std::move(error));
}

}  // namespace tenon
