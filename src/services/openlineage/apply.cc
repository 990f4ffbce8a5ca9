#include "services/openlineage/apply.h"

#include <array>

#include "services/openlineage/names.h"

namespace tenon::openlineage {

void Applier::Say(SaidByName& said, Time time, const std::vector<Facet>& facets) {
  for (const Facet& facet : facets) {
    Said& latest = said[facet.name];
    if (latest.facet == nullptr || latest.time < time ||
        (latest.time == time && latest.facet->digest < facet.digest)) {
      latest = {time, &facet};
    }
  }
}

Applier::Asset& Applier::Mention(const Name& name, bool is_job, Time time) {
  Asset& asset = assets_[QualifiedName(name, is_job)];
  if (asset.name.name.empty()) {
    asset.name = name;
    asset.is_job = is_job;
    asset.latest = time;
  }
  asset.latest = std::max(asset.latest, time);
  return asset;
}

void Applier::CollectLinks(const Event& event, const std::vector<Facet>& facets,
                           const Dataset* dataset) {
  const Facet* facet = Find(facets, "lineage");
  if (facet == nullptr) return;
  for (const Link& link : LinksOf(facet->value, dataset, event.job ? &*event.job : nullptr)) {
    Asset& source = Mention(link.source.name, link.source.is_job, event.time);
    Asset& target = Mention(link.target.name, link.target.is_job, event.time);
    if (source.is_job && !target.is_job) {
      MentionEdge(kProduces, &source, &target, event.time);
    } else if (!source.is_job && target.is_job) {
      MentionEdge(kUses, &target, &source, event.time);
    } else {
      MentionEdge(target.is_job ? kDependsOn : kDerivedFrom, &target, &source, event.time);
    }
  }
}

void Applier::CollectDataset(const Event& event, const Dataset& dataset, Asset* job,
                             std::string_view kind) {
  Asset& asset = Mention(dataset.name, false, event.time);
  Say(asset.said, event.time, dataset.facets);
  // Also what a facet mentions that loses against a later one: whether an asset is there must not
  // depend on which came first.
  if (const Facet* lineage = Find(dataset.facets, "columnLineage")) {
    for (const Feeds& feeds : FeedsOf(lineage->value)) Mention(feeds.input, false, event.time);
  }
  CollectLinks(event, dataset.facets, &dataset);
  if (job != nullptr) MentionEdge(kind, job, &asset, event.time);
}

void Applier::Collect(const Event& event) {
  Asset* job = nullptr;
  if (event.job) {
    job = &Mention(event.job->name, true, event.time);
    Say(job->said, event.time, event.job->facets);
    CollectLinks(event, event.job->facets, nullptr);
  }
  for (const Dataset& input : event.inputs) CollectDataset(event, input, job, kUses);
  for (const Dataset& output : event.outputs) CollectDataset(event, output, job, kProduces);
  if (event.dataset) CollectDataset(event, *event.dataset, nullptr, "");
  if (!event.run) return;
  runs_[event.run->id].events.push_back(&event);
  if (event.run->parent_job && job != nullptr) {
    Asset& parent = Mention(*event.run->parent_job, true, event.time);
    if (&parent != job) MentionEdge(kContains, &parent, job, event.time);
  }
}

Result<void> Applier::Keep(const Event& event) {
  const std::array<Value, 7> parameters = {
      Value(caller_.tenant),
      Value(event.digest),
      Value(event.time),
      event.state == RunState::kNone ? Value() : Value(NameOf(event.state)),
      event.run ? Value(event.run->id) : Value(),
      Value(event.canonical),
      Value(writer_.now())};
  return writer_.transaction().Queue(
      "INSERT INTO lineage_events (tenant_id, digest, event_time, event_type, run_id, event, "
      "created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant_id, event_time, digest) "
      "DO NOTHING",
      parameters);
}

Result<void> Applier::Apply(std::span<const Event* const> events) {
  for (const Event* event : events) Collect(*event);
  for (auto& [qualified_name, asset] : assets_) TRY(StoreAsset(asset));
  for (const auto& [run_id, run] : runs_) TRY(StoreRun(run_id, run));
  for (const Event* event : events) {
    // Without a run: the job as it is meant to be, all of it.
    if (event->run || !event->job || (event->inputs.empty() && event->outputs.empty())) continue;
    OfferComplete(Mention(event->job->name, true, event->time), event->time, "~", {});
  }
  for (const auto& [edge, time] : edges_) TRY(StoreMention(edge, time));
  for (auto& [qualified_name, asset] : assets_) {
    if (asset.id.IsNil()) continue;
    TRY(StoreColumns(asset));
    TRY(StoreTags(asset));
    TRY(StoreFeeds(asset));
    TRY(StoreJobEdges(asset));
    TRY(asset.marks.Save(writer_.transaction(), caller_.tenant, asset.id, writer_.now()));
  }
  for (const Event* event : events) TRY(Keep(*event));
  return {};
}

Result<Outcome> Applier::Create(const model::Entity& entity, json::object body) {
  Command command;
  command.entity = &entity;
  command.body = std::move(body);
  return writer_.Run(caller_, command);
}

Result<void> Applier::Update(const model::Entity& entity, const std::string& id,
                             json::object patch) {
  if (patch.empty()) return {};
  Command command;
  command.op = Command::Op::kUpdate;
  command.entity = &entity;
  command.id = id;
  command.body = std::move(patch);
  TRY(writer_.Run(caller_, command));
  return {};
}

Result<void> Applier::Delete(const model::Entity& entity, const std::string& id) {
  Command command;
  command.op = Command::Op::kDelete;
  command.entity = &entity;
  command.id = id;
  TRY(writer_.Run(caller_, command));
  return {};
}

Result<json::object> Applier::Document(std::string_view sql, std::span<const Value> parameters) {
  std::string text;
  TRY(writer_.transaction().Query(sql, parameters, [&](const Row& row) -> Result<bool> {
    if (!row.IsNull(0)) text = row.Text(0);
    return false;
  }));
  if (text.empty()) return json::object();
  json::value value = TRY(ParseJson(text));
  return value.is_object() ? std::move(value.get_object()) : json::object();
}

}  // namespace tenon::openlineage
