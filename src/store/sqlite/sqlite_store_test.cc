// What is SQLite's own: files, locks, crashes, faults, space.
#include "store/sqlite/sqlite_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "store/sqlite/fault_vfs.h"
#include "store/testing.h"

namespace tenon {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;
using testing::IntOf;
using testing::OpenSqlite;
using testing::QueryInt;
using testing::RunScript;
using testing::TempDir;

constexpr const char* kTable = "CREATE TABLE t (id INTEGER PRIMARY KEY, data TEXT) STRICT";

Result<void> InsertRow(Store& store, std::int64_t id, const std::string& data) {
  return store.Write({}, [&](Transaction& t) -> Result<void> {
    TRY(t.Execute("INSERT INTO t (id, data) VALUES (?1, ?2)",
                  std::vector<Value>{Value(id), Value(data)}));
    return {};
  });
}

std::string OpenError(const std::string& directory, bool create = true) {
  SqliteOptions options;
  options.directory = directory;
  options.create = create;
  Result<std::unique_ptr<SqliteStore>> opened = SqliteStore::Open(options);
  return opened ? "opened" : opened.error().message;
}

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

void Overwrite(const std::string& path, std::size_t at, const std::string& bytes) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(at));
  file << bytes;
}

// A store with one row, closed.
void MakeStore(const std::string& directory) {
  auto store = OpenSqlite(directory);
  RunScript(*store, kTable);
  ASSERT_TRUE(InsertRow(*store, 1, "one"));
}

