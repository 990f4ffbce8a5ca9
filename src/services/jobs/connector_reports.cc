#include "services/jobs/connector_reports.h"

#include <array>

#include "base/text.h"

namespace tenon::jobs {
namespace {

constexpr std::string_view kReplace =
    "INSERT INTO connector_reports (tenant_id, connector_id, kind, id, at, report) VALUES ($1, $2, "
    "$3, $4, $5, $6) ON CONFLICT (tenant_id, connector_id, kind, id) DO UPDATE SET at = "
    "excluded.at, report = excluded.report";
constexpr std::string_view kAdd =
    "INSERT INTO connector_reports (tenant_id, connector_id, kind, id, at, report) VALUES ($1, $2, "
    "$3, $4, $5, $6) ON CONFLICT (tenant_id, connector_id, kind, id) DO NOTHING";
constexpr std::string_view kTrim =
    "DELETE FROM connector_reports WHERE tenant_id = $1 AND connector_id = $2 AND kind = $3 AND at "
    "< (SELECT at FROM connector_reports WHERE tenant_id = $1 AND connector_id = $2 AND kind = $3 "
    "ORDER BY at DESC LIMIT 1 OFFSET $4)";
constexpr std::string_view kRead =
    "SELECT id, at, report FROM connector_reports WHERE tenant_id = $1 AND connector_id = $2 AND "
    "kind = $3 ORDER BY at DESC, id DESC LIMIT $4";

constexpr std::size_t kMessageMax = 4000;

Scope ScopeOf(const Uuid& tenant) { return {.tenant = tenant, .across_tenants = true}; }

Result<Uuid> IdOf(const std::string& connector) {
  const auto id = Uuid::Parse(connector);
  if (!id) return Fail(Code::kInternal, "a connector's id is no UUID");
  return *id;
}

}  // namespace

Result<> ConnectorReports::Worker(const Uuid& tenant, const std::string& connector,
                                  const std::string& worker, json::object report) {
  const std::array<Value, 6> parameters = {Value(tenant),       Value(TRY(IdOf(connector))),
                                           Value("worker"),     Value(worker),
                                           Value(clock_.Now()), Value::Json(std::move(report))};
  return store_.Write(
      ScopeOf(tenant),
      [&](Transaction& transaction) { return transaction.Queue(kReplace, parameters); },
      Lane::kBulk);
}

Result<> ConnectorReports::Failed(const Uuid& tenant, const std::string& connector,
                                  const std::string& worker, const Error& error) {
  json::object report{{"worker", worker},
                      {"code", Info(error.code).name},
                      {"message", Ellipsis(error.message, kMessageMax)}};
  const Uuid id = TRY(IdOf(connector));
  const std::array<Value, 6> row = {Value(tenant),       Value(id),
                                    Value("error"),      Value(ids_.V7().ToString()),
                                    Value(clock_.Now()), Value::Json(std::move(report))};
  const std::array<Value, 4> trim = {Value(tenant), Value(id), Value("error"),
                                     Value(kErrorsMax - 1)};
  return store_.Write(
      ScopeOf(tenant),
      [&](Transaction& transaction) -> Result<> {
        TRY(transaction.Queue(kAdd, row));
        return transaction.Queue(kTrim, trim);
      },
      Lane::kBulk);
}

Result<> ConnectorReports::Refuse(const Uuid& tenant, const std::string& connector,
                                  const std::vector<Refusal>& refusals) {
  if (refusals.empty()) return {};
  const Uuid id = TRY(IdOf(connector));
  const Time now = clock_.Now();
  const std::array<Value, 4> trim = {Value(tenant), Value(id), Value("reject"),
                                     Value(kRejectsMax - 1)};
  return store_.Write(
      ScopeOf(tenant),
      [&](Transaction& transaction) -> Result<> {
        for (const Refusal& refusal : refusals) {
          const std::array<Value, 6> row = {
              Value(tenant),     Value(id),  Value("reject"),
              Value(refusal.id), Value(now), Value::Json(json::object(refusal.what))};
          TRY(transaction.Queue(kAdd, row));
        }
        return transaction.Queue(kTrim, trim);
      },
      Lane::kBulk);
}

Result<json::array> ConnectorReports::Read(Store& store, const Uuid& tenant,
                                           const std::string& connector, std::string_view kind,
                                           std::int64_t limit) {
  json::array reports;
  const std::array<Value, 4> parameters = {Value(tenant), Value(TRY(IdOf(connector))), Value(kind),
                                           Value(limit)};
  model::Type time;
  time.kind = model::TypeKind::kTime;
  TRY(store.Read(ScopeOf(tenant), [&](Reader& reader) {
    reports.clear();
    return reader.Query(kRead, parameters, [&](const Row& row) -> Result<bool> {
      json::value report = TRY(ParseJson(row.Text(2)));
      if (!report.is_object()) return Fail(Code::kInternal, "a connector's report is no object");
      json::object whole{{"id", row.Text(0)}};
      const Value at = TRY(row.Get(1, time));
      if (const Time* when = at.If<Time>()) whole["at"] = FormatTime(*when);
      for (auto& member : report.as_object()) whole[member.key()] = std::move(member.value());
      reports.push_back(std::move(whole));
      return true;
    });
  }));
  return reports;
}

}  // namespace tenon::jobs
