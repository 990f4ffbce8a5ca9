// A private PostgreSQL for tests: started in a temporary folder, gone with the test program.
//
//   class MyTest : public ::testing::Test {
//     void SetUp() override {
//       const auto server = testing::PostgresServer::Shared();
//       if (!server) GTEST_SKIP() << server.error().message;   // only when the binaries are absent
//       auto made = testing::TestDatabase::Make(*server);      // empty, or a copy of a template
//       ASSERT_TRUE(made) << made.error().message;
//       database_ = std::move(*made);                          // database_->url()
//     }
//     std::unique_ptr<testing::TestDatabase> database_;
//   };
//
// Link tenon_store_testing. One server serves a test program (a second to start), or the whole run:
// tests/run starts one and names it in TENON_TEST_POSTGRES, which Shared() then uses. Each test
// takes a database of its own; one that was made before can be its TEMPLATE, when nobody is
// connected to it. Roles belong to the server, not to the database: name them after the database
// when tests of several programs make them, and drop what they own first (or leave them).
//
// The server is made to be unlike what one hopes for: text sorts by ICU's en-US unless a statement
// says COLLATE "C", and its time zone is Asia/Kathmandu. fsync is off unless asked for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace tenon::testing {

struct PostgresServerOptions {
  bool fsync = false;
  int connections_max = 100;
  std::vector<std::string> settings;  // "name=value", for postgresql.conf
};

// Thread-safe but for Start, Stop and Kill.
class PostgresServer {
 public:
  // Starts a server of one's own, for tests that stop it or change its settings. kUnavailable when
  // PostgreSQL 15 is not installed, kInternal when it does not start.
  static Result<std::unique_ptr<PostgresServer>> Launch(PostgresServerOptions options = {});

  // The server of the run or of this program, launched at the first call. As Launch.
  static Result<std::shared_ptr<PostgresServer>> Shared();

  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // postgresql://USER@/DATABASE?host=...&port=..., over the unix socket. The default user is the
  // superuser. Everybody is trusted.
  [[nodiscard]] std::string Url(const std::string& database,
                                const std::string& user = "postgres") const;
  // The same over 127.0.0.1, through `port` (a proxy's) when it is not 0.
  [[nodiscard]] std::string TcpUrl(const std::string& database,
                                   const std::string& user = "postgres", int port = 0) const;
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] const std::string& directory() const { return directory_; }

  // Makes a file or folder the server's user's own, where that is another one.
  static Result<void> GiveAway(const std::string& path);

  // Runs statements in `database` as the superuser, in one transaction (so CREATE DATABASE alone).
  [[nodiscard]] Result<void> Run(const std::string& database, const std::string& sql) const;
  // The first column of the first row; empty when there is none.
  [[nodiscard]] Result<std::string> Ask(const std::string& database, const std::string& sql) const;

  // A hot standby that follows this server, on a port and in a folder of its own.
  Result<std::unique_ptr<PostgresServer>> LaunchStandby() const;
  // Makes a standby the primary.
  Result<void> Promote() const;

  // Ends the server at once, as a crash would; every connection breaks.
  Result<void> Kill();
  // Starts it again, with the same port and data. Recovers first after Kill.
  Result<void> Start();

 private:
  explicit PostgresServer(PostgresServerOptions options) : options_(std::move(options)) {}
  Result<void> Initialise();
  Result<void> SpawnKeeper();
  [[nodiscard]] std::vector<std::string> AsServerUser(std::vector<std::string> command) const;

  PostgresServerOptions options_;
  std::string binaries_;
  std::string directory_;  // holds the socket, data/ and server.log
  int port_ = 0;
  // A process that ends the server and removes the folder when its pipe is closed, however we end.
  // -1: somebody else's server.
  int keeper_ = -1;
  int keeper_pipe_ = -1;
};

// A database of one test; dropped at its end with whoever is still connected.
class TestDatabase {
 public:
  // A copy of the database `from`, or an empty one.
  static Result<std::unique_ptr<TestDatabase>> Make(std::shared_ptr<PostgresServer> server,
                                                    const std::string& from = "template0");
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] PostgresServer& server() const { return *server_; }
  [[nodiscard]] std::string url(const std::string& user = "postgres") const {
    return server_->Url(name_, user);
  }
  [[nodiscard]] Result<void> Run(const std::string& sql) const { return server_->Run(name_, sql); }
  [[nodiscard]] Result<std::string> Ask(const std::string& sql) const {
    return server_->Ask(name_, sql);
  }

 private:
  TestDatabase(std::shared_ptr<PostgresServer> server, std::string name)
      : server_(std::move(server)), name_(std::move(name)) {}
  std::shared_ptr<PostgresServer> server_;
  std::string name_;
};

}  // namespace tenon::testing
