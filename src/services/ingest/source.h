// The sources of rows that run in the server and from the command line alike.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "net/client.h"
#include "services/ingest/input.h"
#include "services/ingest/row_sink.h"

namespace tenon::ingest {

// What a source signs in with; never in a job's options, logs or rejects.
struct SourceSecrets {
  net::Headers headers;  // "Authorization" and the like
  std::string password;  // of a database
};

// A file that a source may read.
struct FoundFile {
  std::string path;  // resolved: no links left in it
  std::uint64_t bytes = 0;
  std::int64_t changed_us = 0;  // mtime
};

// Files by the paths in options. The server's is bound to its import roots.
class Files {
 public:
  virtual ~Files() = default;
  // Absolute paths of the file, or of the regular files in the folder whose names end in `suffix`,
  // sorted. kForbidden outside the roots, kNotFound.
  virtual Result<std::vector<FoundFile>> Find(const std::string& path,
                                              std::string_view suffix) const = 0;
  // Opens what Find found; gzip by the name's .gz.
  virtual Result<std::unique_ptr<InputSource>> Open(const FoundFile& file) const = 0;
};

struct SourceContext {
  const json::object& options;
  const SourceSecrets& secrets;
  const json::object& checkpoint;  // of the source itself, RowSink::SetCheckpoint; may be empty
  const Files& files;
  // The way out; made when a source first needs it.
  const std::function<Result<net::ClientDeps>()>& net;
  Clock& clock;
  Random& random;
  // Waits; false when the job should end.
  std::function<bool(std::chrono::milliseconds)> wait;
  RowSink& sink;
};

// One option as the command line and the documentation name it.
struct SourceOption {
  std::string_view name;   // "file": also --file
  std::string_view value;  // "PATH": a file or folder, and nothing else; empty: a switch
  std::string_view help;
  bool repeated = false;
  bool number = false;
  bool secret = false;  // goes to MigrationJob.secrets, not to its options
};

struct SourceKind {
  std::string_view name;  // "youtube8m": MigrationJob.source
  std::string_view summary;
  std::vector<SourceOption> options;
  // What a rejected row means unless options.on_error says fail or skip.
  bool fails_on_reject = false;
  // Every wrong option at once, before a job is made; looks at no file and no network.
  Result<> (*check)(const json::object& options);
  Result<> (*read)(SourceContext& context);
};

std::span<const SourceKind> SourceKinds();
// Null when there is none.
const SourceKind* FindSource(std::string_view name);

// Its own options, and those that every source has (on_error, keep_missing).
std::vector<SourceOption> OptionsOf(const SourceKind& kind);
bool FailsOnReject(const SourceKind& kind, const json::object& options);
// The source's part of a job's checkpoint.
json::object SourceCheckpoint(const json::object& checkpoint);

// Unknown options, wrong types (text, true or false, whole numbers, lists of texts) and missing
// ones, by the kind's table; kInvalidField.
Result<> CheckOptions(const SourceKind& kind, const json::object& options,
                      std::span<const std::string_view> required);

// --- reading options -----------------------------------------------------------------------------

std::string OptionText(const json::object& options, std::string_view name);
std::vector<std::string> OptionTexts(const json::object& options, std::string_view name);
std::int64_t OptionInt(const json::object& options, std::string_view name, std::int64_t otherwise);
bool OptionFlag(const json::object& options, std::string_view name, bool otherwise);

// All of a file, bounded. kTooLarge over it.
Result<std::string> ReadWhole(InputSource& source, std::size_t bytes_max);

}  // namespace tenon::ingest
