#include "store/postgres/test_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace tenon::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSocketPathMax = 90;  // of 107, the rest is "/.s.PGSQL.65535"
constexpr int kStartsMax = 3;               // another program may take the free port before us
constexpr std::string_view kSharedVariable = "TENON_TEST_POSTGRES";  // DIRECTORY:PORT

// Ends when its standard input does, and then takes the server and its folder ($1) along.
constexpr const char* kKeeper = R"(
while read -r _; do :; done
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ]; then
  kill -QUIT "$pid" 2>/dev/null
  for _ in $(seq 300); do kill -0 "$pid" 2>/dev/null || break; sleep 0.02; done
fi
rm -rf "$1")";

std::string FindBinaries() {
  for (const char* version : {"15", "16", "17"}) {
    std::string path = fmt::format("/usr/lib/postgresql/{}/bin", version);
    if (access((path + "/initdb").c_str(), X_OK) == 0) return path;
  }
  return {};
}

Result<std::string> MakeDirectory() {
  std::string base = fs::temp_directory_path().string();
  if (base.size() > kSocketPathMax - 20) base = "/tmp";
  std::string name = base + "/tenon-pg-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) return Fail(Code::kInternal, "cannot make " + name);
  return name;
}

int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  bind(fd, generic, size);
  getsockname(fd, generic, &size);
  close(fd);
  return ntohs(address.sin_port);
}

struct Spawned {
  std::vector<std::string> command;
  int input = -1;  // -1: nothing
  std::string output = "/dev/null";
  bool own_session = false;
};

Result<pid_t> Spawn(const Spawned& what) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (what.input >= 0) {
    posix_spawn_file_actions_adddup2(&actions, what.input, 0);
  } else {
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  }
  posix_spawn_file_actions_addopen(&actions, 1, what.output.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                   0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // A Ctrl-C is for the test program; the keeper then sees its end.
  if (what.own_session) posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  std::vector<char*> arguments;
  for (const std::string& part : what.command) arguments.push_back(const_cast<char*>(part.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int error =
      posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return Fail(Code::kInternal, "cannot run " + what.command.front());
  return pid;
}

Result<void> RunProgram(std::vector<std::string> command, const std::string& log) {
  const std::string name = command.front();
  const pid_t pid = TRY(Spawn({.command = std::move(command), .output = log}));
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (status == 0) return {};
  std::ifstream file(log);
  std::ostringstream text;
  text << file.rdbuf();
  return Fail(Code::kInternal, fmt::format("{} failed: {}", name, text.str()));
}

struct Ended {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};

Result<std::unique_ptr<PGresult, Ended>> Exec(const std::string& url, const std::string& sql) {
  const std::unique_ptr<PGconn, Ended> connection(PQconnectdb(url.c_str()));
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    return Fail(Code::kInternal, PQerrorMessage(connection.get()));
  }
  PQsetNoticeProcessor(connection.get(), [](void*, const char*) {}, nullptr);
  std::unique_ptr<PGresult, Ended> result(PQexec(connection.get(), sql.c_str()));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    return Fail(Code::kInternal, PQresultErrorMessage(result.get()));
  }
  return result;
}

}  // namespace

// The server's own programs refuse to run as root; then they run as the user of Debian's package.
std::vector<std::string> PostgresServer::AsServerUser(std::vector<std::string> command) const {
  // They also want a working directory that they may read.
  std::vector<std::string> out = {"/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", directory_};
  if (geteuid() == 0) {
    const passwd* user = getpwnam("postgres");
    if (user == nullptr) user = getpwnam("nobody");
    out.insert(out.end(), {"setpriv", fmt::format("--reuid={}", user->pw_uid),
                           fmt::format("--regid={}", user->pw_gid), "--clear-groups"});
  }
  out.insert(out.end(), command.begin(), command.end());
  return out;
}

Result<std::unique_ptr<PostgresServer>> PostgresServer::Launch(PostgresServerOptions options) {
  std::unique_ptr<PostgresServer> server(new PostgresServer(std::move(options)));
  server->binaries_ = FindBinaries();
  if (server->binaries_.empty()) {
    return Fail(Code::kUnavailable, "PostgreSQL is not installed (apt install postgresql-15)");
  }
  server->directory_ = TRY(MakeDirectory());
  TRY(server->SpawnKeeper());
  TRY(server->Initialise());
  for (int tries = 1;; ++tries) {
    server->port_ = FreePort();
    const Result<void> started = server->Start();
    if (started) break;
    if (tries == kStartsMax) return Fail(started.error());
  }
  return server;
}

Result<std::shared_ptr<PostgresServer>> PostgresServer::Shared() {
  static const Result<std::shared_ptr<PostgresServer>> shared =
      []() -> Result<std::shared_ptr<PostgresServer>> {
    const char* named = std::getenv(std::string(kSharedVariable).c_str());
    if (named == nullptr || *named == '\0') return TRY(Launch());
    const std::string_view text = named;
    const std::size_t colon = text.rfind(':');
    std::shared_ptr<PostgresServer> server(new PostgresServer({}));
    server->directory_ = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    std::from_chars(port.data(), port.data() + port.size(), server->port_);
    return server;
  }();
  return shared;
}

