// A PostgreSQL server that goes away, comes back, changes places, is full or is cut off at any
// message: writes fail as unavailable while that lasts, go on by themselves afterwards, what was
// answered is there, and nothing is there twice.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <filesystem>
#include <set>
#include <thread>

#include "store/postgres/test_cutter.h"
#include "store/testing.h"

namespace tenon {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using testing::IntOf;
using testing::QueryInt;

// Rows that say by which write they were made; the same one may stand twice.
constexpr const char* kMarks = "CREATE TABLE marks (n bigint NOT NULL, size bigint DEFAULT 0)";

Result<void> Mark(Store& store, std::int64_t n) {
  const Value number[] = {Value(n)};
  return store.Write({}, [&](Transaction& t) -> Result<void> {
    TRY(t.Query("SELECT count(*) FROM marks WHERE n < 0", {},
                [](const Row&) -> Result<bool> { return true; }));
    TRY(t.Execute("INSERT INTO marks (n) VALUES ($1)", number));
    return t.Queue("UPDATE marks SET size = size + 1 WHERE n = $1", number);
  });
}

// What became of each write, to be compared with what is there.
class Ledger {
 public:
  void Add(std::int64_t n, const Result<void>& result) {
    const std::lock_guard lock(mutex_);
    if (result) {
      kept_.insert(n);
    } else if (result.error().code == Code::kOutcomeUnknown) {
      unknown_.insert(n);
    } else {
      EXPECT_EQ(result.error().code, Code::kUnavailable) << result.error().message;
      failed_.insert(n);
    }
  }
  void Compare(Store& store) {
    const std::lock_guard lock(mutex_);
    std::multiset<std::int64_t> there;
    const Result<void> read = store.Read({}, [&](Reader& reader) {
      there.clear();
      return reader.Query("SELECT n FROM marks", {}, [&](const Row& row) -> Result<bool> {
        there.insert(row.Int(0));
        return true;
      });
    });
    ASSERT_TRUE(read) << read.error().message;
    for (const std::int64_t n : there) EXPECT_EQ(there.count(n), 1u) << n << " was applied twice";
    for (const std::int64_t n : kept_) EXPECT_TRUE(there.contains(n)) << n << " was lost";
    for (const std::int64_t n : failed_) EXPECT_FALSE(there.contains(n)) << n << " failed";
  }
  std::size_t kept() {
    const std::lock_guard lock(mutex_);
    return kept_.size();
  }
  std::size_t failed() {
    const std::lock_guard lock(mutex_);
    return failed_.size();
  }

 private:
  std::mutex mutex_;
  std::set<std::int64_t> kept_, failed_, unknown_;
};

// Writers who do not stop for anything.
class Load {
 public:
  Load(Store& store, Ledger& ledger) {
    for (int i = 0; i < 4; ++i) {
      threads_.emplace_back([this, &store, &ledger](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          const std::int64_t n = ++next_;
          const Result<void> result = Mark(store, n);
          ledger.Add(n, result);
          // Who is told to come back later does.
          if (!result) std::this_thread::sleep_for(milliseconds(5));
        }
      });
    }
  }

 private:
  std::atomic<std::int64_t> next_{0};
  std::vector<std::jthread> threads_;
};

