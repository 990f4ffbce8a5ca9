#include "services/ingest/files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "services/ingest/gzip_input.h"

namespace tenon::ingest {
namespace {

namespace fs = std::filesystem;

bool LiesIn(const fs::path& path, const fs::path& folder) {
  const auto [end, ignored] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end();
}

Result<FoundFile> Look(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) {
    return Fail(Code::kInvalidArgument, path + " is no regular file");
  }
  return FoundFile{.path = path,
                   .bytes = static_cast<std::uint64_t>(found.st_size),
                   .changed_us = found.st_mtim.tv_sec * 1'000'000 + found.st_mtim.tv_nsec / 1000};
}

}  // namespace

Result<> LocalFiles::CheckRoot(const std::string& path) const {
  if (!bound_) return {};
  for (const std::string& root : roots_) {
    std::error_code failed;
    const fs::path folder = fs::canonical(root, failed);
    if (!failed && LiesIn(path, folder)) return {};
  }
  return Fail(
      Code::kForbidden,
      roots_.empty()
          ? std::string("the server reads no local files; an operator can name folders "
                        "with ingest.import_roots in tenon.toml")
          : fmt::format("{} is not in a folder that the server may read (ingest.import_roots)",
                        path));
}

Result<std::vector<FoundFile>> LocalFiles::Find(const std::string& path,
                                                std::string_view suffix) const {
  if (bound_ && !fs::path(path).is_absolute()) {
    return Fail(Code::kInvalidArgument,
                fmt::format("'{}' is no absolute path on the server", path));
  }
  std::error_code failed;
  const fs::path whole = fs::canonical(path, failed);
  // What is outside looks the same whether it is there or not.
  if (failed) {
    if (bound_) TRY(CheckRoot(fs::path(path).lexically_normal().string()));
    if (failed == std::errc::not_a_directory) {
      const fs::path asked(path);
      return Fail(Code::kInvalidArgument,
                  fmt::format("{} is a file, not a folder with {} in it",
                              asked.parent_path().string(), asked.filename().string()));
    }
    return Fail(Code::kNotFound, fmt::format("there is no {}", path));
  }
  TRY(CheckRoot(whole.string()));
  std::vector<FoundFile> files;
  if (!fs::is_directory(whole, failed)) {
    files.push_back(TRY(Look(whole.string())));
    return files;
  }
  for (auto entry = fs::directory_iterator(whole, failed);
       !failed && entry != fs::directory_iterator(); entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    if (!name.ends_with(suffix)) continue;
    const fs::path target = fs::canonical(entry->path(), failed);
    if (failed || !fs::is_regular_file(target, failed) || !CheckRoot(target.string())) continue;
    files.push_back(TRY(Look(target.string())));
    if (files.size() > kFilesMax) {
      return Fail(Code::kTooLarge, fmt::format("{} has over {} files", path, kFilesMax));
    }
  }
  if (failed) return Fail(Code::kUnavailable, fmt::format("{}: {}", path, failed.message()));
  if (files.empty()) {
    return Fail(Code::kNotFound, fmt::format("{} has no file that ends in {}", path, suffix));
  }
  std::ranges::sort(files, {}, &FoundFile::path);
  return files;
}

Result<std::unique_ptr<InputSource>> LocalFiles::Open(const FoundFile& file) const {
  // Looked at again: what was a file in a root may be a link out of it by now.
  std::error_code failed;
  if (fs::canonical(file.path, failed).string() != file.path || failed) {
    return Fail(Code::kForbidden, file.path + " was moved while the job ran");
  }
  std::unique_ptr<InputSource> source = TRY(OpenFile(file.path));
  if (!file.path.ends_with(".gz")) return source;
  return OpenGzip(std::move(source));
}

}  // namespace tenon::ingest
