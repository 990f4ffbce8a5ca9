// House rules as a test (CONTRIBUTING.md): layers, lengths, calls that have a better replacement,
// sources that no target lists.
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = TENON_SOURCE_DIR;

// From the bottom up; a folder includes itself and what stands before it. http and net know only
// base; services stand beside api and are called by app and cli.
const std::map<std::string, std::set<std::string>> kMayInclude = {
    {"base", {}},
    {"net", {"base"}},
    {"http", {"base"}},
    {"model", {"base"}},
    {"record", {"base", "model"}},
    {"store", {"base", "model", "record"}},
    {"log", {"base", "model", "record", "store"}},
    {"auth", {"base", "http", "model", "record", "store", "log"}},
    {"engine", {"base", "model", "record", "store", "log", "auth"}},
    {"events", {"base", "model", "record", "store", "log", "auth", "engine"}},
    {"graph", {"base", "model", "record", "store", "log", "auth", "engine", "events"}},
    {"search", {"base", "model", "record", "store", "log", "auth", "engine", "events"}},
    {"services",
     {"base", "net", "http", "model", "record", "store", "log", "auth", "engine", "events", "graph",
      "search"}},
    {"api",
     {"base", "http", "model", "record", "store", "log", "auth", "engine", "events", "graph",
      "search", "services"}},
    {"cli", {"base", "net", "http", "model", "record", "services"}},
    {"app",
     {"base", "net", "http", "model", "record", "store", "log", "auth", "engine", "events", "graph",
      "search", "services", "api", "cli"}},
};

// Over the length on the day the rule came; none may be added, and these may not grow.
const std::map<std::string, int> kLongerAllowed = {};

bool IsTest(const std::string& path) {
  return path.find("_test.cc") != std::string::npos || path.find("tests/") == 0;
}

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<fs::path> Sources(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string extension = entry.path().extension().string();
    if (entry.is_regular_file() && (extension == ".cc" || extension == ".h")) {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

TEST(Tidy, IncludesPointDown) {
  static const RE2 include(R"re((?m)^#include "([a-z]+)/[^"]+")re");
  for (const fs::path& path : Sources(kRoot / "src")) {
    const std::string folder = fs::relative(path, kRoot / "src").begin()->string();
    const auto allowed = kMayInclude.find(folder);
    ASSERT_NE(allowed, kMayInclude.end()) << folder << " is no layer";
    const std::string text = ReadAll(path);
    re2::StringPiece rest(text);
    std::string other;
    while (RE2::FindAndConsume(&rest, include, &other)) {
      if (other == folder || !kMayInclude.contains(other)) continue;
      // Tests may build what they need from below the layer they test, and from app for worlds.
      EXPECT_TRUE(allowed->second.contains(other) || IsTest(path.string()))
          << fs::relative(path, kRoot) << " includes " << other << "/, which is above " << folder;
    }
  }
}

TEST(Tidy, FilesFitOneHead) {
  for (const char* folder : {"src", "tests", "bench"}) {
    for (const fs::path& path : Sources(kRoot / folder)) {
      const std::string name = fs::relative(path, kRoot).string();
      const std::string text = ReadAll(path);
      const auto lines = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
      const auto longer = kLongerAllowed.find(name);
      const int limit = longer != kLongerAllowed.end() ? longer->second : IsTest(name) ? 1000 : 600;
      EXPECT_LE(lines, limit) << name;
    }
  }
}

TEST(Tidy, NoCallsThatHaveABetterReplacement) {
  const std::vector<std::pair<std::string, std::string>> banned = {
      {R"(std::regex\b)", "RE2: std::regex crashes on long input"},
      {R"(\busing namespace std;)", "names with std::"},
      {R"(\bstrcpy\(|\bsprintf\(|\bgets\()", "std::string and fmt"},
      {R"(\bstd::system\(|[^_a-z]popen\()", "posix_spawn with an argument vector"},
      {R"(\bTODO\b|\bFIXME\b|\bXXX\b)", "doing it, or docs/roadmap.md"},
      {R"(\bgmtime\(|\blocaltime\()", "base/clock.h"},
      {R"(std::this_thread::sleep_for\(std::chrono::seconds)", "a condition with a time-out"},
  };
  for (const fs::path& path : Sources(kRoot / "src")) {
    if (IsTest(path.string())) continue;
    const std::string text = ReadAll(path);
    for (const auto& [pattern, instead] : banned) {
      EXPECT_FALSE(RE2::PartialMatch(text, pattern))
          << fs::relative(path, kRoot) << ": " << pattern << "; instead: " << instead;
    }
  }
}

TEST(Tidy, EverySourceIsListed) {
  std::string lists;
  for (const char* folder : {"src", "tests", "bench"}) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      if (entry.path().filename() == "CMakeLists.txt") lists += ReadAll(entry.path());
    }
  }
  lists += ReadAll(kRoot / "cmake" / "Tenon.cmake");
  for (const char* folder : {"src", "tests", "bench"}) {
    for (const fs::path& path : Sources(kRoot / folder)) {
      if (path.extension() != ".cc") continue;
      EXPECT_NE(lists.find(path.filename().string()), std::string::npos)
          << fs::relative(path, kRoot) << " is in no target";
    }
  }
}

TEST(Tidy, HeadersSayWhatTheyAreFor) {
  for (const fs::path& path : Sources(kRoot / "src")) {
    if (path.extension() != ".h") continue;
    const std::string text = ReadAll(path);
    EXPECT_TRUE(text.starts_with("//")) << fs::relative(path, kRoot) << " begins without a purpose";
    EXPECT_NE(text.find("#pragma once"), std::string::npos) << fs::relative(path, kRoot);
  }
}

}  // namespace