void AwaitMore(Ledger& ledger, std::size_t writes) {
  const std::size_t wanted = ledger.kept() + writes;
  for (int i = 0; i < 6000 && ledger.kept() < wanted; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_GE(ledger.kept(), wanted) << "writes did not go on";
}

class FaultsTest : public ::testing::Test {
 protected:
  void Start(testing::PostgresServerOptions options = {}) {
    auto launched = testing::PostgresServer::Launch(std::move(options));
    if (!launched) GTEST_SKIP() << launched.error().message;
    server_ = std::move(*launched);
    ASSERT_TRUE(server_->Run("postgres", kMarks));
  }
  void TearDown() override {
    if (store_ != nullptr) store_->Close();
  }
  static PostgresOptions Patient(const std::string& url) {
    PostgresOptions options;
    options.url = url;
    options.outage_patience = milliseconds(100);
    return options;
  }
  void Open(PostgresOptions options) {
    store_ = testing::OpenPostgres(std::move(options));
    ASSERT_NE(store_, nullptr);
  }

  std::unique_ptr<testing::PostgresServer> server_;
  std::unique_ptr<PostgresStore> store_;
};

TEST_F(FaultsTest, AServerThatIsKilledUnderLoadAndComesBack) {
  Start({.fsync = true, .connections_max = 100, .settings = {}});
  if (server_ == nullptr) return;
  Open(Patient(server_->Url("postgres")));
  Ledger ledger;
  {
    Load load(*store_, ledger);
    for (int round = 0; round < 3; ++round) {
      AwaitMore(ledger, 50);
      ASSERT_TRUE(server_->Kill());
      const std::size_t failed = ledger.failed();
      for (int i = 0; i < 3000 && ledger.failed() == failed; ++i) {
        std::this_thread::sleep_for(milliseconds(10));
      }
      EXPECT_GT(ledger.failed(), failed) << "while it is away writes say so";
      EXPECT_NE(store_->Stats().fault, "");
      ASSERT_TRUE(server_->Start());
      AwaitMore(ledger, 50);
    }
  }
  ledger.Compare(*store_);
}

TEST_F(FaultsTest, AStandbyThatIsPromoted) {
  Start();
  if (server_ == nullptr) return;
  auto standby = server_->LaunchStandby();
  ASSERT_TRUE(standby) << standby.error().message;
  // Answered means that the standby has it.
  ASSERT_TRUE(server_->Run("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'"));
  ASSERT_TRUE(server_->Run("postgres", "SELECT pg_reload_conf()"));
  Open(Patient(fmt::format("postgresql://postgres@127.0.0.1:{},127.0.0.1:{}/postgres",
                           server_->port(), (*standby)->port())));
  Ledger ledger;
  {
    Load load(*store_, ledger);
    AwaitMore(ledger, 50);
    ASSERT_TRUE(server_->Kill());
    ASSERT_TRUE((*standby)->Run("postgres", "SELECT 1"));
    ASSERT_TRUE((*standby)->Promote());
    ASSERT_TRUE((*standby)->Run("postgres", "ALTER SYSTEM SET synchronous_standby_names = ''"));
    ASSERT_TRUE((*standby)->Run("postgres", "SELECT pg_reload_conf()"));
    AwaitMore(ledger, 50);
  }
  ledger.Compare(*store_);
}

TEST_F(FaultsTest, AConnectionThatIsCutAtAnyMessageOfAWrite) {
  Start();
  if (server_ == nullptr) return;
  using Side = testing::Cutter::Side;
  testing::Cutter cutter(server_->port());
  PostgresOptions options = Patient(server_->TcpUrl("postgres", "postgres", cutter.port()) +
                                    "?sslmode=disable&gssencmode=disable");
  options.outage_patience = milliseconds(10000);
  Open(std::move(options));
  Ledger ledger;
  std::int64_t n = 0;
  ++n;  // statements are prepared now
  ledger.Add(n, Mark(*store_, n));
  for (const Side side : {Side::kClient, Side::kServer}) {
    int steps = 0;
    for (bool cut = true; cut && steps < 200; ++steps) {
      cutter.CutAfter(side, steps);
      ++n;
      const Result<void> written = Mark(*store_, n);
      EXPECT_TRUE(written) << steps << ": " << written.error().message;
      ledger.Add(n, written);
      cut = cutter.HasCut();
      cutter.Disarm();
    }
    EXPECT_GT(steps, 5);
    EXPECT_LT(steps, 200);
  }
  EXPECT_EQ(ledger.failed(), 0u) << "each is tried again on another connection";
  ledger.Compare(*store_);
}

TEST_F(FaultsTest, AServerWithoutConnectionsLeft) {
  Start({.fsync = false, .connections_max = 12, .settings = {"superuser_reserved_connections=0"}});
  if (server_ == nullptr) return;
  std::vector<std::unique_ptr<PgConnection>> others;
  for (;;) {
    auto opened = PgConnection::Open({.url = server_->Url("postgres"), .role = {}});
    if (!opened) {
      EXPECT_EQ(opened.error().code, Code::kUnavailable);
      EXPECT_THAT(opened.error().message, HasSubstr("too many clients"));
      break;
    }
    others.push_back(std::move(*opened));
  }
  EXPECT_EQ(PostgresStore::Open(Patient(server_->Url("postgres"))).error().code,
            Code::kUnavailable);
  others.resize(others.size() - 5);
  // A backend that ends is gone a moment later.
  PostgresOptions options = Patient(server_->Url("postgres"));
  options.open_patience = std::chrono::seconds(30);
  Open(std::move(options));
  Ledger ledger;
  {
    Load load(*store_, ledger);
    AwaitMore(ledger, 20);
    others.clear();
    AwaitMore(ledger, 50);
  }
  ledger.Compare(*store_);
}

TEST_F(FaultsTest, ADiskThatIsFull) {
  testing::TempDir folder;
  const std::string disk = folder.path() + "/disk";
  std::filesystem::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=4m") != 0) {
    GTEST_SKIP() << "only root can make a small disk";
  }
  struct Unmount {
    std::string path;
    ~Unmount() { ::umount2(path.c_str(), MNT_DETACH); }
  } unmount{disk};
  ::chmod(folder.path().c_str(), 0755);
  ASSERT_TRUE(testing::PostgresServer::GiveAway(disk));
  Start();
  if (server_ == nullptr) return;
  ASSERT_TRUE(server_->Run("postgres", fmt::format("CREATE TABLESPACE small LOCATION '{}'", disk)));
  ASSERT_TRUE(server_->Run("postgres",
                           "CREATE TABLE big (x text) TABLESPACE small; ALTER TABLE big "
                           "ALTER x SET STORAGE EXTERNAL"));
  Open(Patient(server_->Url("postgres")));
  const auto grow = [&]() {
    return store_->Write({}, [&](Transaction& t) -> Result<void> {
      TRY(t.Execute("INSERT INTO big SELECT repeat('x', 100000) FROM generate_series(1, 5)", {}));
      return {};
    });
  };
  Result<void> full;
  int kept = 0;
  for (; full && kept < 100; ++kept) full = grow();
  --kept;
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Code::kUnavailable);
  EXPECT_THAT(full.error().message, HasSubstr("No space left"));
  EXPECT_THAT(store_->Stats().fault, HasSubstr("No space left"));
  EXPECT_EQ(IntOf(*store_, "SELECT count(*) FROM big"), 5 * kept) << "reads go on";
  EXPECT_TRUE(Mark(*store_, 1)) << "and writes of what is elsewhere";
  testing::RunScript(*store_, "DROP TABLE big");
  testing::RunScript(*store_, "CREATE TABLE big (x text) TABLESPACE small");
  EXPECT_TRUE(grow());
  EXPECT_EQ(store_->Stats().fault, "");
}

