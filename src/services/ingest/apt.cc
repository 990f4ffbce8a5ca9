#include "services/ingest/apt.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>

namespace tenon::ingest {
namespace {

constexpr std::string_view kStem = "_Packages";
constexpr std::array<std::string_view, 5> kCompressed = {".lz4", ".gz", ".xz", ".zst", ".bz2"};

// "..._Packages" of a name with or without a compression suffix; empty for other files.
std::string_view StemOf(std::string_view name) {
  for (const std::string_view suffix : kCompressed) {
    if (name.ends_with(suffix)) {
      name.remove_suffix(suffix.size());
      break;
    }
  }
  return name.ends_with(kStem) ? name : std::string_view();
}

}  // namespace

Result<std::vector<std::string>> FindAptLists(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> names;
  std::filesystem::directory_iterator it(folder, error);
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    std::string name = it->path().filename().string();
    if (!StemOf(name).empty()) names.push_back(std::move(name));
  }
  if (error) {
    return Fail(
        error == std::errc::no_such_file_or_directory ? Code::kNotFound : Code::kUnavailable,
        "cannot list " + folder + ": " + error.message());
  }
  std::sort(names.begin(), names.end());  // the plain form of a list sorts before the others
  std::set<std::string_view> stems;
  std::vector<std::string> paths;
  for (const std::string& name : names) {
    if (stems.insert(StemOf(name)).second) paths.push_back(folder + "/" + name);
  }
  if (paths.empty()) {
    return Fail(Code::kNotFound, "no package lists in " + folder + "; run: apt-get update");
  }
  return paths;
}

Result<std::unique_ptr<InputSource>> OpenAptList(const std::string& path,
                                                 const std::string& helper) {
  if (path.ends_with(kStem)) return OpenFile(path);
  return OpenCommand(path, {helper, "cat-file", path});
}

}  // namespace tenon::ingest
