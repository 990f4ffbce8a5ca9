#include <fmt/format.h>

#include <cerrno>
#include <exception>
#include <iostream>

#include "cli/commands.h"
#include "cli/environment.h"
#include "cli/help.h"
#include "cli/parse.h"
#include "cli/report.h"
#include "cli/session.h"

namespace tenon::cli {
namespace {

// 128 and the signal, as shells have it.
constexpr int kInterruptedExit = 130;
constexpr int kBrokenPipeExit = 141;

int Report(const Error& error, const Session& session) {
  ReportContext context;
  Result<Connection> connection = session.ResolveConnection();
  if (session.asked_server() && connection) {
    context.where = connection->in_process ? "" : connection->url;
    context.is_default = connection->is_default;
    context.has_key = !connection->key.empty();
  }
  session.err() << RenderError(error, context, session.err_style()) << std::flush;
  return Info(error.code).exit_code;
}

int Run(int argc, const char* const* argv, const Environment& environment) {
  const std::vector<Command> commands = AllCommands();
  Result<Parsed> parsed = Parse(argc, argv, commands);
  if (!parsed) {
    const Session session(environment, Arguments(), commands);
    session.err() << RenderError(parsed.error(), ReportContext{}, session.err_style())
                  << std::flush;
    return Info(parsed.error().code).exit_code;
  }
  Session session(environment, std::move(parsed->globals), commands);
  if (parsed->version) {
    session.out() << "tenon " TENON_VERSION "\n" << std::flush;
    return 0;
  }
  if (parsed->command == nullptr) {
    session.out() << (parsed->group.empty()
                          ? RootHelp(commands, session.out_style())
                          : GroupHelp(parsed->group, commands, session.out_style()))
                  << std::flush;
    // Nothing was asked for: the page is the answer, and a script should notice.
    return parsed->help || parsed->group.empty() ? 0 : Info(Code::kInvalidArgument).exit_code;
  }
  if (parsed->help) {
    session.out() << CommandHelp(*parsed->command, session.out_style()) << std::flush;
    return 0;
  }
  errno = 0;
  Result<int> code = parsed->command->run(session, parsed->arguments);
  session.out() << std::flush;
  // `tenon export assets | head` has what it wants; that is no error to speak of.
  if (!session.out() && errno == EPIPE) return kBrokenPipeExit;
  if (session.Interrupted()) return kInterruptedExit;
  if (!code) return Report(code.error(), session);
  if (!session.out()) {
    return Report(Error(Code::kUnavailable, "cannot write to standard output"), session);
  }
  return *code;
}

}  // namespace

int Main(int argc, const char* const* argv, const Environment& environment) {
  // The last line of defence: what a library throws past its adapter is a defect, told as one.
  try {
    return Run(argc, argv, environment);
  } catch (const std::exception& defect) {
    *environment.err << "error: a defect of tenon: " << defect.what() << "\n" << std::flush;
    return Info(Code::kInternal).exit_code;
  }
}

}  // namespace tenon::cli