TEST_F(FaultsTest, ATableThatIsChangedUnderPreparedStatements) {
  Start();
  if (server_ == nullptr) return;
  Open(Patient(server_->Url("postgres")));
  ASSERT_TRUE(server_->Run("postgres", "INSERT INTO marks (n) VALUES (7)"));
  const auto look = [&]() {
    std::string text;
    const Result<void> read = store_->Read({}, [&](Reader& reader) {
      return reader.Query("SELECT * FROM marks", {}, [&](const Row& row) -> Result<bool> {
        text = fmt::format("{} of {}", row.Text(0), row.columns());
        return true;
      });
    });
    return read ? text : read.error().message;
  };
  const auto write = [&]() {
    return store_->Write({}, [&](Transaction& t) -> Result<void> {
      return t.Query("UPDATE marks SET size = 1 RETURNING *", {},
                     [](const Row&) -> Result<bool> { return true; });
    });
  };
  EXPECT_EQ(look(), "7 of 2");
  EXPECT_TRUE(write());
  ASSERT_TRUE(server_->Run("postgres", "ALTER TABLE marks ADD COLUMN more text"));
  EXPECT_EQ(look(), "7 of 3");
  EXPECT_TRUE(write());
  ASSERT_TRUE(server_->Run("postgres", "ALTER TABLE marks ALTER COLUMN n TYPE text"));
  EXPECT_TRUE(write());
  EXPECT_EQ(look(), "7 of 3");
}

