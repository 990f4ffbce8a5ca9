#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "cli/commands.h"
#include "cli/csv.h"
#include "cli/progress.h"
#include "cli/rows.h"

namespace tenon::cli {
namespace {

// Where an export goes: standard output, or a file that appears only when it is whole.
class Sink {
 public:
  static Result<std::unique_ptr<Sink>> Open(Session& session, const std::string& file) {
    auto sink = std::unique_ptr<Sink>(new Sink());
    if (file.empty() || file == "-") {
      sink->out_ = &session.out();
      return sink;
    }
    sink->path_ = file;
    sink->file_.open(file + ".new", std::ios::binary | std::ios::trunc);
    if (!sink->file_) return Fail(Code::kUnavailable, "cannot write " + file);
    sink->out_ = &sink->file_;
    return sink;
  }
  ~Sink() {
    if (path_.empty() || done_) return;
    file_.close();
    std::error_code ignored;
    std::filesystem::remove(path_ + ".new", ignored);
  }
  [[nodiscard]] bool Write(std::string_view bytes) {
    out_->write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return static_cast<bool>(*out_);
  }
  Result<void> Close() {
    out_->flush();
    std::error_code problem;
    if (!path_.empty()) {
      file_.close();
      if (file_) std::filesystem::rename(path_ + ".new", path_, problem);
    }
    if (!*out_ || problem) {
      return Fail(Code::kUnavailable,
                  path_.empty() ? "cannot write to standard output" : "cannot write " + path_);
    }
    done_ = true;
    return {};
  }

 private:
  Sink() = default;
  std::ofstream file_;
  std::ostream* out_ = nullptr;
  std::string path_;
  bool done_ = false;
};

// Cuts pieces into lines, NDJSON as the server sends it.
class Lines {
 public:
  template <typename Each>
  bool Take(std::string_view piece, const Each& each) {
    rest_ += piece;
    std::size_t start = 0;
    bool more = true;
    while (more) {
      const std::size_t end = rest_.find('\n', start);
      if (end == std::string::npos) break;
      if (end > start) more = each(std::string_view(rest_).substr(start, end - start));
      start = end + 1;
    }
    rest_.erase(0, start);
    return more;
  }

 private:
  std::string rest_;
};

struct Job {
  Session& session;
  Sink& sink;
  bool csv = false;
  bool name_entity = false;  // --all: each line says its entity, as apply and import read it
  std::string filter;
  std::int64_t rows = 0;
  bool broken = false;
};

std::string CsvRow(const EntityInfo& entity, const json::object& row) {
  std::vector<std::string> cells;
  for (const FieldInfo& field : entity.fields) {
    const json::value* value = row.if_contains(field.name);
    if (value == nullptr || value->is_null())
      cells.emplace_back();
    else if (value->is_string())
      cells.emplace_back(value->get_string());
    else
      cells.push_back(CanonicalJson(*value));
  }
  return CsvLine(cells);
}

bool WriteRow(Job& job, const EntityInfo& entity, std::string_view line) {
  ++job.rows;
  bool fine = true;
  if (job.csv) {
    Result<json::value> row = ParseJson(line);
    if (row && row->is_object()) fine = job.sink.Write(CsvRow(entity, row->get_object()));
  } else if (job.name_entity) {
    std::string named =
        "{\"entity\":\"" + entity.name + "\",\"fields\":" + std::string(line) + "}\n";
    fine = job.sink.Write(named);
  } else {
    fine = job.sink.Write(line) && job.sink.Write("\n");
  }
  job.broken = !fine;
  return fine && !job.session.Interrupted();
}

Result<void> ExportOne(Job& job, Api& api, const EntityInfo& entity) {
  if (job.csv) {
    std::vector<std::string> names;
    for (const FieldInfo& field : entity.fields) names.push_back(field.name);
    if (!job.sink.Write(CsvLine(names))) job.broken = true;
  }
  Target target("/v1/exports");
  target.Segment(entity.table).AddIf("filter", job.filter);
  http::Headers headers;
  headers.Set("Accept", "application/x-ndjson");
  Lines lines;
  TRY(api.Stream(target, headers, [&](std::string_view piece) {
    return lines.Take(piece, [&](std::string_view line) { return WriteRow(job, entity, line); });
  }));
  return {};
}

Result<int> Run(Session& session, const Arguments& arguments) {
  const bool all = arguments.Has("all");
  if (all == arguments.Has("ENTITY")) {
    return Fail(Code::kInvalidArgument, "name one ENTITY, or take everything with --all");
  }
  const Catalog* catalog = TRY(session.catalog());
  std::vector<const EntityInfo*> entities;
  if (all) {
    for (const EntityInfo& name : catalog->entities) {
      const EntityInfo* entity = TRY(session.Entity(name.name));
      if (!entity->engine_only) entities.push_back(entity);
    }
  } else {
    entities.push_back(TRY(session.Entity(arguments.Get("ENTITY"))));
  }
  const bool csv = arguments.Get("format", "ndjson") == "csv";
  if (all && (csv || arguments.Has("filter"))) {
    return Fail(Code::kInvalidArgument,
                "--all goes with neither --format csv nor --filter: each "
                "entity has its own columns");
  }
  std::unique_ptr<Sink> sink = TRY(Sink::Open(session, arguments.Get("file")));
  Job job{session, *sink, csv, all, arguments.Get("filter")};
  Api* api = TRY(session.api());
  for (const EntityInfo* entity : entities) {
    Result<void> done = ExportOne(job, *api, *entity);
    if (!done) {
      // With --all, tables that this key may not read are left out, and named.
      if (!all || done.error().code != Code::kForbidden) {
        return Fail(std::move(done).error().In(entity->table));
      }
      session.Note("left out " + entity->table + ": " + done.error().message);
    }
    if (job.broken || session.Interrupted()) break;
  }
  if (session.Interrupted()) return 130;
  TRY(sink->Close());
  if (arguments.Has("file")) {
    session.Note(fmt::format("{} rows in {}", Grouped(job.rows), arguments.Get("file")));
  }
  return 0;
}

}  // namespace

Command ExportCommand() {
  return {
      .name = "export",
      .group = "Data",
      .summary = "Write all rows of an entity, or of every entity, to a file",
      .details =
          "NDJSON is one row a line; tenon import ndjson reads it again. CSV has a line of\n"
          "titles; inner objects are JSON in a cell. A file appears only when it is whole.",
      .examples = {"tenon export assets -o assets.ndjson",
                   "tenon export assets --format csv --filter 'type = \"TABLE\"' -o tables.csv",
                   "tenon export --all -o everything.ndjson"},
      .positionals = {{"ENTITY", "an entity, by name or table", false, false, Completes::kEntity}},
      .options = {{"all", "", "every entity; each line names its own"},
                  {"format", "FORMAT", "ndjson (default) or csv", "", false, {"ndjson", "csv"}},
                  {"filter", "EXPR", "only rows for which this holds"},
                  {"file",
                   "FILE",
                   "file to write (default: standard output)",
                   "o",
                   false,
                   {},
                   Completes::kFile}},
      .run = Run};
}

}  // namespace tenon::cli
