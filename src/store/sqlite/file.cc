#include "store/sqlite/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace tenon {
namespace {

constexpr std::size_t kHeaderBytes = 100;  // sqlite.org/fileformat2.html, section 1.3
constexpr std::string_view kMagic{"SQLite format 3\0", 16};

std::unexpected<Error> SystemFail(const std::string& path, std::string_view what) {
  return Fail(Code::kUnavailable, fmt::format("{}: {}: {}", path, what, std::strerror(errno)));
}

std::uint32_t BigEndian(const std::array<unsigned char, kHeaderBytes>& header, std::size_t at,
                        int bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < bytes; ++i) value = value << 8 | header[at + static_cast<std::size_t>(i)];
  return value;
}

std::string HolderOf(int fd) {
  std::array<char, 32> text{};
  const ssize_t got = pread(fd, text.data(), text.size() - 1, 0);
  std::string pid(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!pid.empty() && pid.back() == '\n') pid.pop_back();
  return pid.empty() ? "another process" : "process " + pid;
}

}  // namespace

Result<std::unique_ptr<DirectoryLock>> DirectoryLock::Take(const std::string& directory,
                                                           bool create) {
  if (create && mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return SystemFail(directory, "cannot make the data directory");
  }
  const std::string path = directory + "/tenon.lock";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    if (errno == ENOENT) {
      return Fail(Code::kUnavailable,
                  fmt::format("there is no data directory {0}; tenon serve --data {0} makes it",
                              directory));
    }
    if (errno == ENOTDIR) return Fail(Code::kUnavailable, directory + " is not a directory");
    return SystemFail(path, "cannot open");
  }
  std::unique_ptr<DirectoryLock> lock(new DirectoryLock(fd));
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return SystemFail(path, "cannot lock");
    return Fail(Code::kUnavailable,
                fmt::format("the data directory {} is in use by {}; stop it first, or give "
                            "another directory with --data",
                            directory, HolderOf(fd)));
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(fd, 0) != 0 ||
      pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    // Only the name of the holder is lost, for instance on a full disk; the lock itself holds.
    errno = 0;
  }
  return lock;
}

DirectoryLock::~DirectoryLock() { close(fd_); }

Result<void> MakePrivateFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return SystemFail(path, "cannot make the data file");
  close(fd);
  return {};
}

Result<FileState> InspectFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ENOENT) return FileState::kMissing;
    return SystemFail(path, "cannot read the data file");
  }
  std::array<unsigned char, kHeaderBytes> header{};
  const ssize_t got = pread(fd, header.data(), header.size(), 0);
  const std::int64_t size = FileBytes(path);
  close(fd);
  if (got < 0) return SystemFail(path, "cannot read the data file");
  if (size == 0) return FileState::kMissing;

  const auto refuse = [&](std::string_view why, std::string_view what_to_do) {
    return Fail(Code::kUnavailable,
                fmt::format("{} {}; it was left untouched. {}", path, why, what_to_do));
  };
  if (static_cast<std::size_t>(got) < kHeaderBytes ||
      std::memcmp(header.data(), kMagic.data(), kMagic.size()) != 0) {
    return refuse("is not a data file of Tenon, or its beginning is damaged",
                  "Move it away to start anew, or put the last backup in its place with "
                  "`tenon restore`.");
  }
  if (static_cast<std::int32_t>(BigEndian(header, 68, 4)) != kApplicationId) {
    return refuse("is a SQLite file of another program",
                  "Give another directory with --data, or move the file away.");
  }
  if (static_cast<std::int32_t>(BigEndian(header, 60, 4)) > kFormatVersion) {
    return refuse(fmt::format("was written by a newer version of Tenon (format {}, this one "
                              "reads up to {})",
                              BigEndian(header, 60, 4), kFormatVersion),
                  "Use that version, or restore a backup made before the upgrade.");
  }
  const std::uint32_t page_field = BigEndian(header, 16, 2);
  const std::int64_t page_bytes = page_field == 1 ? 65536 : page_field;
  // Pages that the header counts may still be in the write-ahead log, so only without one is a
  // short file a damaged one.
  if (FileBytes(path + "-wal") == 0 && size < page_bytes * BigEndian(header, 28, 4)) {
    return refuse(fmt::format("is damaged: {} bytes are there where its header counts {}", size,
                              page_bytes * BigEndian(header, 28, 4)),
                  "Put the last backup in its place with `tenon restore`; what is left can be "
                  "read with `sqlite3 FILE .recover`.");
  }
  return FileState::kOurs;
}

std::int64_t FileBytes(const std::string& path) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 ? status.st_size : 0;
}

}  // namespace tenon
