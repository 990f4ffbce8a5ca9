// tenon import ndjson, tenon import csv.
#include <fmt/format.h>

#include <array>
#include <boost/json/array.hpp>
#include <filesystem>
#include <map>
#include <set>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/import/mapping.h"
#include "cli/import/run.h"
#include "cli/match.h"
#include "cli/table.h"
#include "record/decode.h"
#include "services/ingest/csv.h"
#include "services/ingest/ndjson.h"

namespace tenon::cli {
namespace {

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

std::vector<std::string> TextsOf(const json::object& object, std::string_view name) {
  std::vector<std::string> texts;
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_array()) return texts;
  for (const json::value& item : value->get_array()) {
    if (item.is_string()) texts.emplace_back(item.get_string());
  }
  return texts;
}

json::array ArrayOf(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

// The options of the job row: what --resume needs to go on without being told again.
json::object OptionsOf(const Arguments& arguments) {
  json::object options;
  if (arguments.Has("FILE")) {
    std::error_code problem;
    const std::string file = arguments.Get("FILE");
    const std::filesystem::path whole = std::filesystem::absolute(file, problem);
    options["file"] = file == "-" || problem ? file : whole.string();
  }
  for (std::string_view name : {"entity", "delimiter"}) {
    const std::string key(name);
    if (arguments.Has(key)) options[key] = arguments.Get(key);
  }
  if (arguments.Has("map")) options["map"] = ArrayOf(arguments.All("map"));
  if (arguments.Has("no-header")) options["no_header"] = true;
  return options;
}

Result<std::unique_ptr<ingest::InputSource>> OpenInput(const std::string& file) {
  if (file.empty()) {
    return Fail(Code::kInvalidArgument,
                "FILE is missing: name the file to read, - for standard "
                "input");
  }
  if (file == "-") return ingest::OpenStdin();
  return ingest::OpenFile(file);
}

ingest::Position PositionOf(const json::object& checkpoint) {
  ingest::Position position;
  const json::value* offset = checkpoint.if_contains("offset");
  const json::value* line = checkpoint.if_contains("line");
  if (offset != nullptr && offset->is_int64()) {
    position.offset = static_cast<std::uint64_t>(offset->get_int64());
  }
  if (line != nullptr && line->is_int64()) {
    position.line = static_cast<std::uint64_t>(line->get_int64());
  }
  return position;
}

// Sends rows of one entity after another. Rows that name their entity may change it from line to
// line; what is on its way is waited for then, so that references find their rows.
class RowSender {
 public:
  RowSender(ImportRun& run) : run_(run) {}

  Result<void> Send(const EntityInfo& entity, UploadRow row) {
    DropEngineFields(entity, row.fields);
    DropSealed(entity, row.fields);
    KeyFromContent(entity, row.fields);
    if (run_.dry_run()) {
      run_.CountDry();
      return {};
    }
    if (&entity != entity_) {
      TRY(Drain());
      uploader_ = TRY(run_.Upload(entity, [this](UploadRow& done, UploadResult&) {
        run_.SetCheckpoint({{"offset", done.next_offset}, {"line", done.next_line}});
        run_.metrics().bytes_read = static_cast<std::int64_t>(done.next_offset);
      }));
      entity_ = &entity;
    }
    return uploader_->Add(std::move(row));
  }

  Result<void> Drain() {
    if (!uploader_) return {};
    return uploader_->Drain();
  }

 private:
  // An export shows secrets only as a mark, which must not be stored as the secret.
  static void DropSealed(const EntityInfo& entity, json::object& row) {
    for (const FieldInfo& field : entity.fields) {
      if (!field.secret) continue;
      const json::value* value = row.if_contains(field.name);
      if (value != nullptr && value->is_string() && value->get_string() == kSealedMark) {
        row.erase(field.name);
      }
    }
  }

  ImportRun& run_;
  const EntityInfo* entity_ = nullptr;
  std::unique_ptr<Uploader> uploader_;
};

UploadRow RowAt(json::object fields, const ingest::Position& at, const ingest::Position& next) {
  UploadRow row;
  row.fields = std::move(fields);
  row.offset = at.offset;
  row.line = at.line;
  row.next_offset = next.offset;
  row.next_line = next.line;
  return row;
}

// One line of NDJSON: a row of `entity`, or with none a document that names its own.
Result<std::pair<const EntityInfo*, json::object>> ReadLine(Session& session,
                                                            const EntityInfo* entity,
                                                            std::string_view text) {
  json::value value = TRY(ParseJson(text));
  if (!value.is_object()) return Fail(Code::kInvalidField, "is not an object");
  json::object& object = value.get_object();
  const json::value* fields = object.if_contains("fields");
  const std::string named = TextOf(object, "entity");
  if (!named.empty() && fields != nullptr && fields->is_object() && object.size() == 2) {
    const EntityInfo* own = TRY(session.Entity(named));
    json::object inner = std::move(object["fields"].get_object());
    return std::pair(own, std::move(inner));
  }
  if (entity == nullptr) {
    return Fail(Code::kInvalidField, "names no entity; give one for all with --entity");
  }
  return std::pair(entity, std::move(object));
}

// Rows of an export of everything that cannot be written as they are: the log, and keys, of which
// only the server knows a new one.
bool IsMadeByTheServer(const EntityInfo& entity) {
  return entity.engine_only || entity.written_by_engine || entity.table == "api_keys";
}

// The members that --map gives to a field, and that no row has had yet.
class UnusedMembers {
 public:
  explicit UnusedMembers(const std::vector<std::string>& words) {
    for (const std::string& word : words) {
      const std::size_t equals = word.rfind('=');
      if (equals + 1 < word.size()) members_.insert(word.substr(0, equals));
    }
  }
  void Saw(const json::object& row) {
    std::erase_if(members_, [&](const std::string& member) { return row.contains(member); });
    any_ = true;
  }
  void Report(const Session& session) const {
    if (!any_ || session.Interrupted()) return;
    for (const std::string& member : members_) {
      session.Note(fmt::format("--map {}: no row has a member '{}'", member, member));
    }
  }

 private:
  std::set<std::string> members_;
  bool any_ = false;
};

Result<void> ReadNdjson(ImportRun& run) {
  Session& session = run.session();
  const std::string named = TextOf(run.options(), "entity");
  const EntityInfo* entity = named.empty() ? nullptr : TRY(session.Entity(named));
  std::optional<Mapping> mapping;
  if (entity != nullptr) {
    mapping = TRY(Mapping::Create(*entity, TextsOf(run.options(), "map")));
  }
  auto source = TRY(OpenInput(TextOf(run.options(), "file")));
  run.metrics().bytes_total = static_cast<std::int64_t>(source->Size().value_or(0));
  run.Phase(entity == nullptr ? "rows" : entity->table, 0);
  ingest::NdjsonReader reader(*source);
  if (!run.checkpoint().empty()) TRY(reader.Resume(PositionOf(run.checkpoint())));
  RowSender sender(run);
  std::map<std::string, std::int64_t> left_out;
  UnusedMembers unused(TextsOf(run.options(), "map"));
  ingest::NdjsonRow line;
  while (!session.Interrupted() && TRY(reader.Next(line))) {
    if (!line.problem.empty()) {
      run.Reject(line.at.line, line.at.offset, line.problem, line.text);
      continue;
    }
    auto row = ReadLine(session, entity, line.text);
    if (!row) {
      run.Reject(line.at.line, line.at.offset, row.error().message, line.text);
      continue;
    }
    if (entity == nullptr && IsMadeByTheServer(*row->first)) {
      ++left_out[row->first->table];
      continue;
    }
    json::object fields = std::move(row->second);
    if (mapping && row->first == entity) {
      unused.Saw(fields);
      fields = mapping->FromObject(std::move(fields));
    }
    TRY(sender.Send(*row->first, RowAt(std::move(fields), line.at, reader.position())));
  }
  TRY(sender.Drain());
  for (const auto& [table, rows] : left_out) {
    session.Note(fmt::format("left out {} row{} of {}, which the server alone makes", Grouped(rows),
                             rows == 1 ? "" : "s", table));
  }
  unused.Report(session);
  return {};
}

Result<char> DelimiterOf(const json::object& options) {
  if (!options.contains("delimiter")) return ',';
  const std::string text = TextOf(options, "delimiter");
  if (text == "tab") return '\t';
  if (text.size() == 1 && std::string_view("\"\r\n").find(text[0]) == std::string_view::npos) {
    return text[0];
  }
  return Fail(Code::kInvalidArgument,
              fmt::format("--delimiter takes one ASCII character or tab, not '{}'", text));
}

// Titles that are no UTF-8 are called by what a terminal can show: "caf\xe9".
Result<std::vector<std::string>> ReadTitles(const json::object& options,
                                            ingest::CsvReader& reader) {
  std::vector<std::string> titles;
  ingest::CsvRow row;
  if (!TRY(reader.Next(row))) return Fail(Code::kInvalidArgument, "the file is empty");
  if (!row.problem.empty()) {
    return Fail(Code::kInvalidArgument, fmt::format("line {}: {}", row.at.line, row.problem));
  }
  if (options.contains("no_header")) {
    for (std::size_t i = 1; i <= row.fields.size(); ++i) titles.push_back(fmt::format("{}", i));
    TRY(reader.Resume(row.at));
    return titles;
  }
  for (std::string_view title : row.fields) {
    titles.push_back(InvalidUtf8At(title) ? Printable(title) : std::string(title));
  }
  return titles;
}

Result<void> CheckTitles(const json::object& options, const EntityInfo& entity,
                         const Mapping& mapping, const std::vector<std::string>& titles) {
  if (std::ranges::all_of(titles, [&](const auto& title) { return mapping.Of(title).empty(); })) {
    return Fail(Code::kInvalidArgument,
                fmt::format("no column goes to a field of {}; map them with --map COLUMN=FIELD, "
                            "such as --map {}=name",
                            entity.name, titles.empty() ? "title" : titles[0]));
  }
  for (const std::string& word : TextsOf(options, "map")) {
    const std::string column = word.substr(0, word.rfind('='));
    if (std::ranges::find(titles, column) == titles.end()) {
      return Fail(Code::kInvalidArgument,
                  fmt::format("--map {}: the file has no column '{}'; it has {}", word, column,
                              fmt::join(titles, ", ")));
    }
  }
  return {};
}

void NoteLeftOut(const Session& session, const Mapping& mapping,
                 const std::vector<std::string>& titles) {
  std::string ignored;
  for (const std::string& title : titles) {
    if (mapping.Of(title).empty()) ignored += (ignored.empty() ? "" : ", ") + title;
  }
  if (!ignored.empty()) session.Note("columns left out: " + ignored);
}

Result<void> ReadCsv(ImportRun& run) {
  Session& session = run.session();
  const std::string named = TextOf(run.options(), "entity");
  if (named.empty()) return Fail(Code::kInvalidArgument, "name the entity of the rows: --entity E");
  const EntityInfo* entity = TRY(session.Entity(named));
  const Mapping mapping = TRY(Mapping::Create(*entity, TextsOf(run.options(), "map")));
  auto source = TRY(OpenInput(TextOf(run.options(), "file")));
  run.metrics().bytes_total = static_cast<std::int64_t>(source->Size().value_or(0));
  run.Phase(entity->table, 0);
  ingest::CsvOptions csv;
  csv.delimiter = TRY(DelimiterOf(run.options()));
  ingest::CsvReader reader(*source, csv);
  const std::vector<std::string> titles = TRY(ReadTitles(run.options(), reader));
  TRY(CheckTitles(run.options(), *entity, mapping, titles));
  NoteLeftOut(session, mapping, titles);
  if (!run.checkpoint().empty()) TRY(reader.Resume(PositionOf(run.checkpoint())));
  RowSender sender(run);
  ingest::CsvRow row;
  while (!session.Interrupted() && TRY(reader.Next(row))) {
    if (!row.problem.empty()) {
      run.Reject(row.at.line, row.at.offset, row.problem, "");
      continue;
    }
    Result<json::object> fields = mapping.FromCells(titles, row.fields);
    if (!fields) {
      std::string reason = fields.error().message;
      for (const FieldError& field : fields.error().fields) {
        reason += fmt::format("; {} {}", field.path, field.message);
      }
      run.Reject(row.at.line, row.at.offset, reason,
                 fmt::format("{}", fmt::join(row.fields, std::string_view(&csv.delimiter, 1))));
      continue;
    }
    TRY(sender.Send(*entity, RowAt(*std::move(fields), row.at, reader.position())));
  }
  return sender.Drain();
}

// What can be seen of a file before any row of it is read.
Result<void> CheckFile(const std::string& file, const std::string& source,
                       const json::object& options, const EntityInfo* entity) {
  // Of a pipe nothing is tried: closing it again would end whoever writes into it.
  std::error_code unknown;
  if (file == "-" || std::filesystem::is_fifo(file, unknown)) return {};
  auto input = TRY(ingest::OpenFile(file));
  if (!std::filesystem::is_regular_file(file, unknown)) return {};
  std::array<char, 2> magic{};
  if (TRY(input->Read(magic)) == 2 && magic == std::array{'\x1f', '\x8b'}) {
    return Fail(Code::kInvalidArgument,
                fmt::format("{} is gzip: zcat {} | tenon import {} -", file,
                            std::filesystem::path(file).filename().string(), source));
  }
  if (source != "csv") return {};
  TRY(input->Seek(0));
  ingest::CsvReader reader(*input, {.delimiter = TRY(DelimiterOf(options))});
  const Mapping mapping = TRY(Mapping::Create(*entity, TextsOf(options, "map")));
  return CheckTitles(options, *entity, mapping, TRY(ReadTitles(options, reader)));
}

Result<void> CheckOptions(Session& session, const json::object& options,
                          const std::string& source) {
  TRY(DelimiterOf(options));
  const EntityInfo* entity = nullptr;
  const std::string named = TextOf(options, "entity");
  if (!named.empty()) {
    entity = TRY(session.Entity(named));
    TRY(Mapping::Create(*entity, TextsOf(options, "map")));
  } else if (source == "csv") {
    return Fail(Code::kInvalidArgument, "name the entity of the rows: --entity E");
  }
  return CheckFile(TextOf(options, "file"), source, options, entity);
}

Result<int> Import(Session& session, const Arguments& arguments, const std::string& source,
                   Result<void> (*read)(ImportRun&)) {
  const json::object options = OptionsOf(arguments);
  if (!arguments.Has("resume") && !options.contains("file")) {
    return Fail(Code::kInvalidArgument,
                "FILE is missing: name the file to read, - for standard "
                "input");
  }
  // What is wrong with the command line should not leave a failed job behind.
  if (!arguments.Has("resume")) TRY(CheckOptions(session, options, source));
  auto run = TRY(ImportRun::Begin(session, arguments, source, options));
  return run->End(read(*run));
}

Result<int> RunNdjson(Session& session, const Arguments& arguments) {
  return Import(session, arguments, "ndjson", ReadNdjson);
}

Result<int> RunCsv(Session& session, const Arguments& arguments) {
  return Import(session, arguments, "csv", ReadCsv);
}

std::vector<Option> WithImportOptions(std::vector<Option> options) {
  for (Option& option : ImportOptions()) options.push_back(std::move(option));
  return options;
}

Option EntityOption(std::string help) {
  return {"entity", "ENTITY", std::move(help), "", false, {}, Completes::kEntity};
}

constexpr std::string_view kJobText =
    "The import is a row of migration_jobs with its progress and its position. Rows are found\n"
    "again by their key or unique fields, else by their whole content: running the same import\n"
    "again changes nothing. Rejected rows do not stop it; the exit code is 3 when there were any.";

}  // namespace

Command ImportNdjsonCommand() {
  return {.name = "import ndjson",
          .group = "Data",
          .summary = "Import rows from JSON objects, one a line",
          .details = std::string(kJobText) +
                     "\nLines of tenon export --all name their entity; other files need --entity.",
          .examples = {"tenon import ndjson assets.ndjson --entity assets",
                       "tenon import ndjson everything.ndjson --rejects rejected.ndjson"},
          .positionals = {{"FILE", "file to read; - is standard input", false, false,
                           Completes::kFile}},
          .options = WithImportOptions(
              {EntityOption("entity of the rows"),
               {"map", "MEMBER=FIELD", "rename a member; FIELD may be a path; empty leaves it out",
                "", true}}),
          .run = RunNdjson};
}

Command ImportCsvCommand() {
  return {
      .name = "import csv",
      .group = "Data",
      .summary = "Import rows from comma-separated values",
      .details = std::string(kJobText) +
                 "\nColumns go to the field of their title, or where --map says; empty cells are\n"
                 "left out.",
      .examples = {"tenon import csv tables.csv --entity assets --map table=name "
                   "--map owner=metadata.owner",
                   "tenon import csv data.tsv --entity tags --delimiter tab"},
      .positionals = {{"FILE", "file to read; - is standard input", false, false,
                       Completes::kFile}},
      .options = WithImportOptions(
          {EntityOption("entity of the rows"),
           {"map", "COLUMN=FIELD", "where a column goes; FIELD may be a path; empty leaves it out",
            "", true},
           {"delimiter", "CHAR", "between cells (default ,); tab for a tab"},
           {"no-header", "", "there is no line of titles; columns are called 1, 2, 3"}}),
      .run = RunCsv};
}

}  // namespace tenon::cli