TEST(SqliteFile, IsMadeAsDocumented) {
  const TempDir dir;
  const std::string data = dir.path() + "/data";
  auto store = OpenSqlite(data);
  ASSERT_NE(store, nullptr);
  struct stat status{};
  ASSERT_EQ(stat(data.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
  for (const char* file : {"/tenon.db", "/tenon.db-wal", "/tenon.db-shm"}) {
    ASSERT_EQ(stat((data + file).c_str(), &status), 0) << file;
    EXPECT_EQ(status.st_mode & 0777, 0600u) << file;
  }
  EXPECT_EQ(testing::QueryText(*store, "PRAGMA journal_mode"), "wal");
  EXPECT_EQ(IntOf(*store, "PRAGMA auto_vacuum"), 2);
  EXPECT_EQ(IntOf(*store, "PRAGMA application_id"), kApplicationId);
  EXPECT_EQ(IntOf(*store, "PRAGMA user_version"), kFormatVersion);
  EXPECT_EQ(IntOf(*store, "PRAGMA foreign_keys"), 1);
}

TEST(SqliteFile, ASecondOpenNamesTheHolder) {
  const TempDir dir;
  auto store = OpenSqlite(dir.path());
  EXPECT_THAT(OpenError(dir.path()), HasSubstr("in use by process " + std::to_string(getpid())));
  store.reset();
  EXPECT_EQ(OpenError(dir.path()), "opened");
}

TEST(SqliteFile, AForeignFileIsRefusedUntouched) {
  const TempDir dir;
  const std::string path = dir.path() + "/tenon.db";
  std::ofstream(path) << "this is not a database, and it is longer than one hundred bytes so that "
                         "the header could be read from it";
  const std::string before = Contents(path);
  EXPECT_THAT(OpenError(dir.path()), HasSubstr("is not a data file of Tenon"));
  EXPECT_EQ(Contents(path), before);

  std::filesystem::remove(path);
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  sqlite3_exec(db, "CREATE TABLE other (a)", nullptr, nullptr, nullptr);
  sqlite3_close(db);
  const std::string other = Contents(path);
  EXPECT_THAT(OpenError(dir.path()), HasSubstr("SQLite file of another program"));
  EXPECT_EQ(Contents(path), other);
}

TEST(SqliteFile, ANewerFileIsRefusedUntouched) {
  const TempDir dir;
  MakeStore(dir.path());
  const std::string path = dir.path() + "/tenon.db";
  Overwrite(path, 60, std::string("\0\0\0\x63", 4));
  const std::string before = Contents(path);
  EXPECT_THAT(OpenError(dir.path()), HasSubstr("newer version of Tenon (format 99"));
  EXPECT_EQ(Contents(path), before);
}

TEST(SqliteFile, ADamagedFileIsRefusedUntouched) {
  const TempDir dir;
  MakeStore(dir.path());
  const std::string path = dir.path() + "/tenon.db";
  const std::string whole = Contents(path);
  Overwrite(path, 100, std::string(3000, '\xff'));
  const std::string before = Contents(path);
  EXPECT_THAT(OpenError(dir.path()), HasSubstr("damaged"));
  EXPECT_EQ(Contents(path), before);

  std::ofstream(path, std::ios::binary) << whole.substr(0, whole.size() - 4096);
  const std::string cut = Contents(path);
  EXPECT_THAT(OpenError(dir.path()), HasSubstr("damaged"));
  EXPECT_EQ(Contents(path), cut);

  std::ofstream(path, std::ios::binary) << whole;
  EXPECT_EQ(OpenError(dir.path()), "opened");
}

TEST(SqliteFile, AMissingDirectoryOrFileIsSaid) {
  const TempDir dir;
  EXPECT_THAT(OpenError(dir.path() + "/a/b"), HasSubstr("cannot make the data directory"));
  EXPECT_THAT(OpenError(dir.path() + "/a", false), HasSubstr("there is no data directory"));
  EXPECT_THAT(OpenError(dir.path(), false), HasSubstr("there is no data file here"));
}

// Runs `child` in a process of its own; its exit code.
template <typename Child>
int InChild(Child child) {
  const pid_t pid = fork();
  if (pid == 0) _exit(child());
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

TEST(SqliteFile, AReadOnlyDirectoryIsSaid) {
  const TempDir dir;
  ASSERT_EQ(chmod(dir.path().c_str(), 0555), 0);
  EXPECT_EQ(InChild([&]() {
              // Root may write anywhere.
              if (getuid() == 0 && seteuid(65534) != 0) return 77;
              const std::string error = OpenError(dir.path());
              return error.find("Permission denied") != std::string::npos ? 0 : 1;
            }),
            0);
}

// The child writes and tells each row that was answered; the parent kills it in the midst of that.
// Every row that was told must be there, and the store must open fast.
TEST(SqliteCrash, EveryAnsweredWriteSurvivesKill) {
  const TempDir dir;
  MakeStore(dir.path());
  for (int round = 0; round < 3; ++round) {
    int fds[2];
    ASSERT_EQ(pipe(fds), 0);
    const pid_t pid = fork();
    if (pid == 0) {
      close(fds[0]);
      auto store = OpenSqlite(dir.path());
      std::vector<std::thread> threads;
      for (int n = 0; n < 4; ++n) {
        threads.emplace_back([&, n]() {
          for (std::int64_t i = 0;; ++i) {
            const std::int64_t id = 1000000 * (round + 1) + 100000 * n + i;
            const Result<void> done = store->Write({}, [&](Transaction& t) -> Result<void> {
              // Two rows a write, so that a half write could be seen.
              for (const std::int64_t row : {id * 2, id * 2 + 1}) {
                TRY(t.Execute("INSERT INTO t (id, data) VALUES (?1, ?2)",
                              std::vector<Value>{Value(row), Value(std::string(500, 'x'))}));
              }
              return {};
            });
            if (!done || write(fds[1], &id, sizeof id) != sizeof id) _exit(1);
          }
        });
      }
      for (std::thread& thread : threads) thread.join();
    }
    close(fds[1]);
    std::vector<std::int64_t> told;
    std::int64_t id = 0;
    while (told.size() < 400 && read(fds[0], &id, sizeof id) == sizeof id) told.push_back(id);
    kill(pid, SIGKILL);
    while (read(fds[0], &id, sizeof id) == sizeof id) told.push_back(id);
    close(fds[0]);
    int status = 0;
    waitpid(pid, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));

    auto store = OpenSqlite(dir.path());
    ASSERT_NE(store, nullptr);
    ASSERT_TRUE(store->Read({}, [&](Reader& reader) -> Result<void> {
      for (const std::int64_t row : told) {
        int found = 0;
        TRY(reader.Query("SELECT 1 FROM t WHERE id IN (?1, ?2)",
                         std::vector<Value>{Value(row * 2), Value(row * 2 + 1)},
                         [&](const Row&) -> Result<bool> {
                           ++found;
                           return true;
                         }));
        EXPECT_EQ(found, 2) << row;
      }
      return {};
    }));
    EXPECT_EQ(IntOf(*store, "SELECT count(*) FROM t WHERE id > 1") % 2, 0);
    EXPECT_TRUE(store->CheckIntegrity()->empty());
  }
}

class SqliteFault : public ::testing::Test {
 protected:
  SqliteFault() : vfs_("tenon_fault") {
    SqliteOptions options;
    options.directory = dir_.path();
    options.vfs = "tenon_fault";
    options.idle_delay = milliseconds(20);
    store_ = OpenSqlite(std::move(options));
    RunScript(*store_, kTable);
  }
  TempDir dir_;
  testing::FaultVfs vfs_;
  std::unique_ptr<SqliteStore> store_;
};

TEST_F(SqliteFault, AFullDiskFailsWritesKeepsReadsAndPasses) {
  ASSERT_TRUE(InsertRow(*store_, 1, "one"));
  vfs_.writes_left = 0;
  const Result<void> refused = InsertRow(*store_, 2, "two");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_EQ(refused.error().message, "database or disk is full");
  EXPECT_EQ(store_->Stats().fault, "database or disk is full");
  EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM t"), 1);
  vfs_.writes_left = -1;
  ASSERT_TRUE(InsertRow(*store_, 3, "three"));
  EXPECT_EQ(store_->Stats().fault, "");
  EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM t"), 2);
}

TEST_F(SqliteFault, APassedFaultIsNoticedWithoutAWrite) {
  vfs_.writes_left = 0;
  ASSERT_FALSE(InsertRow(*store_, 2, "two"));
  // Also when the first look at it came too early.
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(store_->Stats().fault, "database or disk is full");
  vfs_.writes_left = -1;
  for (int i = 0; i < 200 && !store_->Stats().fault.empty(); ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_EQ(store_->Stats().fault, "");
}

// Whatever write of a group is the one that fails, a row is there if and only if it was answered.
TEST_F(SqliteFault, AWriteThatFailsAnywhereLosesNothingAnswered) {
  std::vector<std::int64_t> answered;
  for (int fail_at = 0; fail_at < 40; ++fail_at) {
    vfs_.writes_left = fail_at;
    for (int i = 0; i < 3; ++i) {
      const std::int64_t id = 100 + fail_at * 10 + i;
      if (InsertRow(*store_, id, std::string(3000, 'x'))) answered.push_back(id);
    }
    vfs_.writes_left = -1;
    ASSERT_TRUE(InsertRow(*store_, 10000 + fail_at, "after"));
  }
  EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM t WHERE id < 10000"),
            static_cast<std::int64_t>(answered.size()));
  store_.reset();
  store_ = OpenSqlite(dir_.path());
  EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM t WHERE id < 10000"),
            static_cast<std::int64_t>(answered.size()));
  EXPECT_TRUE(store_->CheckIntegrity()->empty());
}

TEST_F(SqliteFault, AFailedFsyncIsAnUnknownOutcomeAndTheStoreGoesOn) {
  ASSERT_TRUE(InsertRow(*store_, 1, "one"));
  vfs_.syncs_left = 0;
  const Result<void> unknown = InsertRow(*store_, 2, "two");
  vfs_.syncs_left = -1;
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Code::kOutcomeUnknown);
  ASSERT_TRUE(InsertRow(*store_, 3, "three"));
  EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM t WHERE id IN (1, 3)"), 2);
  EXPECT_TRUE(store_->CheckIntegrity()->empty());
}

