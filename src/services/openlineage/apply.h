// Events of one caller become rows, inside one transaction.
//
// What is written depends on the set of events that were ever applied, not on their order: assets
// are only added by mention; each facet is the latest one by eventTime; a run's state is that of
// its latest event that has one; a job reads and writes what its last complete run did, and what
// was said since (edges.cc). Several events of one call are merged first, so that a hundred runs of
// a job read its row once.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/engine_writer.h"
#include "services/openlineage/bindings.h"
#include "services/openlineage/event.h"
#include "services/openlineage/marks.h"

namespace tenon::openlineage {

// Lives for one run of a transaction's work.
class Applier {
 public:
  Applier(const Bindings& bindings, EngineWriter& writer, const Caller& caller)
      : bindings_(bindings), writer_(writer), caller_(caller) {}

  Result<void> Apply(std::span<const Event* const> events);

 private:
  // A dataset that a job USES or PRODUCES, by qualified name.
  struct JobEdge {
    std::string_view kind;
    std::string dataset;
    auto operator<=>(const JobEdge&) const = default;
  };
  // The latest of what the events say of one facet.
  struct Said {
    Time time{};
    const Facet* facet = nullptr;
  };
  using SaidByName = std::map<std::string, Said, std::less<>>;

  struct Asset {
    Name name;
    bool is_job = false;
    Time latest{};
    SaidByName said;
    Uuid id;  // nil: deleted since, and to be left alone
    Marks marks;
    const Facet* new_schema = nullptr;  // facets that won and differ from what was there
    const Facet* new_lineage = nullptr;
    bool schema_gone = false, lineage_gone = false;
    const Facet* new_tags = nullptr;
    // Of a job: what its last complete run reads and writes, when these events moved that.
    bool complete_moved = false;
    std::set<JobEdge> complete;
  };
  struct RunEvents {
    std::vector<const Event*> events;
  };
  struct Edge {
    std::string_view kind;
    Asset* from = nullptr;
    Asset* to = nullptr;
    auto operator<=>(const Edge&) const = default;
  };

  // apply.cc: what the events mention.
  void Collect(const Event& event);
  void CollectDataset(const Event& event, const Dataset& dataset, Asset* job,
                      std::string_view kind);
  void CollectLinks(const Event& event, const std::vector<Facet>& facets, const Dataset* dataset);
  Asset& Mention(const Name& name, bool is_job, Time time);
  static void Say(SaidByName& said, Time time, const std::vector<Facet>& facets);
  Result<void> Keep(const Event& event);

  // assets.cc
  Result<void> StoreAsset(Asset& asset);
  Result<void> FindAsset(Asset& asset, bool& deleted, Time& deleted_at);
  // Whether the stored facets change, with what changed noted in `asset`.
  bool Weigh(Asset& asset);
  Result<void> CreateAsset(Asset& asset);
  Result<void> UpdateAsset(Asset& asset);
  Result<void> StoreColumns(const Asset& asset);

  // tags.cc
  Result<void> StoreTags(const Asset& asset);
  Result<Uuid> TagOf(const std::string& name, bool make);

  // edges.cc
  void MentionEdge(std::string_view kind, Asset* from, Asset* to, Time time);
  // A run that was complete at that time, or an event that says at once what a job reads and
  // writes.
  void OfferComplete(Asset& job, Time time, const std::string& by, std::set<JobEdge> edges);
  Result<void> StoreMention(const Edge& edge, Time time);
  Result<void> StoreJobEdges(Asset& job);
  Result<void> CompareJobEdges(const Asset& job);
  Result<void> CreateEdge(std::string_view kind, const Uuid& from, const Uuid& to);
  // Nil: there is none, or it was deleted.
  Result<Uuid> LiveAsset(const std::string& qualified_name);
  // Whether it had to be made.
  Result<bool> StoreEdge(const Edge& edge);
  Result<void> StoreFeeds(const Asset& asset);

  // runs.cc
  Result<void> StoreRun(const Uuid& run_id, const RunEvents& events);
  void OfferRun(const Uuid& run_id, const RunEvents& events, const Marks& marks,
                const json::object& document);

  Result<Outcome> Create(const model::Entity& entity, json::object body);
  Result<void> Update(const model::Entity& entity, const std::string& id, json::object patch);
  Result<void> Delete(const model::Entity& entity, const std::string& id);
  // A document in a column of one row; an empty object when there is none.
  Result<json::object> Document(std::string_view sql, std::span<const Value> parameters);

  const Bindings& bindings_;
  EngineWriter& writer_;
  const Caller& caller_;
  // By qualified name, so that rows are always touched in the same order.
  std::map<std::string, Asset> assets_;
  std::map<Edge, Time> edges_;  // when they were last mentioned
  std::map<Uuid, RunEvents> runs_;
};

}  // namespace tenon::openlineage
