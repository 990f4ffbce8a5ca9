// What a tenant may keep: rows of an entity, bytes of a row, bytes of a JSON document.
#include <fmt/format.h>

#include "engine/row_writer.h"
#include "record/encode.h"

namespace tenon {
namespace {

Error OverLimit(std::string message, std::int64_t limit) {
  Error error(Code::kTooManyRequests, std::move(message));
  error.details["limit"] = limit;
  error.retry_after_s = 3600;
  return error;
}

std::size_t BytesOf(const Value& value, const model::Type& type) {
  std::string text;
  AppendValue(value, type, EncodeFor::kLog, text);
  return text.size();
}

}  // namespace

Result<void> RowWriter::CheckSize(WriteContext& context, const Record& row, const Record* old,
                                  std::size_t bytes) {
  if (context.trusted || row.entity->tenant == nullptr || row.entity->table == "tenants") return {};
  const auto tenant = TRY(tenants_.Get(context.transaction, TenantOf(row)));
  if (const auto found = tenant->quotas.find("document_bytes");
      found != tenant->quotas.end() && bytes > static_cast<std::size_t>(found->second)) {
    return Fail(
        OverLimit(fmt::format("the tenant may keep at most {} bytes in one row; this has {}",
                              found->second, bytes),
                  found->second));
  }
  if (tenant->document_bytes_max == 0) return {};
  const auto limit = static_cast<std::size_t>(tenant->document_bytes_max);
  if (bytes <= limit) return {};  // no field is longer than its row
  Error error =
      OverLimit(fmt::format("the tenant may keep at most {} bytes in one document", limit),
                tenant->document_bytes_max);
  for (const model::Field& field : row.entity->fields) {
    if (!field.type.IsJson() || (old != nullptr && old->at(field) == row.at(field))) continue;
    const std::size_t size = BytesOf(row.at(field), field.type);
    if (size <= limit) continue;
    error.fields.push_back(
        {field.name, "too_large", fmt::format("has {} bytes, more than {}", size, limit)});
  }
  if (!error.fields.empty()) return Fail(std::move(error));
  return {};
}

Result<void> RowWriter::CheckQuota(WriteContext& context, const Record& row) {
  // A tenant that is being made has no limits yet.
  if (context.trusted || row.entity->tenant == nullptr || row.entity->table == "tenants") return {};
  const auto tenant = TRY(tenants_.Get(context.transaction, TenantOf(row)));
  const auto limit = RowLimitOf(*tenant, *row.entity);
  if (!limit) return {};
  const std::int64_t count =
      TRY(tenants_.Count(context.transaction, *row.entity, TenantOf(row), *limit));
  if (count < *limit) return {};
  return Fail(OverLimit(fmt::format("the tenant may keep at most {} {}", *limit, row.entity->table),
                        *limit));
}

}  // namespace tenon
