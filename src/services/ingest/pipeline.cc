#include "services/ingest/pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/hash.h"
#include "base/ids.h"
#include "base/json_text.h"
#include "base/text.h"
#include "services/ingest/json_fields.h"
#include "services/ingest/pipeline_parts.h"
#include "services/ingest/reason.h"

namespace tenon::ingest {
namespace {

// Rows whose key a later row may ask for: keys of a very large catalogue.
constexpr std::size_t kRefsMax = 5'000'000;
// Rows of an origin that are remembered to know what is missing.
constexpr std::size_t kSeenMax = 20'000'000;
constexpr std::size_t kRejectTextMax = 16u << 10;
// How often an edge between the same two nodes may have been superseded and come back.
constexpr int kGenerationsMax = 1000;
// Ids in one filter: well inside the bounds of an expression.
constexpr std::size_t kIdsOfFilter = 150;

// About how many bytes it has as JSON.
std::size_t SizeOf(const json::value& value) {
  switch (value.kind()) {
    case json::kind::string:
      return value.get_string().size() + 2;
    case json::kind::array: {
      std::size_t bytes = 2;
      for (const json::value& item : value.get_array()) bytes += SizeOf(item) + 1;
      return bytes;
    }
    case json::kind::object: {
      std::size_t bytes = 2;
      for (const auto& member : value.get_object()) {
        bytes += member.key().size() + 4 + SizeOf(member.value());
      }
      return bytes;
    }
    default:
      return 12;
  }
}

bool MayPass(const Error& error) {
  return error.code == Code::kTooManyRequests || error.code == Code::kUnavailable ||
         error.code == Code::kDeadline || error.code == Code::kOutcomeUnknown;
}

// The id of the edge that comes after `generation` superseded ones.
std::string NextEdgeId(const std::string& id, int generation) {
  return UuidV5(*Uuid::Parse(id), fmt::format("again {}", generation)).ToString();
}

Write CreateOf(const SourceRow& row) {
  return {.op = row.only_if_absent ? Write::Op::kCreate : Write::Op::kUpsert, .body = row.fields};
}

}  // namespace

Pipeline::Pipeline(Target& target, PipelineOptions options, PipelineHooks hooks)
    : target_(target), options_(std::move(options)), hooks_(std::move(hooks)) {
  if (const json::value* earlier = options_.checkpoint.if_contains("source")) {
    if (earlier->is_object()) done_checkpoint_ = source_checkpoint_ = earlier->get_object();
  }
}

json::object Pipeline::checkpoint() const {
  json::object checkpoint;
  if (!input_.empty()) {
    checkpoint["input"] = input_;
    checkpoint["rows"] = std::max(done_rows_, skip_until_);
  }
  if (!done_checkpoint_.empty()) checkpoint["source"] = done_checkpoint_;
  return checkpoint;
}

void Pipeline::Begin(const std::string& origin, std::vector<std::string> tables) {
  origin_ = Ellipsis(origin, 500);
  tables_ = std::move(tables);
}

void Pipeline::Covers(const std::string& table, const std::string& filter,
                      const std::string& fields) {
  covered_[table] = {filter, fields};
}

Result<std::map<std::string, std::string>> Pipeline::Find(const std::string& table,
                                                          const std::string& field,
                                                          const std::vector<std::string>& values) {
  std::map<std::string, std::string> found;
  for (std::size_t at = 0; at < values.size(); at += kIdsOfFilter) {
    std::string list;
    for (std::size_t i = at; i < std::min(at + kIdsOfFilter, values.size()); ++i) {
      list += (list.empty() ? "" : ", ") + Quoted(values[i]);
    }
    auto page = target_.List(table, fmt::format("{} in ({})", field, list), "id," + field, "");
    if (!page && page.error().code == Code::kForbidden) return found;
    if (!page) return Fail(std::move(page).error());
    for (const json::value& row : page->at("items").as_array()) {
      found[TextIn(row.as_object(), field)] = KeyOf(row, "id");
    }
  }
  return found;
}

void Pipeline::Fingerprint(const std::string& input) {
  input_ = input;
  const json::value* rows = options_.checkpoint.if_contains("rows");
  if (rows == nullptr || !rows->is_int64()) return;
  if (TextIn(options_.checkpoint, "input") == input) {
    skip_until_ = rows->get_int64();
  } else {
    Note("warn", "the input changed since the job stopped; it is read from the beginning");
  }
}

// What the phase before put counts as its own; that it cannot be written comes with the next Put.
void Pipeline::Phase(const std::string& name, std::int64_t rows_total) {
  if (auto flushed = FlushAll(); !flushed && !failed_) failed_ = std::move(flushed).error();
  if (hooks_.phase) hooks_.phase(name, rows_total);
}

void Pipeline::Bytes(std::int64_t read, std::int64_t total) {
  metrics_.bytes_read = read;
  metrics_.bytes_total = total;
}

void Pipeline::Note(std::string_view level, const std::string& message) {
  if (hooks_.note) hooks_.note(level, message);
}

void Pipeline::SetCheckpoint(json::object checkpoint) {
  source_checkpoint_ = std::move(checkpoint);
}

void Pipeline::Partial(const std::string& why) {
  if (partial_) return;
  partial_ = true;
  Note("info", "what the input no longer has is kept: " + why);
}

bool Pipeline::Cancelled() { return hooks_.cancelled && hooks_.cancelled(); }

void Pipeline::Mark(SourceRow& row) const {
  const char* place = MarkOf(row.table);
  if (place == nullptr || origin_.empty()) return;
  json::value& object = row.fields[place];
  if (!object.is_object()) object.emplace_object();
  object.get_object()["origin"] = origin_;
}

void Pipeline::Saw(const std::string& table, const std::string& key) {
  if ((MarkOf(table) == nullptr && !covered_.contains(table)) || partial_) return;
  std::vector<std::uint64_t>& seen = seen_[table];
  seen.push_back(HashOf(key));
  if (seen.size() > kSeenMax) Partial(fmt::format("over {} rows of {}", kSeenMax, table));
}

Result<> Pipeline::Put(SourceRow row) {
  if (failed_) return Fail(*failed_);
  if (Cancelled()) return Fail(Code::kUnavailable, "the job was stopped");
  ++put_;
  const std::string id = TextIn(row.fields, "id");
  // Rows that an earlier run wrote are only remembered, so that they are not missing at the end.
  if (put_ <= skip_until_ && row.ref.empty() && !id.empty() && row.table != kEdgesTable) {
    Saw(row.table, id);
    return {};
  }
  Mark(row);
  buffered_bytes_ += SizeOf(row.fields);
  auto buffer = std::ranges::find(buffers_, row.table, &Buffer::table);
  if (buffer == buffers_.end()) {
    buffers_.push_back({row.table, {}});
    buffer = std::prev(buffers_.end());
  }
  buffer->rows.push_back(std::move(row));
  if (buffer->rows.size() < options_.batch_rows && buffered_bytes_ < options_.batch_bytes) {
    return {};
  }
  return FlushAll();
}

// Tables go in the order in which they first came, so that rows find what they refer to.
Result<> Pipeline::FlushAll() {
  buffered_bytes_ = 0;
  for (Buffer& buffer : buffers_) TRY(Flush(buffer));
  done_rows_ = put_;
  done_checkpoint_ = source_checkpoint_;
  if (hooks_.progress) hooks_.progress(metrics_, checkpoint());
  return {};
}

Result<> Pipeline::Flush(Buffer& buffer) {
  if (buffer.rows.empty()) return {};
  std::vector<SourceRow> rows = TRY(Resolve(std::exchange(buffer.rows, {})));
  for (std::size_t at = 0; at < rows.size(); at += options_.batch_rows) {
    const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(at);
    const auto count = std::min(options_.batch_rows, rows.size() - at);
    std::vector<SourceRow> batch(
        std::make_move_iterator(begin),
        std::make_move_iterator(begin + static_cast<std::ptrdiff_t>(count)));
    TRY(buffer.table == kEdgesTable ? WriteEdges(std::move(batch))
                                    : WriteRows(buffer.table, std::move(batch)));
  }
  return {};
}

Result<std::vector<SourceRow>> Pipeline::Resolve(std::vector<SourceRow> rows) {
  std::vector<SourceRow> resolved;
  resolved.reserve(rows.size());
  for (SourceRow& row : rows) {
    std::string missing;
    for (const auto& [field, ref] : row.references) {
      const auto found = keys_.find(ref);
      if (found == keys_.end()) {
        missing = ref;
      } else {
        row.fields[field] = found->second;
      }
    }
    if (missing.empty()) {
      resolved.push_back(std::move(row));
    } else {
      TRY(RejectRow(row,
                    Error(Code::kNotFound,
                          fmt::format("{} is not among the rows that were written", missing))));
    }
  }
  return resolved;
}

Result<std::vector<Result<Written>>> Pipeline::Send(const std::string& table,
                                                    std::vector<Write> writes) {
  std::vector<Result<Written>> results(writes.size(), Result<Written>(Written{}));
  std::vector<std::size_t> left(writes.size());
  for (std::size_t i = 0; i < left.size(); ++i) left[i] = i;
  for (int attempt = 1; !left.empty(); ++attempt) {
    std::vector<Write> batch;
    for (const std::size_t i : left) batch.push_back(writes[i]);
    auto sent = target_.Apply(table, batch);
    std::vector<std::size_t> again;
    std::optional<Error> busy;
    if (sent) {
      for (std::size_t i = 0; i < left.size(); ++i) {
        results[left[i]] = std::move((*sent)[i]);
        if (!results[left[i]] && MayPass(results[left[i]].error())) {
          busy = results[left[i]].error();
          again.push_back(left[i]);
        }
      }
    } else if (MayPass(sent.error())) {
      busy = sent.error();
      again = left;
    } else {
      return Fail(std::move(sent).error());
    }
    if (again.empty()) return results;
    if (again.size() < left.size()) attempt = 1;  // it moves
    const std::chrono::milliseconds wait(std::min(100 << std::min(attempt, 6), 5000));
    if (attempt >= options_.attempts_max || Cancelled() || !hooks_.wait || !hooks_.wait(wait)) {
      return Fail(*std::move(busy));
    }
    left = std::move(again);
  }
  return results;
}

Result<> Pipeline::WriteRows(const std::string& table, std::vector<SourceRow> rows) {
  std::vector<Write> writes;
  writes.reserve(rows.size());
  for (const SourceRow& row : rows) writes.push_back(CreateOf(row));
  auto results = TRY(Send(table, std::move(writes)));
  if (table == kNodesTable) TRY(Revive(table, rows, results));
  for (std::size_t i = 0; i < rows.size(); ++i) TRY(Count(rows[i], results[i]));
  return {};
}

// A deleted node keeps its id, so the row can only come back as what it was.
Result<> Pipeline::Revive(const std::string& table, const std::vector<SourceRow>& rows,
                          std::vector<Result<Written>>& results) {
  std::vector<std::size_t> taken;
  std::vector<Write> restores;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (results[i] || results[i].error().code != Code::kConflict) continue;
    const std::string id = TextIn(rows[i].fields, "id");
    if (id.empty()) continue;
    taken.push_back(i);
    restores.push_back({.op = Write::Op::kRestore, .id = id});
  }
  if (taken.empty()) return {};
  const auto restored = TRY(Send(table, std::move(restores)));
  std::vector<std::size_t> again;
  std::vector<Write> writes;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (!restored[i]) continue;  // not deleted: the conflict is another one
    again.push_back(taken[i]);
    writes.push_back({.op = Write::Op::kUpsert, .body = rows[taken[i]].fields});
  }
  if (again.empty()) return {};
  auto written = TRY(Send(table, std::move(writes)));
  for (std::size_t i = 0; i < again.size(); ++i) {
    results[again[i]] = std::move(written[i]);
    // That the row was restored is a change, even when nothing else is.
    if (results[again[i]]) results[again[i]]->kind = Written::Kind::kUpdated;
  }
  return {};
}

