#include "services/openlineage/event.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/hash.h"
#include "base/text.h"
#include "services/openlineage/names.h"

namespace tenon::openlineage {
namespace {

// Collects what is wrong, so that a client learns all of it at once.
class Decoder {
 public:
  explicit Decoder(Time latest) : latest_(latest) {}
  Result<Event> Run(const json::value& document);

 private:
  void Report(std::string path, std::string code, std::string message) {
    errors_.push_back({std::move(path), std::move(code), std::move(message)});
  }
  const json::object* Object(const json::object& of, std::string_view member,
                             const std::string& path, bool required);
  std::string Text(const json::object& of, std::string_view member, const std::string& path,
                   bool required, std::size_t max = kNameMax);
  Name NameIn(const json::object& of, const std::string& path);
  std::vector<Facet> Facets(const json::object& of, std::string_view member,
                            const std::string& path);
  Dataset DatasetIn(const json::object& of, const std::string& path, std::string_view own_facets);
  std::vector<Dataset> Datasets(const json::object& of, std::string_view member,
                                std::string_view own_facets);
  void CheckColumns(const std::vector<Facet>& facets, const std::string& path);
  void ReadRun(const json::object& root, Event& event);
  void ReadState(const json::object& root, Event& event);
  void ReadSubject(const json::object& root, Event& event);