TEST_F(SqliteFault, ReadsGoOnWhenNoFileCanBeOpened) {
  ASSERT_TRUE(InsertRow(*store_, 1, "one"));
  vfs_.opens_left = 0;
  std::vector<std::thread> threads;
  std::atomic<int> failed{0};
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&]() {
      for (int n = 0; n < 50; ++n) {
        if (QueryInt(*store_, "SELECT count(*) FROM t").value_or(0) != 1) ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_TRUE(InsertRow(*store_, 2, "two"));
  vfs_.opens_left = -1;
}

TEST(SqliteLimit, AFileSizeLimitFailsWritesAndKeepsReads) {
  const TempDir dir;
  EXPECT_EQ(InChild([&]() {
              signal(SIGXFSZ, SIG_IGN);
              auto store = OpenSqlite(dir.path());
              RunScript(*store, kTable);
              const rlimit limit{2 << 20, 2 << 20};
              setrlimit(RLIMIT_FSIZE, &limit);
              std::int64_t rows = 0;
              Result<void> done;
              while (rows < 1000 && done) done = InsertRow(*store, ++rows, std::string(9000, 'x'));
              if (done || done.error().code != Code::kUnavailable) return 1;
              if (QueryInt(*store, "SELECT count(*) FROM t").value_or(0) != rows - 1) return 2;
              return 0;
            }),
            0);
  auto store = OpenSqlite(dir.path());
  EXPECT_TRUE(store->CheckIntegrity()->empty());
  EXPECT_TRUE(InsertRow(*store, 5000, "more"));
}

TEST(SqliteSpace, IsGivenBackAfterLargeDeletes) {
  const TempDir dir;
  SqliteOptions options;
  options.directory = dir.path();
  options.idle_delay = milliseconds(20);
  auto store = OpenSqlite(std::move(options));
  RunScript(*store, kTable);
  for (int chunk = 0; chunk < 20; ++chunk) {
    ASSERT_TRUE(store->Write({}, [&](Transaction& t) -> Result<void> {
      for (int i = 0; i < 250; ++i) {
        TRY(t.Execute("INSERT INTO t (data) VALUES (?1)",
                      std::vector<Value>{Value(std::string(4000, 'x'))}));
      }
      return {};
    }));
  }
  ASSERT_TRUE(store->Write({}, [&](Transaction& t) -> Result<void> {
    TRY(t.Execute("DELETE FROM t", {}));
    return {};
  }));
  StoreStats stats;
  for (int i = 0; i < 300; ++i) {
    stats = store->Stats();
    if (stats.database_bytes < 3 << 20 && stats.wal_bytes == 0) break;
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_LT(stats.database_bytes, 3 << 20);
  EXPECT_EQ(stats.wal_bytes, 0);
}

TEST(SqliteSpace, TheLogStaysShortUnderLoad) {
  const TempDir dir;
  auto store = OpenSqlite(dir.path());
  RunScript(*store, kTable);
  std::int64_t longest = 0;
  for (int i = 0; i < 400; ++i) {
    ASSERT_TRUE(store->Write({}, [&](Transaction& t) -> Result<void> {
      for (int n = 0; n < 100; ++n) {
        TRY(t.Execute("INSERT INTO t (data) VALUES (?1)",
                      std::vector<Value>{Value(std::string(4000, 'x'))}));
      }
      return {};
    }));
    longest = std::max(longest, store->Stats().wal_bytes);
  }
  EXPECT_LT(longest, 80 << 20);
}

TEST(SqliteBackup, IsConsistentWhileWritesGoOn) {
  const TempDir dir;
  const TempDir out;
  auto store = OpenSqlite(dir.path());
  RunScript(*store, kTable);
  for (int i = 0; i < 3000; ++i) {
    store->Submit({.scope = {},
                   .work = [](Transaction& t) -> Result<void> {
                     TRY(t.Execute("INSERT INTO t (data) VALUES (?1)",
                                   std::vector<Value>{Value(std::string(3000, 'x'))}));
                     return {};
                   },
                   .done = [](Result<void>) {}});
  }
  ASSERT_TRUE(InsertRow(*store, 100000, "last"));
  std::atomic<bool> stop{false};
  std::thread writing([&]() {
    for (std::int64_t id = 200000; !stop; ++id) EXPECT_TRUE(InsertRow(*store, id, "more"));
  });
  std::int64_t calls = 0;
  const std::string file = out.path() + "/tenon.db";
  const Result<void> done = store->Backup(file, [&](std::int64_t n, std::int64_t total) {
    ++calls;
    EXPECT_LE(n, total);
    return true;
  });
  stop = true;
  writing.join();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_GT(calls, 1);
  EXPECT_FALSE(store->Backup(file, {})) << "a file that is there must not be overwritten";
  auto copy = OpenSqlite(out.path());
  ASSERT_NE(copy, nullptr);
  EXPECT_GE(IntOf(*copy, "SELECT count(*) FROM t"), 3001);
  EXPECT_TRUE(copy->CheckIntegrity()->empty());
}

TEST(SqliteStart, FindsWhatACleanStopLeft) {
  const TempDir dir;
  MakeStore(dir.path());
  auto store = OpenSqlite(dir.path());
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(IntOf(*store, "SELECT count(*) FROM t"), 1);
}

TEST(SqliteGroup, WaitingWritesShareACommit) {
  const TempDir dir;
  auto store = OpenSqlite(dir.path());
  RunScript(*store, kTable);
  const std::int64_t before = store->Stats().commits;
  testing::Gate gate;
  gate.Hold(*store);
  testing::Answers answers;
  for (int i = 0; i < 200; ++i) {
    store->Submit({.scope = {},
                   .work = [](Transaction& t) -> Result<void> {
                     TRY(t.Execute("INSERT INTO t (data) VALUES ('x')", {}));
                     return {};
                   },
                   .done = answers.Next()});
  }
  gate.Open();
  answers.Wait(200);
  EXPECT_LE(store->Stats().commits - before, 4);
}

TEST(SqliteValues, GoInAndComeBack) {
  const TempDir dir;
  auto store = OpenSqlite(dir.path());
  const Uuid id = *Uuid::Parse("0192d0c4-0000-7000-8000-000000000001");
  const Time time = *ParseTime("2026-11-21T08:50:00.123456Z");
  const std::vector<Value> values = {Value(id),
                                     Value(time),
                                     Value(true),
                                     Value(-5),
                                     Value(Decimal{1234, 2}),
                                     Value(0.25),
                                     Value("text"),
                                     Value::Json({{"b", 1}, {"a", nullptr}}),
                                     Value(Duration(90'500'000)),
                                     Value()};
  std::vector<model::Type> types(values.size());
  const model::TypeKind kinds[] = {model::TypeKind::kUuid,     model::TypeKind::kTime,
                                   model::TypeKind::kBool,     model::TypeKind::kInt,
                                   model::TypeKind::kDecimal,  model::TypeKind::kFloat,
                                   model::TypeKind::kText,     model::TypeKind::kJson,
                                   model::TypeKind::kDuration, model::TypeKind::kText};
  for (std::size_t i = 0; i < types.size(); ++i) types[i].kind = kinds[i];
  types[4].precision = 10;
  types[4].scale = 2;
  std::string json;
  ASSERT_TRUE(store->Read({}, [&](Reader& reader) {
    return reader.Query("SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10", values,
                        [&](const Row& row) -> Result<bool> {
                          for (std::size_t i = 0; i < values.size(); ++i) {
                            const int column = static_cast<int>(i);
                            EXPECT_EQ(TRY(row.Get(column, types[i])), values[i]) << i;
                            json += i == 0 ? "" : ",";
                            row.AppendJson(column, types[i], json);
                          }
                          return true;
                        });
  }));
  EXPECT_EQ(json, R"("0192d0c4-0000-7000-8000-000000000001","2026-11-21T08:50:00.123456Z",true,-5,)"
                  R"("12.34",0.25,"text",{"a":null,"b":1},"PT1M30.5S",null)");
}

TEST(SqliteStatements, ManyDifferentOnesStayBounded) {
  const TempDir dir;
  auto store = OpenSqlite(dir.path());
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(IntOf(*store, "SELECT " + std::to_string(i)), i);
  }
  const Result<void> wrong = store->Read({}, [](Reader& reader) {
    return reader.Query("SELECT ?1", {}, [](const Row&) -> Result<bool> { return true; });
  });
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::kInternal);
}

TEST(SqliteShell, MayWriteBesideTheServer) {
  const TempDir dir;
  auto store = OpenSqlite(dir.path());
  RunScript(*store, kTable);
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(store->path().c_str(), &db), SQLITE_OK);
  sqlite3_busy_timeout(db, 2000);
  EXPECT_EQ(sqlite3_exec(db, "INSERT INTO t VALUES (7, 'shell')", nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(db);
  ASSERT_TRUE(InsertRow(*store, 8, "server"));
  EXPECT_EQ(IntOf(*store, "SELECT count(*) FROM t"), 2);
}

}  // namespace
}  // namespace tenon
