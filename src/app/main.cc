// The `tenon` binary: fills in what the command line takes from outside and hands over to it.
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <iostream>

#include "app/config.h"
#include "app/node.h"
#include "app/offline.h"
#include "app/serve.h"
#include "cli/environment.h"

namespace tenon {
namespace {

// Set by the handler of SIGINT: the one thing that a signal handler may touch.
std::atomic<bool> interrupted{false};

void OnInterrupt(int) {
  // A second Ctrl-C ends the process at once.
  if (interrupted.exchange(true)) ::_exit(130);
}

Result<Config> Load(const cli::Settings& settings) {
  ConfigSources sources;
  sources.file = settings.config_file;
  sources.environment = ProcessEnvironment();
  sources.flags = settings.overrides;
  return LoadConfig(sources);
}

int TerminalColumns() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

cli::Environment MakeEnvironment(Clock& clock, IdSource& ids) {
  cli::Environment environment;
  environment.in = &std::cin;
  environment.out = &std::cout;
  environment.err = &std::cerr;
  environment.in_terminal = ::isatty(STDIN_FILENO) != 0;
  environment.out_terminal = ::isatty(STDOUT_FILENO) != 0;
  environment.err_terminal = ::isatty(STDERR_FILENO) != 0;
  environment.columns = TerminalColumns();
  environment.getenv = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  environment.clock = &clock;
  environment.ids = &ids;
  environment.interrupted = [] { return interrupted.load(); };
  using cli::Settings;
  environment.open_in_process =
      [](const Settings& settings) -> Result<std::unique_ptr<cli::Transport>> {
    return OpenInProcess(TRY(Load(settings)));
  };
  environment.serve = [](const Settings& settings) -> Result<int> {
    return Serve(TRY(Load(settings)));
  };
  environment.show_config = [](const Settings& settings) -> Result<std::vector<cli::SettingRow>> {
    std::vector<cli::SettingRow> rows;
    const Config config = TRY(Load(settings));
    for (const std::string& warning : config.warnings) std::cerr << "warning: " << warning << "\n";
    for (const ConfigEntry& entry : config.entries) {
      rows.push_back({entry.key, entry.value, entry.source});
    }
    return rows;
  };
  environment.model_sources =
      [](const Settings& settings) -> Result<std::vector<model::SourceFile>> {
    return ModelSources(TRY(Load(settings)));
  };
  environment.plan = [](const cli::MigrateRequest& request) -> Result<cli::MigrationReport> {
    return PlanOffline(TRY(Load(request.settings)), request);
  };
  environment.migrate = [](const cli::MigrateRequest& request) -> Result<cli::MigrationReport> {
    return MigrateOffline(TRY(Load(request.settings)), request);
  };
  environment.rollback = [](const cli::MigrateRequest& request) -> Result<cli::MigrationReport> {
    return RollbackOffline(TRY(Load(request.settings)), request);
  };
  environment.move = [](const cli::MoveRequest& request,
                        const cli::MoveProgressFn& progress) -> Result<cli::MoveReport> {
    return MoveOffline(TRY(Load(request.settings)), request.url, progress,
                       [] { return interrupted.load(); });
  };
  environment.backup = [](const cli::BackupRequest& request,
                          const cli::ProgressFn& progress) -> Result<cli::BackupReport> {
    return BackupOffline(TRY(Load(request.settings)), request, progress);
  };
  environment.restore = [](const cli::BackupRequest& request,
                           const cli::ProgressFn& progress) -> Result<cli::BackupReport> {
    return RestoreOffline(TRY(Load(request.settings)), request, progress);
  };
  environment.doctor = [](const Settings& settings,
                          bool reconcile) -> Result<std::vector<cli::Finding>> {
    return Doctor(TRY(Load(settings)), reconcile);
  };
  return environment;
}

}  // namespace
}  // namespace tenon

int main(int argc, char** argv) {
  struct sigaction action{};
  action.sa_handler = tenon::OnInterrupt;
  ::sigaction(SIGINT, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  tenon::SystemClock clock;
  tenon::SecureRandom random;
  tenon::IdSource ids(clock, random);
  return tenon::cli::Main(argc, argv, tenon::MakeEnvironment(clock, ids));
}
