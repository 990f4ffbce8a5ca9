// Relationships: what a job reads, writes and contains, and which columns feed which.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>

#include "base/hash.h"
#include "services/openlineage/apply.h"
#include "services/openlineage/names.h"

namespace tenon::openlineage {
namespace {

json::array ColumnsAsJson(const std::vector<ColumnFeed>& feeds) {
  json::array columns;
  for (const ColumnFeed& feed : feeds) {
    json::object column{{"source", feed.source}, {"target", feed.target}};
    if (!feed.type.empty()) column["type"] = feed.type;
    if (!feed.transformation.empty()) column["transformation"] = feed.transformation;
    columns.push_back(std::move(column));
  }
  return columns;
}

// Marks of a job: its last complete run, a digest of the edges as they were left, and of each edge
// when it was last mentioned, as long as that is not older than the complete run.
constexpr std::string_view kComplete =
    "\x03"
    "complete";
constexpr std::string_view kEdges =
    "\x03"
    "edges";
constexpr std::string_view kMention = "\x04";

std::string DigestOf(std::string_view text) { return ToHex(Sha256(text)).substr(0, 16); }

std::string MentionMark(std::string_view kind, std::string_view dataset) {
  return fmt::format("{}{} {}", kMention, kind, DigestOf(dataset));
}

bool IsOfJob(std::string_view kind) { return kind == kUses || kind == kProduces; }

}  // namespace

// A job's USES and PRODUCES are
//   - those of its last complete run: of all its events, whenever they came;
//   - and what any event mentioned at the time of that run's end or later: a run under way.
// "Last" is by the time of the COMPLETE event, then by the run's id, so the order in which events
// come in does not matter; nor does what is mentioned earlier by other runs, before or after.

void Applier::MentionEdge(std::string_view kind, Asset* from, Asset* to, Time time) {
  const auto [at, fresh] = edges_.try_emplace({kind, from, to}, time);
  if (!fresh) at->second = std::max(at->second, time);
}

void Applier::OfferComplete(Asset& job, Time time, const std::string& by, std::set<JobEdge> edges) {
  if (job.id.IsNil()) return;
  const Mark* last = job.marks.Find(kComplete);
  const bool same_run = last != nullptr && last->digest == by;
  if (job.marks.Offer(std::string(kComplete), {time, by}) == Marks::Outcome::kLost && !same_run) {
    return;
  }
  // Also when it is the run that counted before: it may have named more datasets since.
  job.complete_moved = true;
  job.complete = std::move(edges);
}

Result<void> Applier::StoreMention(const Edge& edge, Time time) {
  if (edge.from->id.IsNil() || edge.to->id.IsNil()) return {};
  const bool of_job = IsOfJob(edge.kind);
  Marks& marks = edge.from->marks;
  if (of_job) {
    // Of the last complete run StoreJobEdges makes it; of any other it was out of date when it
    // came.
    const Mark* complete = marks.Find(kComplete);
    if (complete != nullptr && time < complete->time) return {};
    marks.Offer(MentionMark(edge.kind, QualifiedName(edge.to->name, false)), {time, ""});
  }
  const bool made = TRY(StoreEdge(edge));
  if (made && of_job) marks.Set(std::string(kEdges), {});  // to be compared again
  return {};
}

Result<void> Applier::StoreJobEdges(Asset& job) {
  if (!job.complete_moved) return {};
  const Time time = job.marks.Find(kComplete)->time;
  job.marks.Drop([&](std::string_view name, const Mark& mark) {
    return name.starts_with(kMention) && mark.time < time;
  });
  std::string wanted;
  for (const JobEdge& edge : job.complete) {
    fmt::format_to(std::back_inserter(wanted), "{} {}\n", edge.kind, edge.dataset);
  }
  for (const auto& [name, mark] : job.marks.all()) {
    if (name.starts_with(kMention)) wanted += name;
  }
  // Most runs of a job read and write what the one before did.
  if (job.marks.Set(std::string(kEdges), {Time{}, DigestOf(wanted)})) TRY(CompareJobEdges(job));
  return {};
}

Result<void> Applier::CompareJobEdges(const Asset& job) {
  const std::array<Value, 4> parameters = {Value(caller_.tenant), Value(job.id), Value(kUses),
                                           Value(kProduces)};
  std::set<JobEdge> present;
  std::vector<std::string> gone;
  TRY(writer_.transaction().Query(
      "SELECT r.id, r.type, a.qualified_name, r.metadata FROM relationships r JOIN assets a ON "
      "a.id = r.target_asset_id AND a.tenant_id = r.tenant_id WHERE r.tenant_id = $1 AND "
      "r.source_asset_id = $2 AND r.type IN ($3, $4)",
      parameters, [&](const Row& row) -> Result<bool> {
        const JobEdge edge{row.Text(1) == kUses ? kUses : kProduces, std::string(row.Text(2))};
        present.insert(edge);
        if (job.complete.contains(edge)) return true;
        if (job.marks.Find(MentionMark(edge.kind, edge.dataset)) != nullptr) return true;
        const json::value metadata = TRY(ParseJson(row.Text(3)));
        const json::value* by =
            metadata.is_object() ? metadata.get_object().if_contains("source") : nullptr;
        // What somebody else says of the job stays.
        if (by == nullptr || !by->is_string() || by->get_string() != kSource) return true;
        gone.emplace_back(row.Text(0));
        return true;
      }));
  for (const std::string& id : gone) TRY(Delete(*bindings_.relationships, id));
  for (const JobEdge& edge : job.complete) {
    if (present.contains(edge)) continue;
    const Uuid dataset = TRY(LiveAsset(edge.dataset));
    if (!dataset.IsNil()) TRY(CreateEdge(edge.kind, job.id, dataset));
  }
  return {};
}

Result<Uuid> Applier::LiveAsset(const std::string& qualified_name) {
  const std::array<Value, 2> parameters = {Value(caller_.tenant), Value(qualified_name)};
  Uuid found;
  TRY(writer_.transaction().Query(
      "SELECT id FROM assets WHERE tenant_id = $1 AND qualified_name = $2 AND deleted_at IS NULL",
      parameters, [&](const Row& row) -> Result<bool> {
        found = Uuid::Parse(row.Text(0)).value_or(Uuid{});
        return false;
      }));
  return found;
}

Result<void> Applier::CreateEdge(std::string_view kind, const Uuid& from, const Uuid& to) {
  TRY(Create(*bindings_.relationships, {{"source_asset_id", from.ToString()},
                                        {"target_asset_id", to.ToString()},
                                        {"type", kind},
                                        {"metadata", json::object{{"source", kSource}}}}));
  return {};
}

Result<bool> Applier::StoreEdge(const Edge& edge) {
  const std::array<Value, 4> parameters = {Value(caller_.tenant), Value(edge.from->id),
                                           Value(edge.to->id), Value(edge.kind)};
  bool there = false;
  TRY(writer_.transaction().Query(
      "SELECT id FROM relationships WHERE tenant_id = $1 AND source_asset_id = $2 AND "
      "target_asset_id = $3 AND type = $4",
      parameters, [&](const Row&) -> Result<bool> {
        there = true;
        return false;
      }));
  if (!there) TRY(CreateEdge(edge.kind, edge.from->id, edge.to->id));
  return !there;
}

Result<void> Applier::StoreFeeds(const Asset& asset) {
  if (asset.new_lineage == nullptr) return {};
  struct Present {
    std::string id;
    json::object metadata;
  };
  std::map<Uuid, Present> present;
  const std::array<Value, 3> parameters = {Value(caller_.tenant), Value(asset.id), Value(kFeeds)};
  TRY(writer_.transaction().Query(
      "SELECT id, source_asset_id, metadata FROM relationships WHERE tenant_id = $1 AND "
      "target_asset_id = $2 AND type = $3",
      parameters, [&](const Row& row) -> Result<bool> {
        json::value metadata = TRY(ParseJson(row.Text(2)));
        present[Uuid::Parse(row.Text(1)).value_or(Uuid{})] = {
            std::string(row.Text(0)),
            metadata.is_object() ? std::move(metadata.get_object()) : json::object()};
        return true;
      }));
  std::vector<Feeds> wanted;
  if (!asset.lineage_gone) wanted = FeedsOf(asset.new_lineage->value);
  for (const Feeds& feeds : wanted) {
    const auto input = assets_.find(QualifiedName(feeds.input, false));
    if (input == assets_.end() || input->second.id.IsNil()) continue;
    json::object metadata{{"source", kSource}, {"columns", ColumnsAsJson(feeds.columns)}};
    const auto found = present.find(input->second.id);
    if (found == present.end()) {
      TRY(Create(*bindings_.relationships, {{"source_asset_id", input->second.id.ToString()},
                                            {"target_asset_id", asset.id.ToString()},
                                            {"type", kFeeds},
                                            {"metadata", std::move(metadata)}}));
      continue;
    }
    // Only what is ours: others may keep notes on the edge.
    json::object patch;
    for (const auto& member : metadata) {
      const json::value* old = found->second.metadata.if_contains(member.key());
      if (old == nullptr || *old != member.value()) patch[member.key()] = member.value();
    }
    if (!patch.empty()) {
      TRY(Update(*bindings_.relationships, found->second.id, {{"metadata", std::move(patch)}}));
    }
    present.erase(found);
  }
  for (const auto& [source, row] : present) {
    const json::value* by = row.metadata.if_contains("source");
    if (by == nullptr || !by->is_string() || by->get_string() != kSource) continue;
    TRY(Delete(*bindings_.relationships, row.id));
  }
  return {};
}

}  // namespace tenon::openlineage