Result<std::unique_ptr<PostgresServer>> PostgresServer::LaunchStandby() const {
  std::unique_ptr<PostgresServer> standby(new PostgresServer(options_));
  standby->binaries_ = binaries_;
  standby->directory_ = TRY(MakeDirectory());
  TRY(standby->SpawnKeeper());
  TRY(GiveAway(standby->directory_));
  TRY(RunProgram(
      standby->AsServerUser({binaries_ + "/pg_basebackup", "-D", standby->directory_ + "/data",
                             "-d", Url("postgres"), "-R", "-c", "fast", "-X", "stream"}),
      standby->directory_ + "/pg_basebackup.log"));
  std::ofstream file(standby->directory_ + "/data/postgresql.conf", std::ios::app);
  file << "unix_socket_directories = '" << standby->directory_ << "'\n";
  file.close();
  for (int tries = 1;; ++tries) {
    standby->port_ = FreePort();
    const Result<void> started = standby->Start();
    if (started) return standby;
    if (tries == kStartsMax) return Fail(started.error());
  }
}

Result<void> PostgresServer::Promote() const {
  return RunProgram(AsServerUser({binaries_ + "/pg_ctl", "-D", directory_ + "/data", "-w", "-t",
                                  "60", "promote"}),
                    directory_ + "/pg_ctl.log");
}

Result<void> PostgresServer::SpawnKeeper() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Fail(Code::kInternal, "no pipe");
  keeper_pipe_ = ends[1];
  const Result<pid_t> keeper = Spawn({.command = {"/bin/sh", "-c", kKeeper, "sh", directory_},
                                      .input = ends[0],
                                      .own_session = true});
  close(ends[0]);
  keeper_ = TRY(keeper);
  return {};
}

Result<void> PostgresServer::GiveAway(const std::string& path) {
  if (geteuid() != 0) return {};
  const passwd* user = getpwnam("postgres");
  if (user == nullptr) user = getpwnam("nobody");
  if (chown(path.c_str(), user->pw_uid, user->pw_gid) == 0) return {};
  return Fail(Code::kInternal, "cannot give away " + path);
}

Result<void> PostgresServer::Initialise() {
  TRY(GiveAway(directory_));
  TRY(RunProgram(AsServerUser({binaries_ + "/initdb", "-D", directory_ + "/data", "-U", "postgres",
                               "-A", "trust", "-N", "--no-instructions", "--encoding=UTF8",
                               "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"}),
                 directory_ + "/initdb.log"));
  std::ofstream file(directory_ + "/data/postgresql.conf", std::ios::app);
  file << "\nlisten_addresses = '127.0.0.1'\n"
       << "unix_socket_directories = '" << directory_ << "'\n"
       << "max_connections = " << options_.connections_max << "\n"
       << "shared_buffers = '32MB'\n"
       << "timezone = 'Asia/Kathmandu'\n"
       << "log_timezone = 'UTC'\n"
       << "jit = off\n";
  if (!options_.fsync) {
    file << "fsync = off\nfull_page_writes = off\n";
  }
  for (const std::string& setting : options_.settings) file << setting << "\n";
  return file.good() ? Result<void>{} : Fail(Code::kInternal, "cannot write postgresql.conf");
}

Result<void> PostgresServer::Start() {
  return RunProgram(AsServerUser({binaries_ + "/pg_ctl", "-D", directory_ + "/data", "-l",
                                  directory_ + "/server.log", "-o", fmt::format("-p {}", port_),
                                  "-w", "-t", "60", "start"}),
                    directory_ + "/pg_ctl.log");
}

Result<void> PostgresServer::Kill() {
  return RunProgram(AsServerUser({binaries_ + "/pg_ctl", "-D", directory_ + "/data", "-m",
                                  "immediate", "-w", "stop"}),
                    directory_ + "/pg_ctl.log");
}

PostgresServer::~PostgresServer() {
  if (keeper_pipe_ >= 0) close(keeper_pipe_);
  if (keeper_ >= 0) waitpid(keeper_, nullptr, 0);
}

std::string PostgresServer::Url(const std::string& database, const std::string& user) const {
  return fmt::format("postgresql://{}@/{}?host={}&port={}", user, database, directory_, port_);
}

std::string PostgresServer::TcpUrl(const std::string& database, const std::string& user,
                                   int port) const {
  return fmt::format("postgresql://{}@127.0.0.1:{}/{}", user, port == 0 ? port_ : port, database);
}

Result<void> PostgresServer::Run(const std::string& database, const std::string& sql) const {
  TRY(Exec(Url(database), sql));
  return {};
}

Result<std::string> PostgresServer::Ask(const std::string& database, const std::string& sql) const {
  const auto result = TRY(Exec(Url(database), sql));
  if (PQntuples(result.get()) == 0) return std::string();
  return std::string(PQgetvalue(result.get(), 0, 0));
}

Result<std::unique_ptr<TestDatabase>> TestDatabase::Make(std::shared_ptr<PostgresServer> server,
                                                         const std::string& from) {
  static std::atomic<int> made{0};
  std::string name = fmt::format("t_{}_{}", getpid(), ++made);
  TRY(server->Run("postgres", fmt::format("CREATE DATABASE {} TEMPLATE {}", name, from)));
  return std::unique_ptr<TestDatabase>(new TestDatabase(std::move(server), std::move(name)));
}

TestDatabase::~TestDatabase() {
  // Best effort: a test may have killed its server.
  static_cast<void>(
      server_->Run("postgres", fmt::format("DROP DATABASE IF EXISTS {} WITH (FORCE)", name_)));
}

}  // namespace tenon::testing