Result<std::unordered_map<std::string, std::string>> Pipeline::EdgeStates(
    const std::vector<std::string>& ids) {
  std::unordered_map<std::string, std::string> states;
  for (std::size_t at = 0; at < ids.size(); at += kIdsOfFilter) {
    std::string filter;
    for (std::size_t i = at; i < std::min(at + kIdsOfFilter, ids.size()); ++i) {
      filter += (filter.empty() ? "" : ", ") + Quoted(ids[i]);
    }
    const json::object page =
        TRY(target_.List(std::string(kEdgesTable), "id in (" + filter + ")", "id,properties", ""));
    for (const json::value& item : page.at("items").as_array()) {
      const json::object& edge = item.as_object();
      states[TextIn(edge, "id")] = TextIn(edge.at("properties").as_object(), "state");
    }
  }
  return states;
}

// New edges are pending. One that is there stays in its state and takes what changed; one that was
// superseded stays so, and the edge comes back as another.
Result<> Pipeline::WriteEdges(std::vector<SourceRow> rows) {
  for (int generation = 1; !rows.empty(); ++generation) {
    std::vector<Write> writes;
    for (const SourceRow& row : rows) {
      json::object body = row.fields;
      json::value& properties = body["properties"];
      if (!properties.is_object()) properties.emplace_object();
      properties.get_object()["state"] = "pending";
      writes.push_back({.op = Write::Op::kCreate, .body = std::move(body)});
    }
    const auto created = TRY(Send(std::string(kEdgesTable), std::move(writes)));
    std::vector<SourceRow> taken;
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      // Only the id can be taken: it is the one unique thing of an edge.
      if (created[i] || created[i].error().code != Code::kConflict) {
        TRY(Count(rows[i], created[i]));
      } else {
        ids.push_back(TextIn(rows[i].fields, "id"));
        taken.push_back(std::move(rows[i]));
      }
    }
    const auto states = TRY(EdgeStates(ids));
    std::vector<SourceRow> present;
    rows.clear();
    for (SourceRow& row : taken) {
      const std::string id = TextIn(row.fields, "id");
      const auto state = states.find(id);
      if (state != states.end() && state->second == "superseded" && generation < kGenerationsMax) {
        row.fields["id"] = NextEdgeId(id, generation);
        rows.push_back(std::move(row));
      } else {
        // Left pending by a job that failed: this one vouches for it.
        if (state != states.end() && state->second == "pending") pending_.push_back(id);
        present.push_back(std::move(row));
      }
    }
    if (!present.empty()) TRY(WriteRows(std::string(kEdgesTable), std::move(present)));
  }
  return {};
}

