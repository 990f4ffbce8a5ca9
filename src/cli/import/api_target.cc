#include "cli/import/api_target.h"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "base/json_text.h"
#include "base/limits.h"

namespace tenon::cli {
namespace {

using ingest::Write;
using ingest::Written;

bool IsRow(const Write& write) {
  return write.op == Write::Op::kCreate || write.op == Write::Op::kUpsert;
}

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

Result<Written> WrittenOf(const json::value& item, const Write& write) {
  if (!item.is_object()) return Fail(Code::kInternal, "the server answered with no object");
  const json::object& row = item.get_object();
  if (IsProblem(row)) return Fail(ProblemError(row));
  if (write.op == Write::Op::kDelete) return Written{Written::Kind::kDeleted, write.id};
  if (!IsRow(write)) return Written{Written::Kind::kUpdated, write.id};
  const std::string result = TextOf(row, "result");
  const auto kind = result == "created"     ? Written::Kind::kCreated
                    : result == "unchanged" ? Written::Kind::kUnchanged
                                            : Written::Kind::kUpdated;
  return Written{kind, TextOf(row, "key")};
}

}  // namespace

Result<json::array> ApiTarget::Post(const cli::Target& target, json::object body,
                                    std::size_t count) {
  http::Headers headers;
  if (!job_.empty()) headers.Set("Tenon-Job", job_);
  headers.Set("Idempotency-Key", api_.NewKey());
  const std::string text = JsonText(body);
  json::value answer = TRY(api_.Call("POST", target, std::string_view(text), headers));
  json::value* list = answer.is_object() ? answer.as_object().if_contains("items") : nullptr;
  if (list == nullptr || !list->is_array() || list->get_array().size() != count) {
    return Fail(Code::kInternal, "the server's answer to a batch has other rows");
  }
  return std::move(list->get_array());
}

Result<json::array> ApiTarget::Rows(const std::string& table, const std::vector<Write>& writes,
                                    std::size_t begin, std::size_t end) {
  json::array items;
  for (std::size_t i = begin; i < end; ++i) items.push_back(writes[i].body);
  cli::Target target("/v1");
  target.Segment(table).Text(":batch");
  return Post(target,
              {{"items", std::move(items)},
               {"atomic", false},
               {"upsert", writes[begin].op == Write::Op::kUpsert},
               {"lane", "bulk"},
               {"answer", "keys"}},
              end - begin);
}

Result<json::array> ApiTarget::Commands(const std::string& table, const std::vector<Write>& writes,
                                        std::size_t begin, std::size_t end) {
  json::array commands;
  for (std::size_t i = begin; i < end; ++i) {
    json::object command{{"entity", table}, {"id", writes[i].id}};
    command["op"] = writes[i].op == Write::Op::kDelete    ? "delete"
                    : writes[i].op == Write::Op::kRestore ? "restore"
                    : writes[i].op == Write::Op::kUpdate  ? "update"
                                                          : "event";
    if (writes[i].op == Write::Op::kEvent) command["event"] = writes[i].event;
    if (!writes[i].body.empty()) command["body"] = writes[i].body;
    commands.push_back(std::move(command));
  }
  return Post(cli::Target("/v1/batch"),
              {{"commands", std::move(commands)}, {"atomic", false}, {"lane", "bulk"}},
              end - begin);
}

Result<std::vector<Result<Written>>> ApiTarget::Apply(const std::string& table,
                                                      const std::vector<Write>& writes) {
  std::vector<Result<Written>> written;
  written.reserve(writes.size());
  // Runs of one op, each in requests of a size that the server takes.
  for (std::size_t begin = 0; begin < writes.size();) {
    std::size_t end = begin + 1;
    while (end < writes.size() && end - begin < limits::kBatchCommandsMax &&
           writes[end].op == writes[begin].op) {
      ++end;
    }
    const json::array items = IsRow(writes[begin]) ? TRY(Rows(table, writes, begin, end))
                                                   : TRY(Commands(table, writes, begin, end));
    for (std::size_t i = begin; i < end; ++i) {
      written.push_back(WrittenOf(items[i - begin], writes[i]));
    }
    begin = end;
  }
  return written;
}

Result<json::object> ApiTarget::List(const std::string& table, const std::string& filter,
                                     const std::string& fields, const std::string& page_token) {
  cli::Target target("/v1");
  target.Segment(table).Add("filter", filter).Add("fields", fields);
  target.Add("page_size", std::to_string(limits::kPageSizeMax)).AddIf("page_token", page_token);
  json::value page = TRY(api_.Call("GET", target));
  if (!page.is_object() || !page.as_object().contains("items")) {
    return Fail(Code::kInternal, "the server's page has no items");
  }
  return std::move(page.as_object());
}

}  // namespace tenon::cli
