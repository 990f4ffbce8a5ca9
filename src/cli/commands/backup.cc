#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <iostream>

#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/session.h"

namespace tenon::cli {
namespace {

// Runs one of the two with a progress line of bytes.
Result<BackupReport> WithProgress(
    Session& session, const BackupRequest& request,
    const std::function<Result<BackupReport>(const BackupRequest&, const ProgressFn&)>& work) {
  ProgressOptions options;
  options.out = session.quiet() || !session.environment().err_terminal ? nullptr : &session.err();
  options.terminal = true;
  options.columns = session.environment().columns;
  options.unit = "pages";
  Clock& clock = *session.environment().clock;
  Progress progress(options, clock.Steady());
  ProgressState state;
  Result<BackupReport> report = work(request, [&](std::int64_t done, std::int64_t total) {
    state.done = done;
    state.total = total;
    progress.Update(state, clock.Steady());
  });
  if (state.done > 0) progress.End(state, clock.Steady());
  return report;
}

Result<int> RunBackup(Session& session, const Arguments& arguments) {
  if (!session.environment().backup) return Fail(Code::kUnavailable, "this build cannot back up");
  if (!arguments.Has("file")) {
    return Fail(Code::kInvalidArgument, "name the file to write with -o FILE");
  }
  BackupRequest request;
  request.settings = session.settings();
  request.file = arguments.Get("file");
  request.force = arguments.Has("force");
  std::error_code problem;
  if (!request.force && std::filesystem::exists(request.file, problem)) {
    return Fail(Code::kConflict,
                fmt::format("{} is there already; --force replaces it", request.file.string()));
  }
  ::umask(0077);  // a copy of everything is nobody else's to read
  const BackupReport report = TRY(WithProgress(session, request, session.environment().backup));
  session.Note(fmt::format("wrote {} ({}) up to log position {}", request.file.string(),
                           Bytes(report.bytes), report.position));
  return 0;
}

Result<int> RunRestore(Session& session, const Arguments& arguments) {
  if (!session.environment().restore) return Fail(Code::kUnavailable, "this build cannot restore");
  if (!session.globals().Has("data")) {
    return Fail(Code::kInvalidArgument, "name the data directory to restore into with --data DIR");
  }
  BackupRequest request;
  request.settings = session.settings();
  request.file = arguments.Get("FILE");
  request.force = arguments.Has("force");
  const BackupReport report = TRY(WithProgress(session, request, session.environment().restore));
  session.Note(fmt::format("restored {} into {}: {}, log position {}", request.file.string(),
                           session.globals().Get("data"), Bytes(report.bytes), report.position));
  session.Note(fmt::format(
      "keys are those of the backup, without DIR/admin.key; make one: tenon keys create NAME "
      "--roles system --data {}",
      session.globals().Get("data")));
  return 0;
}

}  // namespace

Command BackupCommand() {
  return {.name = "backup",
          .group = "Server",
          .summary = "Write a consistent copy of a data directory, also while it is served",
          .details =
              "Reads the data file beside a running server on the same machine; writers are\n"
              "not held up. The copy holds everything but DIR/admin.key and the encryption\n"
              "key. It is itself a data file that sqlite3 can read.",
          .examples = {"tenon backup --data ./data -o tenon-2026-11-21.db"},
          .positionals = {},
          .options = {{"file", "FILE", "file to write", "o", false, {}, Completes::kFile},
                      {"force", "", "replace the file when it is there"}},
          .run = RunBackup};
}

Command RestoreCommand() {
  return {
      .name = "restore",
      .group = "Server",
      .summary = "Put a backup in place as a data directory",
      .details =
          "The backup is checked first: its integrity, its version, its audit chain. No\n"
          "server may have the directory open.",
      .examples = {"tenon restore tenon-2026-11-21.db --data ./data"},
      .positionals = {{"FILE", "a file that tenon backup wrote", true, false, Completes::kFile}},
      .options = {{"force", "", "replace the data that is there"}},
      .run = RunRestore};
}

}  // namespace tenon::cli