Result<> Pipeline::Count(const SourceRow& row, const Result<Written>& result) {
  if (!result) {
    if (row.only_if_absent && result.error().code == Code::kConflict) {
      ++metrics_.rows_read;
      ++metrics_.rows_skipped;
      Saw(row.table, TextIn(row.fields, "id"));
      return {};
    }
    return RejectRow(row, result.error());
  }
  ++metrics_.rows_read;
  ++(result->kind == Written::Kind::kUnchanged ? metrics_.rows_skipped : metrics_.rows_written);
  Saw(row.table, result->key);
  if (!row.owned.empty() && result->kind != Written::Kind::kCreated) {
    owned_[row.table].Saw(result->key, row.fields, row.owned);
  }
  if (row.ref.empty()) return {};
  if (keys_.size() >= kRefsMax) {
    return Fail(Code::kTooLarge,
                fmt::format("over {} rows that others refer to; split the input", kRefsMax));
  }
  keys_[row.ref] = result->key;
  return {};
}

Result<> Pipeline::RejectRow(const SourceRow& row, const Error& error) {
  ++metrics_.rows_read;
  ++metrics_.rows_failed;
  json::array errors;
  const std::string reason = ReasonOf(error);
  for (const FieldError& field : error.fields) {
    errors.push_back(
        json::object{{"path", field.path}, {"code", field.code}, {"message", field.message}});
  }
  if (hooks_.reject) {
    json::object reject{{"where", row.where},          {"line", row.at.line},
                        {"offset", row.at.offset},     {"reason", reason},
                        {"errors", std::move(errors)}, {"table", row.table}};
    std::string text = JsonText(row.fields);
    if (text.size() <= kRejectTextMax) {
      reject["row"] = row.fields;
    } else {
      reject["text"] = Ellipsis(text, kRejectTextMax);
    }
    hooks_.reject(std::move(reject));
  }
  if (!options_.fail_on_reject) return {};
  return Fail(Code::kInvalidArgument, fmt::format("{}: {}", row.where, reason));
}

Result<> Pipeline::Reject(const Position& at, const std::string& where, const std::string& reason,
                          std::string_view text) {
  ++metrics_.rows_read;
  ++metrics_.rows_failed;
  if (hooks_.reject) {
    json::object reject{
        {"where", where}, {"line", at.line}, {"offset", at.offset}, {"reason", reason}};
    if (!text.empty() && !InvalidUtf8At(text)) reject["text"] = Ellipsis(text, kRejectTextMax);
    hooks_.reject(std::move(reject));
  }
  if (!options_.fail_on_reject) return {};
  return Fail(Code::kInvalidArgument, fmt::format("{}: {}", where, reason));
}

}  // namespace tenon::ingest
