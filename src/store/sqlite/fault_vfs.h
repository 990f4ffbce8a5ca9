// A file system under SQLite that fails when told to. For tests.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <string>

namespace tenon::testing {

// Registered under its name for as long as it lives.
class FaultVfs {
 public:
  explicit FaultVfs(std::string name);
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  // Calls from now on that still succeed before every further one fails; -1: none fails.
  std::atomic<int> writes_left{-1};  // SQLITE_FULL
  std::atomic<int> syncs_left{-1};   // SQLITE_IOERR_FSYNC
  std::atomic<int> opens_left{-1};   // SQLITE_CANTOPEN, as when there are no descriptors left

 private:
  struct File;
  static FaultVfs& Of(sqlite3_file* file);
  static sqlite3_file* Real(sqlite3_file* file);
  static int Open(sqlite3_vfs*, const char*, sqlite3_file*, int, int*);
  static bool Spent(std::atomic<int>& left);

  std::string name_;
  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
};

}  // namespace tenon::testing
