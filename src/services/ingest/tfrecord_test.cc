// TFRecord, tf.Example and the YouTube-8M source on a real shard.
#include "services/ingest/tfrecord.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/json.h"
#include "services/ingest/crc32c.h"
#include "services/ingest/tf_example.h"

namespace tenon::ingest {
namespace {

using testing::HasSubstr;

std::string LittleEndian(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

std::string Frame(const std::string& data) {
  const std::string length = LittleEndian(data.size(), 8);
  return length + LittleEndian(MaskedCrc32c(length), 4) + data +
         LittleEndian(MaskedCrc32c(data), 4);
}

std::vector<std::string> Problems(const std::string& file, std::size_t step = SIZE_MAX) {
  const auto source = OpenText("a.tfrecord", file, step);
  TfRecordReader reader(*source);
  TfRecord record;
  std::vector<std::string> problems;
  for (;;) {
    const auto more = reader.Next(record);
    EXPECT_TRUE(more);
    if (!more || !*more) return problems;
    problems.push_back(record.problem);
  }
}

TEST(Crc32c, KnownValues) {
  EXPECT_EQ(Crc32c(""), 0u);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);  // RFC 3720, B.4
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
}

TEST(TfRecord, NamesTheOffsetOfDamage) {
  const std::string file = Frame("first") + Frame("second") + Frame("third");
  EXPECT_THAT(Problems(file), testing::ElementsAre("", "", ""));
  EXPECT_THAT(Problems(file, 1), testing::ElementsAre("", "", ""));
  const std::size_t second = Frame("first").size();
  std::string flipped = file;
  flipped[second + 13] ^= 1;
  EXPECT_THAT(Problems(flipped),
              testing::ElementsAre("", HasSubstr("byte " + std::to_string(second)), ""));
  std::string length = file;
  length[second] ^= 1;
  EXPECT_THAT(Problems(length), testing::ElementsAre("", HasSubstr("nothing after it")));
  EXPECT_THAT(Problems(file.substr(0, second + 20)),
              testing::ElementsAre("", HasSubstr("ends inside the record")));
  EXPECT_THAT(Problems(file.substr(0, second + 5)),
              testing::ElementsAre("", HasSubstr("ends inside the head")));
  std::string bomb = LittleEndian(std::uint64_t{1} << 60, 8);
  bomb += LittleEndian(MaskedCrc32c(bomb), 4);
  EXPECT_THAT(Problems(bomb), testing::ElementsAre(HasSubstr("at most")));
}

TEST(TfExample, IsBounded) {
  // One value over the limit, as packed ints in a feature.
  const std::string ints = std::string("\x0a\x03\x01\x02\x03", 5);
  const std::string feature = std::string("\x1a\x05", 2) + ints;
  const std::string entry = std::string("\x0a\x01l\x12\x07", 5) + feature;
  const std::string features = std::string("\x0a") + static_cast<char>(entry.size()) + entry;
  const std::string message = std::string("\x0a") + static_cast<char>(features.size()) + features;
  const auto decoded = DecodeTfExample(message);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_THAT(decoded->Find("l")->ints, testing::ElementsAre(1, 2, 3));
  EXPECT_EQ(DecodeTfExample(message, {.values_max = 2}).error().code, Code::kTooLarge);
  EXPECT_EQ(DecodeTfExample(message, {.features_max = 0}).error().code, Code::kTooLarge);
  for (std::size_t cut = 1; cut < message.size(); ++cut) {
    EXPECT_FALSE(DecodeTfExample(message.substr(0, cut))) << cut;
  }
}

TEST(TfRecord, ReadsARealShard) {
  const std::filesystem::path folder =
      std::filesystem::path(TENON_SOURCE_DIR) / "../shared/data/youtube8m";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "the shared data is not here";
  std::ifstream in(folder / "validate3227.expected.json");
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const auto expected = ParseJson(text);
  ASSERT_TRUE(expected);
  const auto source = OpenFile((folder / "validate3227.tfrecord").string());
  ASSERT_TRUE(source);
  TfRecordReader reader(**source);
  TfRecord record;
  for (const json::value& item : expected->as_array()) {
    const json::object& want = item.as_object();
    ASSERT_TRUE(reader.Next(record).value_or(false));
    ASSERT_EQ(record.problem, "");
    EXPECT_EQ(static_cast<std::int64_t>(record.at.offset), want.at("offset").as_int64());
    EXPECT_EQ(static_cast<std::int64_t>(record.data.size()), want.at("length").as_int64());
    const auto example = DecodeTfExample(record.data);
    ASSERT_TRUE(example) << example.error().message;
    EXPECT_EQ(example->Find("id")->bytes[0], std::string_view(want.at("id").as_string()));
    json::array labels(example->Find("labels")->ints.begin(), example->Find("labels")->ints.end());
    EXPECT_EQ(labels, want.at("labels").as_array());
    EXPECT_EQ(example->Find("mean_rgb")->floats.size(), 1024u);
    EXPECT_EQ(example->Find("mean_audio")->floats.size(), 128u);
    double sum = 0;
    for (const float value : example->Find("mean_rgb")->floats) sum += static_cast<double>(value);
    EXPECT_NEAR(sum, want.at("mean_rgb_sum").to_number<double>(), 1e-4);
  }
  EXPECT_FALSE(reader.Next(record).value_or(true));
}

}  // namespace
}  // namespace tenon::ingest
