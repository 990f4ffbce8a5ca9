#include "cli/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/commands.h"

namespace tenon::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<Parsed> ParseWords(const std::vector<Command>& commands, std::vector<std::string> words) {
  words.insert(words.begin(), "tenon");
  std::vector<const char*> argv;
  for (const std::string& word : words) argv.push_back(word.c_str());
  return Parse(static_cast<int>(argv.size()), argv.data(), commands);
}

class ParseTest : public testing::Test {
 protected:
  Result<Parsed> Words(std::vector<std::string> words) {
    return ParseWords(commands_, std::move(words));
  }
  std::string ErrorOf(std::vector<std::string> words) {
    Result<Parsed> parsed = Words(std::move(words));
    return parsed ? "no error" : parsed.error().message;
  }
  std::vector<Command> commands_ = AllCommands();
};

TEST_F(ParseTest, TakesOptionsBeforeAndAfterPositionals) {
  auto parsed = Words({"list", "--filter", "a = 1", "assets", "--limit=3"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->command->name, "list");
  EXPECT_EQ(parsed->arguments.Get("ENTITY"), "assets");
  EXPECT_EQ(parsed->arguments.Get("filter"), "a = 1");
  EXPECT_EQ(parsed->arguments.Int("limit", 50, 1, 10), 3);
}

TEST_F(ParseTest, TakesGlobalOptionsAnywhere) {
  auto parsed = Words({"-o", "json", "get", "assets", "x", "--key", "k", "-q"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->globals.Get("output"), "json");
  EXPECT_EQ(parsed->globals.Get("key"), "k");
  EXPECT_TRUE(parsed->globals.Has("quiet"));
  EXPECT_THAT(parsed->arguments.All("ID"), ElementsAre("x"));
}

TEST_F(ParseTest, ACommandsOwnShortOptionHidesTheGlobalOne) {
  auto parsed = Words({"export", "assets", "-o", "file.ndjson"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->arguments.Get("file"), "file.ndjson");
  EXPECT_FALSE(parsed->globals.Has("output"));
}

TEST_F(ParseTest, TakesCommandsOfTwoWords) {
  auto parsed = Words({"audit", "verify", "--checkpoint", "f"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->command->name, "audit verify");
  auto group = Words({"audit"});
  ASSERT_TRUE(group);
  EXPECT_EQ(group->command, nullptr);
  EXPECT_EQ(group->group, "audit");
}

TEST_F(ParseTest, RepeatsOptionsAndPositionals) {
  auto parsed = Words({"apply", "-f", "a", "-f", "b"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_THAT(parsed->arguments.All("file"), ElementsAre("a", "b"));
  parsed = Words({"create", "assets", "a=1", "b:=[1,2]", "c=-5"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_THAT(parsed->arguments.All("NAME=VALUE"), ElementsAre("a=1", "b:=[1,2]", "c=-5"));
}

TEST_F(ParseTest, AWordAfterTwoDashesIsNoOption) {
  auto parsed = Words({"get", "assets", "--", "--odd-id"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_THAT(parsed->arguments.All("ID"), ElementsAre("--odd-id"));
}

TEST_F(ParseTest, NamesTheNearestWord) {
  EXPECT_EQ(ErrorOf({"lst", "assets"}), "'lst' is not a command; did you mean 'list'?");
  EXPECT_EQ(ErrorOf({"audit", "verfy"}),
            "'audit verfy' is not a command; did you mean 'audit verify'?");
  EXPECT_EQ(ErrorOf({"list", "assets", "--fliter", "x"}),
            "tenon list has no option '--fliter'; did you mean --filter?");
}

TEST_F(ParseTest, SaysWhatIsMissingOrTooMuch) {
  EXPECT_EQ(ErrorOf({"get", "assets"}),
            "ID is missing: key of the row; parts of a composite key joined by ~; see tenon get "
            "--help");
  EXPECT_THAT(ErrorOf({"list", "assets", "more"}), HasSubstr("does not take 'more'"));
  EXPECT_THAT(ErrorOf({"list", "assets", "--filter"}), HasSubstr("--filter"));
  EXPECT_EQ(ErrorOf({"list", "assets", "-o", "xml"}),
            "--output takes table, json, ndjson, yaml, not 'xml'");
}

TEST_F(ParseTest, HelpNeedsNoArguments) {
  auto parsed = Words({"get", "--help"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_TRUE(parsed->help);
  EXPECT_EQ(parsed->command->name, "get");
}

TEST_F(ParseTest, EveryCommandIsWhole) {
  for (const Command& command : commands_) {
    EXPECT_NE(command.run, nullptr) << command.name;
    EXPECT_FALSE(command.summary.empty()) << command.name;
    EXPECT_FALSE(command.summary.ends_with('.')) << command.name;
    EXPECT_FALSE(command.examples.empty()) << command.name;
    bool optional = false;
    for (const Positional& positional : command.positionals) {
      EXPECT_FALSE(optional && positional.required) << command.name;
      optional = optional || !positional.required;
    }
  }
}

}  // namespace
}  // namespace tenon::cli
