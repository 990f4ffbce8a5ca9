// What a source gives its rows to. A source reads and maps; it knows nothing of batches, jobs,
// keys of the store or who runs it.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "services/ingest/input.h"

namespace tenon::ingest {

struct SourceRow {
  std::string table;  // "graph_nodes"
  json::object fields;
  // Under which later rows may refer to this one's key; empty: none does.
  std::string ref = {};
  // Fields that take the key of an earlier row: field and its ref.
  std::vector<std::pair<std::string, std::string>> references = {};
  // Leave a row that is there as it is: this one knows less.
  bool only_if_absent = false;
  // Paths of JSON members that this source alone writes ("metadata.dbt"), constants: what the row
  // has under them and `fields` has not goes.
  std::span<const std::string_view> owned = {};
  Position at = {};
  std::string where = {};  // for people: "record 17 of a.tfrecord", "page 3, item 4"
};

// Used by one thread. An error of any call ends the source: it returns it.
class RowSink {
 public:
  virtual ~RowSink() = default;

  // Names what this source is the authority of ("dbt:jaffle_shop"), before the first row, and all
  // tables that it writes to. Rows of these tables that an earlier whole run of the same
  // origin wrote and this one does not are superseded or deleted, unless this one puts no row.
  virtual void Begin(const std::string& origin, std::vector<std::string> tables) = 0;
  // Tells the same input from a changed one ("size/mtime"); a resumed job skips what it did before
  // only if it is the same. Sources that do not call it find their own way by SetCheckpoint.
  virtual void Fingerprint(const std::string& input) = 0;

  // Rows of `table` that the filter finds and this run does not put go at the end, as those of its
  // origin do: for tables whose rows cannot say what origin they are of. `fields` make their key.
  virtual void Covers(const std::string& table, const std::string& filter,
                      const std::string& fields) = 0;
  // The keys of rows that others made, by the value of a text field; those that are not there, or
  // may not be read, are left out.
  virtual Result<std::map<std::string, std::string>> Find(
      const std::string& table, const std::string& field,
      const std::vector<std::string>& values) = 0;

  // A new part of the work, for the progress line; 0: the number of rows is not known.
  virtual void Phase(const std::string& name, std::int64_t rows_total) = 0;
  virtual Result<> Put(SourceRow row) = 0;
  // A part of the input that makes no row. An error when the job is to fail at the first.
  virtual Result<> Reject(const Position& at, const std::string& where, const std::string& reason,
                          std::string_view text) = 0;
  // Bytes read so far and in all (0: not known).
  virtual void Bytes(std::int64_t read, std::int64_t total) = 0;
  virtual void Note(std::string_view level, const std::string& message) = 0;

  // Where to go on, once all rows put so far are written.
  virtual void SetCheckpoint(json::object checkpoint) = 0;
  // Not the whole of the input is read: nothing is superseded.
  virtual void Partial(const std::string& why) = 0;

  // True when the job should end; the source then returns at once, with or without an error.
  virtual bool Cancelled() = 0;
};

}  // namespace tenon::ingest
