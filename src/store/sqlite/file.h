// The data directory: its lock, and a look at the data file before SQLite may touch it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace tenon {

// "Tenn" in the header of every data file of ours, so that `file` and we can tell it from others.
inline constexpr std::int32_t kApplicationId = 0x54656e6e;
// The layout that this binary writes (the engine's own tables aside, which migrations carry). A
// file with a higher number is from a newer binary.
inline constexpr std::int32_t kFormatVersion = 1;

// Holds DIR/tenon.lock, for as long as it lives. The kernel lets go of it when the process ends,
// however it ends.
class DirectoryLock {
 public:
  // Makes the directory (mode 0700) when `create` and it is missing. kUnavailable names the
  // process that holds the lock, or why the directory cannot be used.
  static Result<std::unique_ptr<DirectoryLock>> Take(const std::string& directory, bool create);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

enum class FileState { kMissing, kOurs };

// Reads the header of the data file and changes nothing. kMissing also for an empty file.
// kUnavailable with what to do when it is not a SQLite file, another program's, newer than this
// binary, or shorter than its header says.
Result<FileState> InspectFile(const std::string& path);

// Makes an empty data file that only its owner may read, whatever the umask; SQLite gives the files
// beside it the same mode. Does nothing when the file is there.
Result<void> MakePrivateFile(const std::string& path);

// Size in bytes; 0 when it is not there.
std::int64_t FileBytes(const std::string& path);

}  // namespace tenon
