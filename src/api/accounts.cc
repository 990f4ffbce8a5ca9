#include "api/accounts.h"

#include <future>
#include <memory>
#include <utility>

#include "auth/identity.h"
#include "base/hash.h"
#include "record/sql.h"

namespace tenon {

CreateRows CreateRowsWith(Engine& engine) {
  return [&engine](const Caller& caller, std::vector<NewRow> rows) -> Result<void> {
    std::vector<Command> commands;
    for (NewRow& row : rows) {
      Command command;
      command.op = Command::Op::kCreate;
      command.entity = engine.model().FindTable(row.table);
      if (command.entity == nullptr) {
        return Fail(Code::kInvalidArgument, "the model has no table " + row.table);
      }
      command.body = std::move(row.body);
      command.trusted = true;
      commands.push_back(std::move(command));
    }
    // Shared: the callback may still be returning from set_value when the waiter leaves.
    auto done = std::make_shared<std::promise<Result<void>>>();
    auto future = done->get_future();
    engine.ApplyBatch(caller, std::move(commands), true, {},
                      [done](Result<std::vector<Result<Outcome>>> results) {
                        if (results) return done->set_value({});
                        done->set_value(Fail(std::move(results).error()));
                      });
    return future.get();
  };
}

NoteKeyUse NoteKeyUseWith(Engine& engine) {
  return [&engine](const Caller& caller) {
    const model::Entity* keys = engine.model().FindTable("api_keys");
    if (keys == nullptr || keys->FindEvent("used").empty()) return;
    Command command;
    command.op = Command::Op::kEvent;
    command.entity = keys;
    command.id = caller.key_id.ToString();
    command.event = "used";
    command.trusted = true;
    // Best effort: a full queue or disk loses a time of last use and nothing else.
    engine.Apply(SystemCaller(caller.tenant, caller.tenant_slug), std::move(command), {},
                 [](Result<Outcome>) {}, {.lane = Lane::kBulk});
  };
}

Result<std::string> LoadPositionKey(Store& store, Random& random) {
  const Scope everywhere{.tenant = {}, .across_tenants = true};
  const Value name("position_key");
  std::string hex;
  const auto read = [&](Reader& reader) -> Result<void> {
    SqlBuilder sql(reader.dialect());
    sql << R"(SELECT "value" FROM "engine_meta" WHERE "key" = )";
    sql.Bind(name);
    return reader.Query(sql.text(), sql.parameters(), [&](const Row& row) -> Result<bool> {
      hex = std::string(row.Text(0));
      return false;
    });
  };
  TRY(store.Read(everywhere, read));
  if (hex.empty()) {
    const std::string made = ToHex(random.Bytes(32));
    TRY(store.Write(everywhere, [&](Transaction& transaction) -> Result<void> {
      SqlBuilder sql(transaction.dialect());
      sql << R"(INSERT INTO "engine_meta" ("key", "value") VALUES ()";
      sql.Bind(name) << ", ";
      sql.Bind(Value(made)) << ") ON CONFLICT DO NOTHING";
      TRY(transaction.Execute(sql.text(), sql.parameters()));
      return {};
    }));
    TRY(store.Read(everywhere, read));  // another node may have been first
  }
  auto key = FromHex(hex);
  if (!key || key->size() != 32) {
    return Fail(Code::kInternal, "engine_meta.position_key is not 64 hex digits");
  }
  return std::move(*key);
}

}  // namespace tenon
