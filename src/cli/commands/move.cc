#include "cli/commands/move.h"

#include <fmt/format.h>

#include <iostream>
#include <utility>

#include "cli/progress.h"
#include "cli/rows.h"

namespace tenon::cli {

Result<int> RunMove(Session& session, Settings settings, const std::string& url) {
  const Environment& environment = session.environment();
  if (!environment.move) return Fail(Code::kUnavailable, "this build cannot move");
  ProgressOptions options;
  options.out = session.quiet() ? nullptr : &session.err();
  options.terminal = environment.err_terminal;
  options.columns = environment.columns;
  Progress progress(options, environment.clock->Steady());
  ProgressState state;
  const Result<MoveReport> moved =
      environment.move({std::move(settings), url},
                       [&](const std::string& what, std::int64_t done, std::int64_t total) {
                         state = {.done = done, .total = total, .phase = what};
                         progress.Update(state, environment.clock->Steady());
                       });
  if (state.total > 0) progress.End(state, environment.clock->Steady());
  // The error of what was interrupted is not told by itself.
  if (!moved && session.Interrupted()) session.Note(moved.error().message);
  const MoveReport& report = TRY(moved);
  json::array rows;
  for (const auto& [table, count] : report.tables) {
    rows.push_back(json::object{{"table", table}, {"rows", count}});
  }
  RowPrinter printer(session, nullptr, {});
  printer.Page(rows);
  printer.End();
  for (const std::string& kept : report.left_out) {
    session.Note(kept + " is no longer in the models and was not copied");
  }
  session.Note(fmt::format(
      "moved {} rows to {}{}; the audit chain is whole up to log position {}\n"
      "to serve from there: TENON_STORE=postgres TENON_DATABASE_URL=... with this data directory",
      Grouped(report.rows), report.target, report.resumed ? ", going on with an earlier move" : "",
      report.position));
  return 0;
}

}  // namespace tenon::cli
