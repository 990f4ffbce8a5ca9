// Rows of one snapshot as Marquez prints them; private to the marquez_*.cc files.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/permit.h"
#include "services/openlineage/marquez.h"
#include "store/store.h"

namespace tenon::openlineage {

// An asset that came in as OpenLineage.
struct NodeRow {
  std::string id;
  bool is_job = false;
  Name name;
  std::string description;
  std::string created_at, updated_at;  // as Marquez prints times
  json::object facets;

  [[nodiscard]] std::string NodeId() const {
    return (is_job ? "job:" : "dataset:") + name.space + ":" + name.name;
  }
  [[nodiscard]] json::object Id() const { return {{"namespace", name.space}, {"name", name.name}}; }
};

struct Marquez::Snapshot {
  Reader& reader;
  const Caller& caller;
  const Bindings& bindings;

  // The text at metadata.openlineage.MEMBER in SQL.
  [[nodiscard]] std::string Known(std::string_view member) const;
  // Reads assets: `where` may use $2.. for `parameters` ($1 is the tenant).
  Result<std::vector<NodeRow>> Nodes(const std::string& where, std::vector<Value> parameters,
                                     const std::string& tail = "");
  Result<std::int64_t> Count(const std::string& table, const std::string& where,
                             std::vector<Value> parameters);
  // kNotFound when there is none.
  Result<NodeRow> Node(const Name& name, bool is_job);
  // "job:NS:NAME" or "dataset:NS:NAME": colons may stand in both, so every place is tried.
  Result<NodeRow> NodeById(const std::string& node);

  // Other ends of relationships of a kind, sorted by name.
  Result<std::vector<NodeRow>> Ends(const NodeRow& node, std::string_view kind, bool outgoing);

  Result<json::object> JobOf(const NodeRow& node);
  Result<json::object> DatasetOf(const NodeRow& node);
  Result<json::array> FieldsOf(const NodeRow& node);
  // The latest first. $2.. are parameters of `where`.
  Result<std::vector<json::object>> Runs(const std::string& where, std::vector<Value> parameters,
                                         const std::string& tail);
  Result<std::vector<json::object>> RunsOf(const Name& job, MarquezPage page);
};

template <typename Work>
auto Marquez::Read(const Caller& caller, Work work) -> decltype(work(std::declval<Snapshot&>())) {
  TRY(Permit(caller, *bindings_.assets, "read"));
  TRY(Permit(caller, *bindings_.runs, "read"));
  if (caller.across_tenants) {
    return Fail(Code::kInvalidArgument, "name one tenant: this API knows no others");
  }
  decltype(work(std::declval<Snapshot&>())) answer;
  const Scope scope{.tenant = caller.tenant};
  TRY(engine_.store().Read(scope, [&](Reader& reader) -> Result<void> {
    Snapshot snapshot{reader, caller, bindings_};
    answer = work(snapshot);
    if (!answer) return std::unexpected(answer.error());
    return {};
  }));
  return answer;
}

}  // namespace tenon::openlineage
