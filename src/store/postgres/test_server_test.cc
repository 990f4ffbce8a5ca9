#include "store/postgres/test_server.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

namespace tenon::testing {
namespace {

TEST(TestServer, GivesEachTestADatabaseOfItsOwn) {
  const auto server = PostgresServer::Shared();
  if (!server) GTEST_SKIP() << server.error().message;
  auto first = TestDatabase::Make(*server);
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_TRUE((*first)->Run("CREATE TABLE t (x int); INSERT INTO t VALUES (1), (2)"));
  auto copy = TestDatabase::Make(*server, (*first)->name());
  ASSERT_TRUE(copy) << copy.error().message;
  EXPECT_EQ((*copy)->Ask("SELECT count(*) FROM t").value_or("-"), "2");
  auto empty = TestDatabase::Make(*server);
  ASSERT_TRUE(empty);
  EXPECT_FALSE((*empty)->Ask("SELECT count(*) FROM t"));
  EXPECT_EQ((*empty)->Ask("SELECT 'a' < 'B'").value_or("-"), "t") << "sorts as people do";
  EXPECT_EQ((*empty)->Ask("SHOW timezone").value_or("-"), "Asia/Kathmandu");
}

TEST(TestServer, StartsAgainAfterACrash) {
  auto server = PostgresServer::Launch();
  if (!server && server.error().code == Code::kUnavailable) GTEST_SKIP() << server.error().message;
  ASSERT_TRUE(server) << server.error().message;
  ASSERT_TRUE((*server)->Run("postgres", "CREATE TABLE t (x int)"));
  ASSERT_TRUE((*server)->Kill());
  EXPECT_FALSE((*server)->Ask("postgres", "SELECT 1"));
  ASSERT_TRUE((*server)->Start());
  EXPECT_EQ((*server)->Ask("postgres", "SELECT count(*) FROM t").value_or("-"), "0");
}

TEST(TestServer, IsGoneAfterTheProgramWasKilled) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    const auto server = PostgresServer::Launch();
    const std::string directory = server ? (*server)->directory() : "";
    if (write(ends[1], directory.data(), directory.size()) < 0) _exit(1);
    raise(SIGKILL);
  }
  close(ends[1]);
  std::string directory(200, '\0');
  directory.resize(
      static_cast<std::size_t>(std::max<ssize_t>(0, read(ends[0], directory.data(), 200))));
  close(ends[0]);
  waitpid(child, nullptr, 0);
  if (directory.empty()) GTEST_SKIP() << "PostgreSQL is not installed";
  for (int i = 0; i < 1000 && std::filesystem::exists(directory); ++i) usleep(20000);
  EXPECT_FALSE(std::filesystem::exists(directory));
}

}  // namespace
}  // namespace tenon::testing
