#include "app/archive.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>

namespace tenon {
namespace {

// Closed with its owner.
class File {
 public:
  explicit File(int handle) : handle_(handle) {}
  ~File() {
    if (handle_ >= 0) ::close(handle_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int handle() const { return handle_; }

 private:
  int handle_;
};

Error Failed(const std::string& path) {
  return {Code::kUnavailable, fmt::format("cannot write {}: {}; nothing is purged", path,
                                          std::generic_category().message(errno))};
}

bool WriteAll(int handle, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(handle, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// The entry of a new file is in its folder's own data.
Result<void> SyncFolder(const std::string& path) {
  const File folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.handle() < 0 || ::fsync(folder.handle()) != 0) return Fail(Failed(path));
  return {};
}

}  // namespace

Result<void> AppendArchive(const std::string& directory, const std::string& table,
                           const std::string& lines) {
  const std::string folder = directory + "/archive";
  const std::string path = folder + "/" + table + ".ndjson";
  if (::mkdir(folder.c_str(), 0700) == 0) {
    TRY(SyncFolder(directory));
  } else if (errno != EEXIST) {
    return Fail(Failed(folder));
  }
  const File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  struct stat before{};
  if (file.handle() < 0 || ::fstat(file.handle(), &before) != 0) return Fail(Failed(path));
  if (!WriteAll(file.handle(), lines) || ::fsync(file.handle()) != 0) {
    const Error error = Failed(path);
    // Without it a half line would stand in the middle of the file after the next try.
    if (::ftruncate(file.handle(), before.st_size) != 0) return Fail(Failed(path));
    return Fail(error);
  }
  return before.st_size == 0 ? SyncFolder(folder) : Result<void>{};
}

}  // namespace tenon
