#include "services/tenants/erase.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

#include "auth/identity.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/engine_writer.h"
#include "engine/load.h"
#include "log/erase.h"
#include "record/sql.h"

namespace tenon::tenants {
namespace {

constexpr std::size_t kChunk = 100;
const Scope kEverywhere{.tenant = {}, .across_tenants = true};

// What stays: the log itself, and those whom its rows name.
bool Stays(const model::Entity& entity) {
  return entity.table == "audits" || entity.table == "users" || entity.table == "tenants";
}

class Erasure {
 public:
  Erasure(Engine& engine, const Caller& caller, const Uuid& tenant)
      : engine_(engine), caller_(caller), tenant_(tenant), service_(ServiceCaller(tenant, "")) {}

  Result<Erased> Run(const std::string& reason) {
    TRY(CheckTenant());
    TRY(Note(reason));
    TRY(EraseRows());
    TRY(EraseBookkeeping());
    TRY(EraseNames());
    TRY(ErasePayloads());
    return erased_;
  }

 private:
  Result<void> CheckTenant() {
    std::string status;
    const Value id(tenant_);
    TRY(engine_.store().Read(kEverywhere, [&](Reader& reader) {
      return reader.Query("SELECT status FROM tenants WHERE id = $1", std::span(&id, 1),
                          [&](const Row& row) -> Result<bool> {
                            status = row.Text(0);
                            return false;
                          });
    }));
    if (status.empty()) return Fail(Code::kNotFound, "there is no such tenant");
    if (tenant_ == SystemTenantId()) {
      return Fail(Code::kConflict, "the system's own tenant cannot be erased");
    }
    if (status == "DELETED") return {};
    return Fail(Code::kConflict, "close the tenant first: nobody may work in it while it goes");
  }

  // Who asked stands in the log of who asked, before anything goes.
  Result<void> Note(const std::string& reason) {
    LogEntry entry;
    entry.tenant = caller_.user_tenant.IsNil() ? caller_.tenant : caller_.user_tenant;
    entry.entity_type = "AUDIT";
    entry.entity_id = tenant_;
    entry.action = "ERASE";
    entry.user = caller_.user;
    entry.ip_address = caller_.address;
    entry.user_agent = Ellipsis(caller_.user_agent, 500);
    json::object metadata{{"table", "tenants"}, {"tenant", tenant_.ToString()}};
    if (!reason.empty()) metadata["reason"] = Ellipsis(reason, 500);
    entry.metadata = CanonicalJson(metadata);
    return engine_.Write([&](EngineWriter& writer) -> Result<void> {
      LogEntry own = entry;
      own.timestamp = writer.now();
      return engine_.log().Append(writer.transaction(), own);
    });
  }

  Result<std::vector<Record>> Some(const model::Entity& entity) {
    SqlBuilder sql(engine_.store().dialect());
    sql << "SELECT ";
    for (const model::Field& field : entity.fields) {
      if (field.index > 0) sql << ", ";
      sql.Name(field.name);
    }
    (sql << " FROM ").Name(entity.table) << " WHERE ";
    sql.Name(entity.tenant->name) << " = ";
    sql.Bind(Value(tenant_));
    sql << " LIMIT " << std::to_string(kChunk);
    std::vector<Record> rows;
    TRY(engine_.store().Read(kEverywhere, [&](Reader& reader) {
      rows.clear();
      return reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
        rows.push_back(TRY(RecordOf(row, entity)));
        return true;
      });
    }));
    return rows;
  }

  Result<void> Purge(std::span<const Record> rows) {
    return engine_.Write([&](EngineWriter& writer) -> Result<void> {
      for (const Record& row : rows) TRY(writer.Purge(service_, row));
      return {};
    });
  }

  // How many rows of the table went; it may have more that others refer to.
  Result<std::int64_t> EraseTable(const model::Entity& entity) {
    std::int64_t gone = 0;
    for (;;) {
      const std::vector<Record> rows = TRY(Some(entity));
      if (rows.empty()) return gone;
      std::int64_t now = 0;
      if (Purge(rows)) {
        now = static_cast<std::int64_t>(rows.size());
      } else {
        // One that must wait for another keeps no others.
        for (const Record& row : rows) {
          const auto purged = Purge(std::span(&row, 1));
          if (purged) {
            ++now;
          } else if (purged.error().code != Code::kConflict) {
            return std::unexpected(purged.error());
          }
        }
      }
      gone += now;
      if (now == 0) return gone;
    }
  }

