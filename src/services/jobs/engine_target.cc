#include "services/jobs/engine_target.h"

#include <algorithm>
#include <future>

#include "base/limits.h"

namespace tenon::jobs {
namespace {

using ingest::Write;
using ingest::Written;

Result<const model::Entity*> EntityOf(Engine& engine, const std::string& table) {
  const model::Entity* entity = engine.model().FindTable(table);
  if (entity == nullptr) return Fail(Code::kInvalidField, "there is no table " + table);
  return entity;
}

Command CommandOf(const model::Entity& entity, const Write& write) {
  Command command;
  command.entity = &entity;
  command.id = write.id;
  command.event = write.event;
  command.body = write.body;
  switch (write.op) {
    case Write::Op::kCreate:
    case Write::Op::kUpsert:
      command.op = Command::Op::kCreate;
      command.upsert = write.op == Write::Op::kUpsert;
      break;
    case Write::Op::kUpdate:
      command.op = Command::Op::kUpdate;
      break;
    case Write::Op::kEvent:
      command.op = Command::Op::kEvent;
      break;
    case Write::Op::kDelete:
      command.op = Command::Op::kDelete;
      break;
    case Write::Op::kRestore:
      command.op = Command::Op::kRestore;
      break;
  }
  return command;
}

Written WrittenOf(const Outcome& outcome) {
  if (outcome.status == 201) return {Written::Kind::kCreated, outcome.key};
  if (outcome.status == 204) return {Written::Kind::kDeleted, outcome.key};
  const bool unchanged = outcome.unchanged || outcome.replayed;
  return {unchanged ? Written::Kind::kUnchanged : Written::Kind::kUpdated, outcome.key};
}

}  // namespace

Result<std::vector<Result<Written>>> EngineTarget::Apply(const std::string& table,
                                                         const std::vector<Write>& writes) {
  const model::Entity* entity = TRY(EntityOf(engine_, table));
  std::vector<Result<Written>> written;
  written.reserve(writes.size());
  for (std::size_t at = 0; at < writes.size(); at += limits::kBatchCommandsMax) {
    std::vector<Command> commands;
    const std::size_t end = std::min(at + limits::kBatchCommandsMax, writes.size());
    for (std::size_t i = at; i < end; ++i) commands.push_back(CommandOf(*entity, writes[i]));
    using Results = Result<std::vector<Result<Outcome>>>;
    // Shared: `done` may still be returning from set_value when the waiter wakes and leaves.
    auto promise = std::make_shared<std::promise<Results>>();
    auto future = promise->get_future();
    engine_.ApplyBatch(caller_, std::move(commands), false, {},
                       [promise](Results results) { promise->set_value(std::move(results)); },
                       {.lane = Lane::kBulk});
    for (Result<Outcome>& outcome : TRY(future.get())) {
      if (outcome) {
        written.push_back(WrittenOf(*outcome));
      } else {
        written.push_back(Fail(std::move(outcome).error()));
      }
    }
  }
  return written;
}

Result<json::object> EngineTarget::List(const std::string& table, const std::string& filter,
                                        const std::string& fields, const std::string& page_token) {
  const model::Entity* entity = TRY(EntityOf(engine_, table));
  ListQuery query;
  query.filter = filter;
  query.page_size = limits::kPageSizeMax;
  query.page_token = page_token;
  for (std::size_t start = 0; start < fields.size();) {
    const std::size_t comma = std::min(fields.find(',', start), fields.size());
    query.fields.push_back(fields.substr(start, comma - start));
    start = comma + 1;
  }
  json::value page = TRY(ParseJson(TRY(engine_.List(caller_, *entity, query))));
  return std::move(page.as_object());
}

}  // namespace tenon::jobs
