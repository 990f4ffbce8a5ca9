#include "services/ingest/input.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include "services/ingest/lines.h"

namespace tenon::ingest {
namespace {

Result<std::string> ReadAll(InputSource& source) {
  std::string all;
  std::array<char, 1000> piece;
  while (const std::size_t count = TRY(source.Read(piece))) all.append(piece.data(), count);
  return all;
}

class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view text) {
    path_ =
        std::filesystem::temp_directory_path() / ("tenon_input_test_" + std::to_string(getpid()));
    std::ofstream(path_, std::ios::binary) << text;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

TEST(OpenFile, ReadsSeeksAndKnowsItsSize) {
  const TemporaryFile file("0123456789");
  const auto source = OpenFile(file.path());
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ((*source)->Size(), 10u);
  EXPECT_EQ((*source)->name(), file.path());
  EXPECT_EQ(ReadAll(**source), "0123456789");
  ASSERT_TRUE((*source)->Seek(7));
  EXPECT_EQ(ReadAll(**source), "789");
  ASSERT_TRUE((*source)->Seek(10));
  EXPECT_EQ(ReadAll(**source), "");
  EXPECT_EQ((*source)->Seek(11).error().message,
            file.path() + " ends before byte 11, where to go on");
}

TEST(OpenFile, SaysWhyItCannot) {
  EXPECT_EQ(OpenFile("/no/such/file").error().message,
            "cannot open /no/such/file: No such file or directory");
  EXPECT_EQ(OpenFile("/no/such/file").error().code, Code::kNotFound);
  EXPECT_EQ(OpenFile("/").error().message, "cannot read /: it is a folder");
}

TEST(OpenCommand, ReadsItsOutputAndSeeksByRunningItAgain) {
  const auto source = OpenCommand("greeting", {"/bin/echo", "hello", "$HOME; *"});
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ(ReadAll(**source), "hello $HOME; *\n");
  EXPECT_EQ(ReadAll(**source), "");
  ASSERT_TRUE((*source)->Seek(6));
  EXPECT_EQ(ReadAll(**source), "$HOME; *\n");
  EXPECT_FALSE((*source)->Seek(100));
}

TEST(OpenCommand, ReportsFailure) {
  EXPECT_EQ(OpenCommand("x", {"/no/such/program"}).error().message,
            "cannot run /no/such/program: No such file or directory");
  const auto source = OpenCommand("a list", {"/bin/cat", "/no/such/list"});
  ASSERT_TRUE(source);
  const auto read = ReadAll(**source);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::kUnavailable);
  EXPECT_TRUE(
      read.error().message.starts_with("/bin/cat could not read a list: exit code 1 (/bin/cat: "))
      << read.error().message;
}

TEST(OpenCommand, EndsTheProgramWhenItIsNotReadToTheEnd) {
  for (int i = 0; i < 5; ++i) {
    const auto source = OpenCommand("endless", {"/usr/bin/yes"});
    ASSERT_TRUE(source);
    std::array<char, 10> piece;
    ASSERT_TRUE((*source)->Read(piece));
  }
}

struct Got {
  Position at;
  std::string text;
  bool too_long;
  bool operator==(const Got&) const = default;
};

std::vector<Got> Lines(const std::string& text, std::size_t max, std::size_t piece,
                       Position from = {}) {
  const auto source = OpenText("text", text, piece);
  LineReader reader(*source, max);
  EXPECT_TRUE(reader.Resume(from));
  std::vector<Got> all;
  Line line;
  while (*reader.Next(line)) all.push_back({line.at, std::string(line.text), line.too_long});
  EXPECT_EQ(reader.position().offset, text.size());
  return all;
}

TEST(LineReader, FindsLinesHoweverTheInputIsCut) {
  const std::string text = "\xEF\xBB\xBFone\r\n\ntwo\rx\n" + std::string(30, 'z') + "\nend";
  const std::vector<Got> expected = {{{3, 1}, "one", false},
                                     {{8, 2}, "", false},
                                     {{9, 3}, "two\rx", false},
                                     {{15, 4}, std::string(12, 'z'), true},
                                     {{46, 5}, "end", false}};
  for (std::size_t piece = 1; piece < text.size() + 2; ++piece) {
    std::vector<Got> got = Lines(text, 12, piece);
    ASSERT_EQ(got.size(), 5u);
    got[3].text.resize(12);  // how much is kept of the beginning depends on the pieces
    EXPECT_EQ(got, expected) << piece;
  }
  const auto rest = Lines(text, 100, 7, {9, 3});
  ASSERT_EQ(rest.size(), 3u);
  EXPECT_EQ(rest[0], expected[2]);
}

TEST(LineReader, TakesALineOfExactlyTheBound) {
  EXPECT_FALSE(Lines("12345\n", 5, 1)[0].too_long);
  EXPECT_FALSE(Lines("12345\r\n", 5, 1)[0].too_long);
  EXPECT_FALSE(Lines("12345", 5, 100)[0].too_long);
  EXPECT_TRUE(Lines("123456\n", 5, 1)[0].too_long);
  EXPECT_TRUE(Lines("123456", 5, 100)[0].too_long);
  EXPECT_FALSE(Lines("\xEF\xBB\xBF"
                     "12345\r\n",
                     5, 1)[0]
                   .too_long);  // found by the fuzzer
  EXPECT_TRUE(Lines("", 5, 1).empty());
  EXPECT_TRUE(Lines("\xEF\xBB\xBF", 5, 1).empty());
}

}  // namespace
}  // namespace tenon::ingest
