#include "cli/model_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/limits.h"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;

Result<std::string> ReadOne(const fs::path& path) {
  std::error_code problem;
  const std::uintmax_t size = fs::file_size(path, problem);
  if (problem) {
    return Fail(Code::kNotFound,
                fmt::format("cannot read {}: {}", path.string(), problem.message()));
  }
  if (size > limits::kModelFileBytesMax) {
    return Fail(Code::kTooLarge, fmt::format("{} is larger than a model file may be ({} MB)",
                                             path.string(), limits::kModelFileBytesMax >> 20));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return Fail(Code::kNotFound, fmt::format("cannot read {}: permission denied", path.string()));
  }
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

Result<std::vector<model::SourceFile>> ReadModelFiles(const std::vector<std::string>& paths) {
  std::vector<fs::path> files;
  for (const std::string& path : paths) {
    std::error_code problem;
    if (!fs::is_directory(path, problem)) {
      files.emplace_back(path);
      continue;
    }
    std::vector<fs::path> found;
    for (fs::recursive_directory_iterator at(path, problem), end; !problem && at != end;
         at.increment(problem)) {
      if (at->path().extension() == ".tenon") found.push_back(at->path());
    }
    if (problem) {
      return Fail(Code::kNotFound, fmt::format("cannot read {}: {}", path, problem.message()));
    }
    if (found.empty()) {
      return Fail(Code::kNotFound, fmt::format("{} holds no .tenon file", path));
    }
    std::ranges::sort(found);
    files.insert(files.end(), found.begin(), found.end());
  }
  std::vector<model::SourceFile> sources;
  for (const fs::path& file : files) sources.push_back({file.string(), TRY(ReadOne(file))});
  return sources;
}

}  // namespace tenon::cli
