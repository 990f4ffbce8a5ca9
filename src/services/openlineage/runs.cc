// Runs as workflow_executions. What is written is reckoned from marks, never from what the row
// happens to say: the earliest start, the latest state, the latest facets.
#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/text.h"
#include "services/openlineage/apply.h"
#include "services/openlineage/names.h"

namespace tenon::openlineage {
namespace {

constexpr std::size_t kWorkflowTypeMax = 100;
constexpr std::size_t kErrorBytesMax = 10000;

// Names of marks that are no facets hold a character that no facet's name begins with.
constexpr std::string_view kState = "\x01state";
constexpr std::string_view kStart = "\x01start";
constexpr std::string_view kFirst =
    "\x01"
    "first";
constexpr std::string_view kJob = "\x01job";
constexpr std::string_view kProducer = "\x01producer";
// With the digest of a job: the last time that the run was complete as that job's.
constexpr std::string_view kComplete =
    "\x01"
    "complete ";

// Of two states of one instant the later one in a run's life counts.
int RankOf(RunState state) {
  switch (state) {
    case RunState::kStart:
      return 1;
    case RunState::kRunning:
      return 2;
    case RunState::kComplete:
      return 3;
    case RunState::kAbort:
      return 4;
    case RunState::kFail:
      return 5;
    case RunState::kNone:
    case RunState::kOther:
      break;
  }
  return 0;
}

std::string_view StateOfRow(std::string_view said) {
  if (said == "COMPLETE") return "COMPLETED";
  if (said == "FAIL" || said == "ABORT") return "FAILED";
  return said.empty() ? "PENDING" : "PROCESSING";
}

// A row as it is, or as it should be.
struct RunRow {
  std::string id;
  std::string type, state, error;
  std::optional<Time> started, completed;
  json::object metadata;
};

std::string Digest(const std::string& text) { return ToHex(Sha256(text)).substr(0, 16); }

// One entry of openlineage.inputs or .outputs; made when it is not there yet.
json::object& EntryOf(json::array& entries, const Name& name) {
  for (json::value& entry : entries) {
    if (!entry.is_object()) continue;
    const json::value* space = entry.get_object().if_contains("namespace");
    const json::value* own = entry.get_object().if_contains("name");
    if (space != nullptr && own != nullptr && space->get_string() == name.space &&
        own->get_string() == name.name) {
      return entry.get_object();
    }
  }
  entries.push_back(json::object{{"namespace", name.space}, {"name", name.name}});
  return entries.back().get_object();
}

json::array ArrayIn(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_array() ? value->get_array() : json::array();
}

// Sorted, so that the order of arrival does not show.
void SortEntries(json::array& entries) {
  const auto text = [](const json::value& entry, std::string_view member) {
    return std::string_view(entry.get_object().at(member).get_string());
  };
  std::vector<json::value> sorted(entries.begin(), entries.end());
  std::ranges::sort(sorted, [&](const json::value& a, const json::value& b) {
    return std::pair(text(a, "namespace"), text(a, "name")) <
           std::pair(text(b, "namespace"), text(b, "name"));
  });
  entries = json::array(sorted.begin(), sorted.end());
}

// The facets that win, into `facets`.
void TakeFacets(const std::vector<Facet>& from, Time time, const std::string& prefix, Marks& marks,
                json::object& facets) {
  for (const Facet& facet : from) {
    const auto outcome =
        marks.Offer(prefix + facet.name, {time, facet.deleted ? "-" : facet.digest});
    if (outcome != Marks::Outcome::kNew) continue;
    if (facet.deleted) {
      facets.erase(facet.name);
    } else {
      facets[facet.name] = facet.value;
    }
  }
}

void TakeDatasets(const std::vector<Dataset>& datasets, std::string_view member, Time time,
                  Marks& marks, json::object& document) {
  if (datasets.empty()) return;
  json::array entries = ArrayIn(document, member);
  for (const Dataset& dataset : datasets) {
    json::object& entry = EntryOf(entries, dataset.name);
    if (dataset.run_facets.empty()) continue;
    json::object facets = ObjectIn(entry, "facets");
    const std::string prefix =
        "\x02" + std::string(member) + Digest(dataset.name.space + '\n' + dataset.name.name) + ' ';
    TakeFacets(dataset.run_facets, time, prefix, marks, facets);
    if (!facets.empty()) entry["facets"] = std::move(facets);
  }
  SortEntries(entries);
  document[member] = std::move(entries);
}

std::string CompleteMark(const Name& job) {
  return std::string(kComplete) + Digest(job.space + '\n' + job.name);
}

// What a lineage facet says that the event's own job reads or writes.
void TakeLinks(const Event& event, const std::vector<Facet>& facets, const Dataset* dataset,
               Marks& marks, json::object& document) {
  const Facet* facet = Find(facets, "lineage");
  if (facet == nullptr) return;
  const LinkEnd own{event.job->name, true};
  for (const Link& link : LinksOf(facet->value, dataset, &*event.job)) {
    if (link.target == own && !link.source.is_job) {
      TakeDatasets({{link.source.name, {}, {}}}, "inputs", event.time, marks, document);
    } else if (link.source == own && !link.target.is_job) {
      TakeDatasets({{link.target.name, {}, {}}}, "outputs", event.time, marks, document);
    }
  }
}

void TakeEvent(const Event& event, Marks& marks, json::object& document) {
  if (event.state == RunState::kComplete) {
    marks.Offer(CompleteMark(event.job->name), {event.time, ""});
  }
  if (const int rank = RankOf(event.state); rank > 0) {
    marks.Offer(std::string(kState),
                {event.time, std::to_string(rank) + std::string(NameOf(event.state))});
  }
  if (event.state == RunState::kStart) marks.OfferEarlier(std::string(kStart), event.time);
  marks.OfferEarlier(std::string(kFirst), event.time);
  const std::string job = event.job->name.space + '\n' + event.job->name.name;
  if (marks.Offer(std::string(kJob), {event.time, Digest(job)}) == Marks::Outcome::kNew) {
    document["job"] =
        json::object{{"namespace", event.job->name.space}, {"name", event.job->name.name}};
  }
  if (marks.Offer(std::string(kProducer), {event.time, Digest(event.producer)}) ==
      Marks::Outcome::kNew) {
    document["producer"] = event.producer;
  }
  document["run_id"] = event.run->text_id;
  json::object facets = ObjectIn(document, "facets");
  TakeFacets(event.run->facets, event.time, "", marks, facets);
  document["facets"] = std::move(facets);
  TakeDatasets(event.inputs, "inputs", event.time, marks, document);
  TakeDatasets(event.outputs, "outputs", event.time, marks, document);
  TakeLinks(event, event.job->facets, nullptr, marks, document);
  for (const auto* side : {&event.inputs, &event.outputs}) {
    for (const Dataset& dataset : *side) {
      TakeLinks(event, dataset.facets, &dataset, marks, document);
    }
  }
}

std::string ErrorOf(std::string_view said, const json::object& document) {
  const json::object& facet = ObjectIn(ObjectIn(document, "facets"), "errorMessage");
  const json::value* message = facet.if_contains("message");
  if (message != nullptr && message->is_string()) {
    return Ellipsis(std::string_view(message->get_string()), kErrorBytesMax);
  }
  return said == "ABORT" ? "aborted" : "failed; the client gave no reason";
}

std::string TextIn(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

json::value TimeValue(const std::optional<Time>& time) {
  return time ? json::value(FormatTime(*time)) : json::value();
}

Result<RunRow> LoadRun(Reader& reader, const model::Entity& entity, const Uuid& tenant,
                       const Uuid& run_id) {
  RunRow row;
  const std::array<Value, 2> parameters = {Value(tenant), Value(run_id)};
  const model::Type time = entity.FindField("started_at")->type;
  const auto read_time = [&](const Row& from, int column) -> Result<std::optional<Time>> {
    if (from.IsNull(column)) return std::optional<Time>();
    return std::optional(TRY(from.Get(column, time)).As<Time>());
  };
  TRY(reader.Query(
      "SELECT id, workflow_type, current_state, started_at, completed_at, error_message, metadata "
      "FROM workflow_executions WHERE tenant_id = $1 AND correlation_id = $2",
      parameters, [&](const Row& from) -> Result<bool> {
        row.id = from.Text(0);
        row.type = from.Text(1);
        row.state = from.Text(2);
        row.started = TRY(read_time(from, 3));
        row.completed = TRY(read_time(from, 4));
        if (!from.IsNull(5)) row.error = from.Text(5);
        json::value metadata = TRY(ParseJson(from.Text(6)));
        if (metadata.is_object()) row.metadata = std::move(metadata.get_object());
        return false;
      }));
  return row;
}

// What the row should say, by the marks and the document that was made with them.
RunRow Reckon(const RunRow& present, const Marks& marks, json::object document) {
  RunRow row;
  row.id = present.id;
  const Mark* state = marks.Find(kState);
  const std::string said = state == nullptr ? "" : state->digest.substr(1);
  row.state = StateOfRow(said);
  if (!said.empty()) document["state"] = said;
  const Mark* start = marks.Find(kStart);
  row.started = (start != nullptr ? start : marks.Find(kFirst))->time;
  if (row.state == "COMPLETED" || row.state == "FAILED") row.completed = state->time;
  if (row.state == "FAILED") row.error = ErrorOf(said, document);
  const json::value* job = ObjectIn(document, "job").if_contains("name");
  row.type = Shortened(job != nullptr ? std::string(job->get_string()) : "job", kWorkflowTypeMax);
  row.metadata = present.metadata;
  row.metadata["openlineage"] = std::move(document);
  return row;
}

json::object ReportOf(const RunRow& row) {
  return {{"state", row.state},
          {"started_at", TimeValue(row.started)},
          {"completed_at", TimeValue(row.completed)},
          {"error_message", row.error.empty() ? json::value() : json::value(row.error)},
          {"metadata", row.metadata}};
}

json::object CreationOf(const Uuid& run_id, const RunRow& row) {
  json::object body{{"correlation_id", run_id.ToString()},
                    {"workflow_type", row.type},
                    {"current_state", row.state},
                    {"started_at", TimeValue(row.started)},
                    {"metadata", row.metadata}};
  if (row.completed) {
    body["completed_at"] = TimeValue(row.completed);
    // Whole milliseconds, and none when clocks disagree: as the lifecycle reckons it.
    body["execution_time_ms"] = std::max<std::int64_t>(
        0, std::chrono::duration_cast<std::chrono::milliseconds>(*row.completed - *row.started)
               .count());
  }
  if (!row.error.empty()) body["error_message"] = row.error;
  return body;
}

}  // namespace

Result<void> Applier::StoreRun(const Uuid& run_id, const RunEvents& events) {
  const model::Entity& entity = *bindings_.runs;
  RunRow present = TRY(LoadRun(writer_.transaction(), entity, caller_.tenant, run_id));
  Marks marks;
  if (!present.id.empty()) {
    marks = TRY(Marks::Load(writer_.transaction(), caller_.tenant,
                            Uuid::Parse(present.id).value_or(Uuid{})));
  }
  json::object document = ObjectIn(present.metadata, "openlineage");
  for (const Event* event : events.events) TakeEvent(*event, marks, document);
  const RunRow wanted = Reckon(present, marks, std::move(document));

  if (present.id.empty()) {
    // Trusted: a run that is first heard of when it has ended begins in that state. What the caller
    // may do was looked at when the event came in.
    Command command;
    command.entity = &entity;
    command.body = CreationOf(run_id, wanted);
    command.trusted = true;
    const Outcome created = TRY(writer_.Run(caller_, command));
    present = wanted;
    present.id = created.key;
  }
  if (wanted.state != "PENDING" &&
      (present.state != wanted.state || present.started != wanted.started ||
       present.completed != wanted.completed || present.error != wanted.error)) {
    Command command;
    command.op = Command::Op::kEvent;
    command.entity = &entity;
    command.id = present.id;
    command.event = "report";
    command.trusted = true;  // as for the creation
    command.body = ReportOf(wanted);
    TRY(writer_.Run(caller_, command));
    present.metadata = wanted.metadata;
  }
  json::object patch;
  if (present.type != wanted.type) patch["workflow_type"] = wanted.type;
  if (wanted.state == "PENDING" && present.started != wanted.started) {
    patch["started_at"] = TimeValue(wanted.started);
  }
  json::object inner = PatchBetween(ObjectIn(present.metadata, "openlineage"),
                                    ObjectIn(wanted.metadata, "openlineage"));
  if (!inner.empty()) patch["metadata"] = json::object{{"openlineage", std::move(inner)}};
  TRY(Update(entity, present.id, std::move(patch)));
  OfferRun(run_id, events, marks, ObjectIn(wanted.metadata, "openlineage"));
  return marks.Save(writer_.transaction(), caller_.tenant, Uuid::Parse(present.id).value_or(Uuid{}),
                    writer_.now());
}

// What a complete run read and wrote is what its job reads and writes. A run of which no event
// names a dataset says nothing of them.
void Applier::OfferRun(const Uuid& run_id, const RunEvents& events, const Marks& marks,
                       const json::object& document) {
  for (const Event* event : events.events) {
    const Mark* complete = marks.Find(CompleteMark(event->job->name));
    if (complete == nullptr) continue;
    std::set<JobEdge> edges;
    for (const auto& [member, kind] :
         {std::pair("inputs", kUses), std::pair("outputs", kProduces)}) {
      for (const json::value& entry : ArrayIn(document, member)) {
        if (!entry.is_object()) continue;
        const Name name{TextIn(entry.get_object(), "namespace"),
                        TextIn(entry.get_object(), "name")};
        edges.insert({kind, QualifiedName(name, false)});
      }
    }
    if (edges.empty()) return;
    OfferComplete(Mention(event->job->name, true, event->time), complete->time, run_id.ToString(),
                  std::move(edges));
  }
}

}  // namespace tenon::openlineage
