// Helpers of the store's tests.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "store/postgres/postgres_store.h"
#include "store/postgres/test_server.h"
#include "store/sqlite/sqlite_store.h"

namespace tenon::testing {

// A folder of its own for one test; gone at its end.
class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "tenon_store_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::unique_ptr<SqliteStore> OpenSqlite(SqliteOptions options) {
  Result<std::unique_ptr<SqliteStore>> opened = SqliteStore::Open(std::move(options));
  EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().message);
  return opened ? std::move(*opened) : nullptr;
}

inline std::unique_ptr<SqliteStore> OpenSqlite(const std::string& directory) {
  SqliteOptions options;
  options.directory = directory;
  return OpenSqlite(std::move(options));
}

inline std::unique_ptr<PostgresStore> OpenPostgres(PostgresOptions options) {
  Result<std::unique_ptr<PostgresStore>> opened = PostgresStore::Open(std::move(options));
  EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().message);
  return opened ? std::move(*opened) : nullptr;
}

// Runs statements as a schema change, which takes any number of them.
inline void RunScript(Store& store, const std::string& sql) {
  const Result<void> done =
      store.ChangeSchema([&](SchemaTransaction& t) { return t.RunScript(sql); });
  ASSERT_TRUE(done.has_value()) << done.error().message;
}

inline Result<std::int64_t> QueryInt(Store& store, const std::string& sql) {
  std::int64_t value = 0;
  const Result<void> done = store.Read({}, [&](Reader& reader) {
    return reader.Query(sql, {}, [&](const Row& row) -> Result<bool> {
      value = row.Int(0);
      return false;
    });
  });
  if (!done) return Fail(done.error());
  return value;
}

// -1, and a failed test, when the query fails.
inline std::int64_t IntOf(Store& store, const std::string& sql) {
  const Result<std::int64_t> value = QueryInt(store, sql);
  EXPECT_TRUE(value.has_value()) << (value ? "" : value.error().message);
  return value.value_or(-1);
}

inline std::string QueryText(Store& store, const std::string& sql) {
  std::string value;
  const Result<void> done = store.Read({}, [&](Reader& reader) {
    return reader.Query(sql, {}, [&](const Row& row) -> Result<bool> {
      value = row.Text(0);
      return false;
    });
  });
  return done ? value : "error: " + done.error().message;
}

inline Scope TenantScope(std::uint8_t number) {
  Scope scope;
  scope.tenant.bytes[15] = number;
  return scope;
}

// Counts answers and lets a test wait for them.
class Answers {
 public:
  std::function<void(Result<void>)> Next() {
    return [this](Result<void> result) {
      const std::lock_guard lock(mutex_);
      results_.push_back(std::move(result));
      changed_.notify_all();
    };
  }
  std::vector<Result<void>> Wait(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(30),
                                  [&]() { return results_.size() >= count; }));
    return results_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Result<void>> results_;
};

// Holds the writer inside a job until it is let go, so that a test can fill the queue.
class Gate {
 public:
  // Returns once the writer stands in it.
  void Hold(Store& store) {
    WriteJob job;
    job.work = [this](Transaction&) -> Result<void> {
      std::unique_lock lock(mutex_);
      entered_ = true;
      changed_.notify_all();
      changed_.wait(lock, [this]() { return open_; });
      return {};
    };
    job.done = [](Result<void>) {};
    store.Submit(std::move(job));
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this]() { return entered_; });
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool entered_ = false;
  bool open_ = false;
};

}  // namespace tenon::testing