TEST_F(FaultsTest, WritesThatLockEachOtherOut) {
  Start();
  if (server_ == nullptr) return;
  Open(Patient(server_->Url("postgres")));
  ASSERT_TRUE(server_->Run("postgres", "INSERT INTO marks (n) VALUES (1), (2)"));
  std::barrier both(2);
  const auto change = [&](std::int64_t first, std::int64_t second) {
    std::atomic<int> tries{0};
    return store_->Write({}, [&](Transaction& t) -> Result<void> {
      const bool waits = ++tries == 1;
      const Value one[] = {Value(first)};
      const Value two[] = {Value(second)};
      Result<std::int64_t> done = t.Execute("UPDATE marks SET size = size + 1 WHERE n = $1", one);
      if (waits) both.arrive_and_wait();
      if (!done) return Fail(done.error());
      TRY(t.Execute("UPDATE marks SET size = size + 1 WHERE n = $1", two));
      return {};
    });
  };
  Result<void> results[2];
  {
    std::jthread one([&] { results[0] = change(1, 2); });
    std::jthread two([&] { results[1] = change(2, 1); });
  }
  EXPECT_TRUE(results[0]) << results[0].error().message;
  EXPECT_TRUE(results[1]) << results[1].error().message;
  EXPECT_EQ(IntOf(*store_, "SELECT sum(size) FROM marks"), 4);
  EXPECT_GT(store_->Stats().retries, 0);
}

// TLS --------------------------------------------------------------------------------------------

TEST_F(FaultsTest, TlsIsCheckedAsTheUrlSays) {
  Start();
  if (server_ == nullptr) return;
  testing::TempDir folder;
  const std::string& here = folder.path();
  const std::string data = server_->directory() + "/data/";
  const std::string make = fmt::format(
      "cd {0} && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext "
      "subjectAltName=IP:127.0.0.1 -keyout {1}server.key -out {1}server.crt 2>/dev/null && cp "
      "{1}server.crt root.crt && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other "
      "-keyout other.key -out other.crt 2>/dev/null && chmod 600 {1}server.key",
      here, data);
  if (std::system(make.c_str()) != 0) GTEST_SKIP() << "openssl is not installed";
  for (const char* file : {"server.key", "server.crt"}) {
    ASSERT_TRUE(testing::PostgresServer::GiveAway(data + file));
  }
  ASSERT_TRUE(server_->Run("postgres", "ALTER SYSTEM SET ssl = on"));
  ASSERT_TRUE(server_->Run("postgres", "SELECT pg_reload_conf()"));
  const auto open = [&](const std::string& mode, const std::string& root,
                        const std::string& host = "127.0.0.1") -> Result<std::string> {
    PostgresOptions options =
        Patient(fmt::format("host={} hostaddr=127.0.0.1 port={} dbname=postgres user=postgres "
                            "sslmode={} sslrootcert={}",
                            host, server_->port(), mode, root));
    // The server reads its configuration a moment later.
    options.open_patience = std::chrono::seconds(mode == "verify-ca" ? 30 : 0);
    const auto store = TRY(PostgresStore::Open(std::move(options)));
    std::string version = testing::QueryText(
        *store, "SELECT coalesce(version, 'plain') FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
    store->Close();
    return version;
  };
  EXPECT_THAT(open("verify-ca", here + "/root.crt").value_or("?"), HasSubstr("TLSv1."));
  EXPECT_THAT(open("verify-full", here + "/root.crt").value_or("?"), HasSubstr("TLSv1."));
  EXPECT_THAT(open("require", "").value_or("?"), HasSubstr("TLSv1."));
  const auto stranger = open("verify-full", here + "/other.crt");
  ASSERT_FALSE(stranger);
  EXPECT_EQ(stranger.error().code, Code::kUnavailable);
  EXPECT_THAT(stranger.error().message, HasSubstr("certificate verify failed"));
  const auto misnamed = open("verify-full", here + "/root.crt", "db.example.com");
  ASSERT_FALSE(misnamed);
  EXPECT_THAT(misnamed.error().message, HasSubstr("does not match host name"));
}

}  // namespace
}  // namespace tenon
