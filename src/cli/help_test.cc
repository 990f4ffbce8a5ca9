// The help pages, held against golden/*.txt; UPDATE_GOLDEN=1 writes them anew.
#include "cli/help.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/commands.h"
#include "cli/test_support.h"

namespace tenon::cli {
namespace {

namespace fs = std::filesystem;

fs::path GoldenFolder() { return fs::path(TENON_SOURCE_DIR) / "src/cli/golden"; }

void ExpectGolden(const std::string& name, const std::string& text) {
  const fs::path file = GoldenFolder() / (name + ".txt");
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    fs::create_directories(GoldenFolder());
    std::ofstream(file, std::ios::binary) << text;
    return;
  }
  std::ifstream in(file, std::ios::binary);
  ASSERT_TRUE(in) << file << " is missing; run with UPDATE_GOLDEN=1";
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), text) << file;
}

TEST(Help, Root) { ExpectGolden("tenon", RootHelp(AllCommands(), {})); }

TEST(Help, EveryCommand) {
  for (const Command& command : AllCommands()) {
    std::string name = command.name;
    for (char& c : name) c = c == ' ' ? '-' : c;
    ExpectGolden(name, CommandHelp(command, {}));
  }
}

TEST(Help, Topics) {
  for (const Topic& topic : Topics()) ExpectGolden("topic-" + topic.name, topic.text);
}

TEST(Help, NothingIsWiderThanATerminal) {
  std::vector<std::string> pages = {RootHelp(AllCommands(), {})};
  for (const Command& command : AllCommands()) pages.push_back(CommandHelp(command, {}));
  for (const std::string& page : pages) {
    std::size_t start = 0;
    while (start < page.size()) {
      const std::size_t end = std::min(page.find('\n', start), page.size());
      EXPECT_LE(end - start, 100u) << page.substr(start, end - start);
      start = end + 1;
    }
  }
}

TEST(Help, OfCommandsGroupsAndTopics) {
  CliRun run;
  EXPECT_EQ(run({"--help"}, false).code, 0);
  EXPECT_EQ(run({}, false).out, run({"help"}, false).out);
  EXPECT_EQ(run({"help", "import", "csv"}, false).out, run({"import", "csv", "-h"}, false).out);
  EXPECT_EQ(run({"help", "audit"}, false).code, 0);
  EXPECT_EQ(run({"audit"}, false).code, 2);
  const RunResult unknown = run({"help", "exit-code"}, false);
  EXPECT_EQ(unknown.code, 6);
  EXPECT_EQ(unknown.err,
            "error: 'exit-code' is neither a command nor a topic; did you mean 'exit-codes'?\n");
  EXPECT_EQ(run({"--version"}, false).out, "tenon " TENON_VERSION "\n");
}

TEST(Help, ScriptsForShells) {
  CliRun run;
  const RunResult bash = run({"completion", "bash"}, false);
  EXPECT_EQ(bash.code, 0);
  for (const Command& command : AllCommands()) {
    EXPECT_NE(bash.out.find("'" + command.name + "')"), std::string::npos) << command.name;
  }
  // The shell itself is asked whether it can read it.
  const fs::path file = fs::temp_directory_path() / "tenon-completion-test.bash";
  std::ofstream(file) << bash.out;
  EXPECT_EQ(std::system(("bash -n " + file.string()).c_str()), 0);
  fs::remove(file);
  EXPECT_EQ(run({"completion", "zsh"}, false).code, 0);
  EXPECT_EQ(run({"completion", "fish"}, false).code, 2);
}

}  // namespace
}  // namespace tenon::cli