  Result<void> EraseRows() {
    // Those that nothing refers to first; then again, until no more go.
    std::set<const model::Entity*> left;
    for (const auto& entity : engine_.model().entities) {
      if (entity->tenant != nullptr && !Stays(*entity)) left.insert(entity.get());
    }
    for (bool progress = true; progress;) {
      progress = false;
      for (auto at = left.begin(); at != left.end();) {
        const std::int64_t gone = TRY(EraseTable(**at));
        erased_.rows += gone;
        progress = progress || gone > 0;
        if (TRY(Some(**at)).empty()) {
          at = left.erase(at);
        } else {
          ++at;
        }
      }
    }
    if (left.empty()) return {};
    return Fail(Code::kConflict, "rows of " + (*left.begin())->table +
                                     " are still referred to; nothing else is left to go first");
  }

  // Global tables that keep something of a tenant: replays, queues, events, lines of jobs.
  Result<void> EraseBookkeeping() {
    for (const auto& entity : engine_.model().entities) {
      const bool chain = entity->table.starts_with("audit_");
      if (!entity->global || chain || entity->FindField("tenant_id") == nullptr) continue;
      const Value id(tenant_);
      TRY(engine_.Write([&](EngineWriter& writer) -> Result<void> {
        TRY(writer.transaction().Execute(
            "DELETE FROM " + QuoteName(entity->table) + " WHERE tenant_id = $1",
            std::span(&id, 1)));
        return {};
      }));
    }
    return {};
  }

  Result<void> EraseNames() {
    std::vector<std::string> users;
    const Value id(tenant_);
    TRY(engine_.store().Read(kEverywhere, [&](Reader& reader) {
      users.clear();
      return reader.Query("SELECT id FROM users WHERE tenant_id = $1", std::span(&id, 1),
                          [&](const Row& row) -> Result<bool> {
                            users.emplace_back(row.Text(0));
                            return true;
                          });
    }));
    const auto update = [&](std::string_view table, const std::string& key, json::object body) {
      Command command;
      command.op = Command::Op::kUpdate;
      command.entity = engine_.model().FindTable(table);
      command.id = key;
      command.trusted = true;
      command.body = std::move(body);
      return command;
    };
    for (const std::string& user : users) {
      TRY(engine_.Write([&](EngineWriter& writer) -> Result<void> {
        const auto done =
            writer.Run(service_, update("users", user,
                                        {{"email", "erased-" + user + "@erased.invalid"},
                                         {"name", "erased"},
                                         {"subject", nullptr},
                                         {"api_key_hash", nullptr}}));
        // A softly deleted user is no row for an update; its columns are emptied all the same.
        if (done || done.error().code != Code::kNotFound) {
          return done ? Result<void>() : std::unexpected(done.error());
        }
        const std::array<Value, 2> parameters = {Value("erased-" + user + "@erased.invalid"),
                                                 Value(Uuid::Parse(user).value_or(Uuid{}))};
        TRY(writer.transaction().Execute(
            "UPDATE users SET email = $1, name = 'erased', subject = NULL, api_key_hash = NULL "
            "WHERE id = $2",
            parameters));
        return {};
      }));
    }
    const std::string key = tenant_.ToString();
    return engine_.Write([&](EngineWriter& writer) -> Result<void> {
      const std::array<Value, 1> parameters = {Value(tenant_)};
      TRY(writer.Run(service_,
                     update("tenants", key, {{"name", "erased"}, {"slug", "erased-" + key}})));
      TRY(writer.transaction().Execute("UPDATE tenants SET config = '{}' WHERE id = $1",
                                       parameters));
      return {};
    });
  }

  Result<void> ErasePayloads() {
    EraseLog query{.tenant = tenant_};
    for (bool more = true; more;) {
      ErasedLog some;
      TRY(engine_.Write([&](EngineWriter& writer) -> Result<void> {
        // All there is: what was written just now too.
        query.before = writer.now() + std::chrono::hours(24);
        some = TRY(tenon::ErasePayloads(writer.transaction(), query, writer.now()));
        return {};
      }));
      erased_.log_rows += some.rows;
      query.after = some.last_seq;
      more = some.more;
    }
    return {};
  }

  Engine& engine_;
  const Caller& caller_;
  const Uuid tenant_;
  const Caller service_;
  Erased erased_;
};

}  // namespace

Result<Erased> EraseTenant(Engine& engine, const Caller& caller, const Uuid& tenant,
                           const std::string& reason) {
  if (!caller.Has(Role::kSystem)) {
    return Fail(Code::kForbidden, "erasing a tenant is for the role system");
  }
  return Erasure(engine, caller, tenant).Run(reason);
}

}  // namespace tenon::tenants
