// OpenLineage events (openlineage.io, spec 0.x to 2.0.2) from JSON into what Tenon keeps of them.
// Lenient where real clients differ: any number of decimals, a time without a zone is UTC, no
// schemaURL, run ids that are no UUID, members of facets that are null. Strict about what would
// lose lineage: who, when and what.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"

namespace tenon::openlineage {

// Columns of one dataset in one event: beyond it a schema is data.
inline constexpr std::size_t kColumnsMax = 10000;
// All facets of an event together, as canonical JSON.
inline constexpr std::size_t kFacetBytesMax = 5u << 20;
// Inputs and outputs of one event together.
inline constexpr std::size_t kDatasetsMax = 2000;
// Code points of a namespace and of a name. Longer ones are refused; those that do not fit a
// column are shortened there and kept whole in the metadata.
inline constexpr std::size_t kNameMax = 4000;

// One facet: what one producer says about one aspect. Replaced as a whole.
struct Facet {
  std::string name;
  json::object value;    // without members that are null
  std::string digest;    // of the canonical form, 16 hex digits; decides between equal times
  bool deleted = false;  // _deleted: true
};

// A column that feeds another one.
struct ColumnFeed {
  std::string source;          // column of the input; "*": the dataset as a whole depends on it
  std::string target;          // column of the output; "*": all of them
  std::string type;            // DIRECT, INDIRECT, or empty when the client does not say
  std::string transformation;  // IDENTITY, JOIN, ...; may be empty
  auto operator<=>(const ColumnFeed&) const = default;
};

struct Name {
  std::string space;  // "postgres://db.example.com:5432"
  std::string name;   // "shop.public.orders"
  auto operator<=>(const Name&) const = default;
};

struct Job {
  Name name;
  std::vector<Facet> facets;
};

struct Dataset {
  Name name;
  std::vector<Facet> facets;
  std::vector<Facet> run_facets;  // inputFacets, outputFacets: what one run saw of it
};

enum class RunState { kNone, kStart, kRunning, kComplete, kAbort, kFail, kOther };
std::string_view NameOf(RunState state);  // "START"; "" for kNone

struct Run {
  Uuid id;              // the run's own, or made from it when it is no UUID
  std::string text_id;  // as it was sent
  std::vector<Facet> facets;
  std::optional<Name> parent_job;  // of the parent facet
  std::string parent_run;
};

// A RunEvent has a run and a job, a JobEvent a job, a DatasetEvent a dataset.
struct Event {
  Time time{};
  RunState state = RunState::kNone;
  std::string producer;
  std::optional<Run> run;
  std::optional<Job> job;
  std::optional<Dataset> dataset;
  std::vector<Dataset> inputs, outputs;
  std::string digest;     // of the canonical form: 32 hex digits of SHA-256
  std::string canonical;  // the event as it is kept

  [[nodiscard]] std::size_t bytes() const { return canonical.size(); }
};

// kInvalidArgument with one FieldError for each member that is missing or wrong; kTooLarge for more
// than kFacetBytesMax. An eventTime after `latest` is wrong.
Result<Event> Decode(const json::value& document, Time latest = Time::max());

// An eventTime: RFC 3339 with any number of decimals; without an offset it is UTC; Java's forms
// without seconds or with a zone in brackets are read too.
std::optional<Time> ParseEventTime(std::string_view text);

// What a columnLineage facet says, by input dataset, sorted. Nothing for what is not understood.
struct Feeds {
  Name input;
  std::vector<ColumnFeed> columns;
};
std::vector<Feeds> FeedsOf(const json::object& column_lineage);

// What a `lineage` facet says: of a dataset when one is given, else of jobs and datasets that it
// names itself. `own` is the event's job, or null. At most kDatasetsMax links.
struct LinkEnd {
  Name name;
  bool is_job = false;
  auto operator<=>(const LinkEnd&) const = default;
};
struct Link {
  LinkEnd source, target;
  auto operator<=>(const Link&) const = default;
};
std::vector<Link> LinksOf(const json::object& facet, const Dataset* dataset, const Job* own);

// The fields of a schema facet, nested ones as "a.b", each name once (the last one wins).
struct Column {
  std::string name;
  std::string type;
  std::string description;
};
std::vector<Column> ColumnsOf(const json::object& schema);

// The facet of that name, or null.
const Facet* Find(const std::vector<Facet>& facets, std::string_view name);

}  // namespace tenon::openlineage