  const Time latest_;
  std::vector<FieldError> errors_;
  std::size_t facet_bytes_ = 0;
  std::size_t datasets_ = 0;
};

bool IsNull(const json::value* value) { return value == nullptr || value->is_null(); }

// A merge patch cannot hold null, and to a reader of a facet it means the same as nothing.
void DropNulls(json::value& value, int depth = 0) {
  if (depth > 64) return;
  if (value.is_object()) {
    json::object& object = value.get_object();
    for (auto at = object.begin(); at != object.end();) {
      if (at->value().is_null()) {
        at = object.stable_erase(at);
      } else {
        DropNulls(at->value(), depth + 1);
        ++at;
      }
    }
  } else if (value.is_array()) {
    for (json::value& item : value.get_array()) DropNulls(item, depth + 1);
  }
}

const json::object* Decoder::Object(const json::object& of, std::string_view member,
                                    const std::string& path, bool required) {
  const json::value* value = of.if_contains(member);
  if (IsNull(value)) {
    if (required) Report(path, "required", "is required");
    return nullptr;
  }
  if (!value->is_object()) {
    Report(path, "type", "must be an object");
    return nullptr;
  }
  return &value->get_object();
}

std::string Decoder::Text(const json::object& of, std::string_view member, const std::string& path,
                          bool required, std::size_t max) {
  const json::value* value = of.if_contains(member);
  if (IsNull(value)) {
    if (required) Report(path, "required", "is required");
    return "";
  }
  if (!value->is_string()) {
    Report(path, "type", "must be text");
    return "";
  }
  const std::string text(value->get_string());
  if (required && text.empty()) Report(path, "required", "must not be empty");
  if (text.size() > max && CountCodePoints(text) > max) {
    Report(path, "length", fmt::format("must have at most {} characters", max));
  }
  return text;
}

Name Decoder::NameIn(const json::object& of, const std::string& path) {
  return {Text(of, "namespace", path + ".namespace", true), Text(of, "name", path + ".name", true)};
}

std::vector<Facet> Decoder::Facets(const json::object& of, std::string_view member,
                                   const std::string& path) {
  std::vector<Facet> facets;
  const json::object* all = Object(of, member, path, false);
  if (all == nullptr) return facets;
  for (const auto& entry : *all) {
    if (entry.value().is_null()) continue;
    Facet facet;
    facet.name = std::string(entry.key());
    if (!entry.value().is_object()) {
      Report(fmt::format("{}.{}", path, Ellipsis(facet.name, 100)), "type", "must be an object");
      continue;
    }
    json::value value = entry.value();
    DropNulls(value);
    facet.value = std::move(value.get_object());
    const json::value* deleted = facet.value.if_contains("_deleted");
    facet.deleted = deleted != nullptr && deleted->is_bool() && deleted->get_bool();
    const std::string canonical = CanonicalJson(facet.value);
    facet_bytes_ += canonical.size() + facet.name.size();
    facet.digest = ToHex(Sha256(canonical)).substr(0, 16);
    facets.push_back(std::move(facet));
  }
  return facets;
}

void Decoder::CheckColumns(const std::vector<Facet>& facets, const std::string& path) {
  if (const Facet* schema = Find(facets, "schema"); schema != nullptr) {
    if (const json::value* fields = schema->value.if_contains("fields");
        fields != nullptr && !fields->is_array()) {
      return Report(path + ".facets.schema.fields", "type", "must be an array");
    }
    const std::size_t count = ColumnsOf(schema->value).size();
    if (count > kColumnsMax) {
      Report(path + ".facets.schema.fields", "length",
             fmt::format("has {} columns; at most {} are taken", count, kColumnsMax));
    }
  }
  if (const Facet* lineage = Find(facets, "columnLineage"); lineage != nullptr) {
    const json::value* fields = lineage->value.if_contains("fields");
    if (fields != nullptr && fields->is_object() && fields->get_object().size() > kColumnsMax) {
      Report(path + ".facets.columnLineage.fields", "length",
             fmt::format("has {} columns; at most {} are taken", fields->get_object().size(),
                         kColumnsMax));
    }
  }
}

Dataset Decoder::DatasetIn(const json::object& of, const std::string& path,
                           std::string_view own_facets) {
  Dataset dataset;
  dataset.name = NameIn(of, path);
  dataset.name.space = CanonicalSpace(std::move(dataset.name.space));
  dataset.facets = Facets(of, "facets", path + ".facets");
  if (!own_facets.empty()) {
    dataset.run_facets = Facets(of, own_facets, path + "." + std::string(own_facets));
  }
  CheckColumns(dataset.facets, path);
  return dataset;
}

std::vector<Dataset> Decoder::Datasets(const json::object& of, std::string_view member,
                                       std::string_view own_facets) {
  std::vector<Dataset> datasets;
  const json::value* value = of.if_contains(member);
  if (IsNull(value)) return datasets;
  if (!value->is_array()) {
    Report(std::string(member), "type", "must be an array");
    return datasets;
  }
  datasets_ += value->get_array().size();
  if (datasets_ > kDatasetsMax) {
    Report(std::string(member), "length",
           fmt::format("an event has at most {} inputs and outputs", kDatasetsMax));
    return datasets;
  }
  for (std::size_t i = 0; i < value->get_array().size(); ++i) {
    const std::string path = fmt::format("{}[{}]", member, i);
    const json::value& item = value->get_array()[i];
    if (!item.is_object()) {
      Report(path, "type", "must be an object");
      continue;
    }
    datasets.push_back(DatasetIn(item.get_object(), path, own_facets));
  }
  return datasets;
}

void Decoder::ReadRun(const json::object& root, Event& event) {
  const json::object* object = Object(root, "run", "run", true);
  if (object == nullptr) return;
  tenon::openlineage::Run run;
  run.text_id = Text(*object, "runId", "run.runId", true);
  // Airflow of old sends names; the same name is always the same run.
  if (const auto id = Uuid::Parse(run.text_id)) {
    run.id = *id;
    run.text_id = id->ToString();
  } else {
    run.id = UuidV5(Uuid{}, "openlineage run " + run.text_id);
  }
  run.facets = Facets(*object, "facets", "run.facets");
  const Facet* parent = Find(run.facets, "parent");
  // "parentRun" is what old clients called it.
  if (parent == nullptr) parent = Find(run.facets, "parentRun");
  if (parent != nullptr) {
    const json::value* job = parent->value.if_contains("job");
    if (job != nullptr && job->is_object()) {
      const auto text = [&](std::string_view member) {
        const json::value* value = job->get_object().if_contains(member);
        return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
      };
      Name name{text("namespace"), text("name")};
      if (!name.space.empty() && !name.name.empty() &&
          std::max(CountCodePoints(name.space), CountCodePoints(name.name)) <= kNameMax) {
        run.parent_job = std::move(name);
      }
    }
    const json::value* parent_run = parent->value.if_contains("run");
    if (parent_run != nullptr && parent_run->is_object()) {
      const json::value* id = parent_run->get_object().if_contains("runId");
      if (id != nullptr && id->is_string()) run.parent_run = std::string(id->get_string());
    }
  }
  event.run = std::move(run);
}

void Decoder::ReadState(const json::object& root, Event& event) {
  const std::string type = Text(root, "eventType", "eventType", false);
  if (type.empty()) return;
  for (const RunState state : {RunState::kStart, RunState::kRunning, RunState::kComplete,
                               RunState::kAbort, RunState::kFail, RunState::kOther}) {
    // Some clients write it small.
    if (Fold(type) == Fold(NameOf(state))) event.state = state;
  }
  if (event.state == RunState::kNone) {
    Report("eventType", "enum", "must be START, RUNNING, COMPLETE, ABORT, FAIL or OTHER");
  }
}

void Decoder::ReadSubject(const json::object& root, Event& event) {
  std::string schema = Text(root, "schemaURL", "schemaURL", false);
  const bool run_event = !IsNull(root.if_contains("run")) || schema.ends_with("/RunEvent");
  const bool job_event = !IsNull(root.if_contains("job")) || schema.ends_with("/JobEvent");
  const bool dataset_event =
      !IsNull(root.if_contains("dataset")) || schema.ends_with("/DatasetEvent");
  if (run_event) ReadRun(root, event);
  if (run_event || job_event) {
    if (const json::object* job = Object(root, "job", "job", true)) {
      event.job = Job{NameIn(*job, "job"), Facets(*job, "facets", "job.facets")};
    }
    event.inputs = Datasets(root, "inputs", "inputFacets");
    event.outputs = Datasets(root, "outputs", "outputFacets");
  } else if (dataset_event) {
    if (const json::object* dataset = Object(root, "dataset", "dataset", true)) {
      event.dataset = DatasetIn(*dataset, "dataset", "");
    }
  } else {
    Report("run", "required", "is required in a RunEvent, with job");
    Report("job", "required", "is required in a RunEvent and in a JobEvent");
    Report("dataset", "required", "is required in a DatasetEvent");
  }
}

Result<Event> Decoder::Run(const json::value& document) {
  if (!document.is_object()) {
    return Fail(Code::kInvalidArgument, "an OpenLineage event is a JSON object");
  }
  const json::object& root = document.get_object();
  Event event;
  const std::string time = Text(root, "eventTime", "eventTime", true);
  if (!time.empty()) {
    const auto parsed = ParseEventTime(time);
    if (!parsed) Report("eventTime", "format", "must be a time such as 2026-11-21T08:50:00.123Z");
    event.time = parsed.value_or(Time{});
    if (event.time > latest_) {
      Report("eventTime", "range",
             "is " + FormatTime(event.time) +
                 ", more than a day ahead of this server's clock; later events could never change "
                 "what it says");
    }
  }
  event.producer = Text(root, "producer", "producer", true);
  ReadState(root, event);
  ReadSubject(root, event);
  if (facet_bytes_ > kFacetBytesMax) {
    return Fail(Code::kTooLarge, fmt::format("the facets of this event are {} bytes of JSON; at "
                                             "most {} are taken",
                                             facet_bytes_, kFacetBytesMax));
  }
  if (!errors_.empty()) {
    std::string message = "this is no OpenLineage event that can be kept: ";
    for (std::size_t i = 0; i < errors_.size() && i < 5; ++i) {
      message += fmt::format("{}{} {}", i == 0 ? "" : "; ", errors_[i].path, errors_[i].message);
    }
    Error error(Code::kInvalidArgument, std::move(message));
    error.fields = std::move(errors_);
    return Fail(std::move(error));
  }
  event.canonical = CanonicalJson(document);
  event.digest = ToHex(Sha256(event.canonical)).substr(0, 32);
  return event;
}

std::string TextOf(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

void AddColumns(const json::array& fields, const std::string& prefix, int depth,
                std::vector<Column>& columns) {
  for (const json::value& item : fields) {
    if (!item.is_object()) continue;
    const json::object& field = item.get_object();
    Column column{prefix + TextOf(field, "name"), TextOf(field, "type"),
                  TextOf(field, "description")};
    const json::value* nested = field.if_contains("fields");
    const std::string below = column.name + ".";
    if (column.name.size() > prefix.size()) columns.push_back(std::move(column));
    if (nested != nullptr && nested->is_array() && depth < 16) {
      AddColumns(nested->get_array(), below, depth + 1, columns);
    }
  }
}

// One input field of a column: one feed for each of its transformations.
void AddFeeds(const json::object& input, const std::string& target, const std::string& type,
              std::vector<std::pair<Name, ColumnFeed>>& feeds) {
  const Name name{CanonicalSpace(TextOf(input, "namespace")), TextOf(input, "name")};
  if (name.space.empty() || name.name.empty() ||
      std::max(CountCodePoints(name.space), CountCodePoints(name.name)) > kNameMax) {
    return;
  }
  const std::string field = TextOf(input, "field");
  ColumnFeed feed{field.empty() ? "*" : field, target, "", ""};
  const json::value* transformations = input.if_contains("transformations");
  bool any = false;
  if (transformations != nullptr && transformations->is_array()) {
    for (const json::value& item : transformations->get_array()) {
      if (!item.is_object()) continue;
      feed.type = TextOf(item.get_object(), "type");
      feed.transformation = TextOf(item.get_object(), "subtype");
      feeds.emplace_back(name, feed);
      any = true;
    }
  }
  if (any) return;
  // Before 1-1-0 the type stood with the output column: IDENTITY or MASKED.
  feed.type = type.empty() ? "" : "DIRECT";
  feed.transformation = type;
  feeds.emplace_back(name, std::move(feed));
}

}  // namespace

std::string_view NameOf(RunState state) {
  switch (state) {
    case RunState::kStart:
      return "START";
    case RunState::kRunning:
      return "RUNNING";
    case RunState::kComplete:
      return "COMPLETE";
    case RunState::kAbort:
      return "ABORT";
    case RunState::kFail:
      return "FAIL";
    case RunState::kOther:
      return "OTHER";
    case RunState::kNone:
      break;
  }
  return "";
}

Result<Event> Decode(const json::value& document, Time latest) {
  return Decoder(latest).Run(document);
}

const Facet* Find(const std::vector<Facet>& facets, std::string_view name) {
  const auto found = std::ranges::find(facets, name, &Facet::name);
  return found == facets.end() ? nullptr : &*found;
}

std::optional<Time> ParseEventTime(std::string_view given) {
  std::string text(given.substr(0, 64));
  // "2026-11-21T09:50:00+01:00[Europe/Berlin]", as Java's ZonedDateTime prints itself.
  if (const std::size_t zone = text.find('['); zone != std::string::npos) text.resize(zone);
  if (auto time = ParseTime(text)) return time;
  const std::size_t clock = text.find_first_of("Tt ");
  if (clock == std::string::npos) return std::nullopt;
  std::size_t offset = text.find_first_of("Zz+-", clock);
  if (offset == std::string::npos) {
    offset = text.size();
    text += 'Z';
  }
  // "T08:50Z": Java leaves out seconds that are 0.
  if (offset - clock == 6) {
    text.insert(offset, ":00");
    offset += 3;
  }
  // "+0100" and "+01", as strftime prints them.
  const std::size_t width = text.size() - offset;
  if ((text[offset] == '+' || text[offset] == '-') && (width == 5 || width == 3)) {
    text.insert(offset + 3, width == 5 ? ":" : ":00");
  }
  return ParseTime(text);
}

std::vector<Column> ColumnsOf(const json::object& schema) {
  std::vector<Column> columns;
  const json::value* fields = schema.if_contains("fields");
  if (fields != nullptr && fields->is_array()) AddColumns(fields->get_array(), "", 0, columns);
  std::vector<Column> unique;
  std::unordered_map<std::string_view, std::size_t> seen;
  unique.reserve(columns.size());
  for (const Column& column : columns) {
    const auto [at, fresh] = seen.try_emplace(column.name, unique.size());
    if (fresh) {
      unique.push_back(column);
    } else {
      unique[at->second] = column;
    }
  }
  return unique;
}

std::vector<Feeds> FeedsOf(const json::object& column_lineage) {
  std::vector<std::pair<Name, ColumnFeed>> all;
  const json::value* fields = column_lineage.if_contains("fields");
  if (fields != nullptr && fields->is_object()) {
    for (const auto& entry : fields->get_object()) {
      if (!entry.value().is_object()) continue;
      const json::object& field = entry.value().get_object();
      const json::value* inputs = field.if_contains("inputFields");
      if (inputs == nullptr || !inputs->is_array()) continue;
      for (const json::value& input : inputs->get_array()) {
        if (!input.is_object()) continue;
        AddFeeds(input.get_object(), std::string(entry.key()), TextOf(field, "transformationType"),
                 all);
      }
    }
  }
  // Since 1-2-0: what the dataset as a whole depends on, a filter say.
  const json::value* whole = column_lineage.if_contains("dataset");
  if (whole != nullptr && whole->is_array()) {
    for (const json::value& input : whole->get_array()) {
      if (input.is_object()) AddFeeds(input.get_object(), "*", "", all);
    }
  }
  std::ranges::sort(all);
  const auto repeated = std::ranges::unique(all);
  all.erase(repeated.begin(), repeated.end());
  std::vector<Feeds> feeds;
  for (auto& [input, feed] : all) {
    if (feeds.empty() || feeds.back().input != input) feeds.push_back({input, {}});
    feeds.back().columns.push_back(std::move(feed));
  }
  return feeds;
}

}  // namespace tenon::openlineage
