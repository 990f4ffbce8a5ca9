#include "services/jobs/kafka_item.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tenon::jobs {
namespace {

using ::testing::HasSubstr;

net::KafkaMessage MessageOf(std::optional<std::string> value) {
  net::KafkaMessage message;
  message.from = {"videos", 3};
  message.offset = 17;
  message.timestamp_ms = 1'700'000'000'000;
  message.key = "k1";
  message.value = std::move(value);
  message.headers = {{"source", "a"}, {"source", "b"}, {"bytes", "\xff"}};
  return message;
}

ingest::ItemMapping MappingOf(std::vector<std::pair<std::string, std::string>> fields,
                              std::string table = "assets") {
  ingest::ItemMapping mapping;
  mapping.table = std::move(table);
  mapping.origin = "connector:c";
  mapping.key = "@key";
  mapping.fields = std::move(fields);
  return mapping;
}

std::string Reason(const ingest::ItemMapping& mapping, Nulls nulls, const net::KafkaMessage& from) {
  const auto item = ReadKafkaItem(mapping, nulls, from);
  return item ? "it was taken" : item.error().message;
}

TEST(KafkaItemTest, PathsReachTheValueAndWhatStandsBesideIt) {
  const auto item = ReadKafkaItem(MappingOf({{"title", "name"},
                                             {"@key", "qualified_name"},
                                             {"@headers.source", "description"},
                                             {"@topic", "metadata.topic"},
                                             {"@partition", "metadata.partition"},
                                             {"@offset", "metadata.offset"},
                                             {"@timestamp", "metadata.at"},
                                             {"@headers.bytes", "metadata.bytes"},
                                             {"@nothing", "metadata.nothing"}}),
                                  Nulls::kReject, MessageOf(R"({"title": "t", "@key": "forged"})"));
  ASSERT_TRUE(item) << item.error().message;
  EXPECT_EQ(item->kind, KafkaItem::Kind::kUpsert);
  const json::value expected{{"name", "t"},
                             {"qualified_name", "k1"},
                             {"description", "b"},
                             {"metadata",
                              {{"topic", "videos"},
                               {"partition", 3},
                               {"offset", 17},
                               {"at", "2023-11-14T22:13:20.000000Z"}}}};
  EXPECT_EQ(json::value(item->row), expected) << item->row;
}

TEST(KafkaItemTest, WithoutFieldsTheValueIsTheRow) {
  const auto item = ReadKafkaItem(MappingOf({}), Nulls::kReject, MessageOf(R"({"name": "n"})"));
  ASSERT_TRUE(item);
  EXPECT_EQ(json::value(item->row), (json::value{{"name", "n"}}));
}

TEST(KafkaItemTest, NodesAreToldApartByTheKeyAlsoWhenTheyAreDeleted) {
  const auto mapping = MappingOf({{"title", "properties.title"}}, "graph_nodes");
  const auto item = ReadKafkaItem(mapping, Nulls::kDelete, MessageOf(R"({"title": "t"})"));
  const auto gone = ReadKafkaItem(mapping, Nulls::kDelete, MessageOf(std::nullopt));
  ASSERT_TRUE(item);
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->kind, KafkaItem::Kind::kDelete);
  EXPECT_EQ(std::string(item->row.at("id").as_string()), gone->id);
  const auto skipped = ReadKafkaItem(mapping, Nulls::kSkip, MessageOf(std::nullopt));
  ASSERT_TRUE(skipped);
  EXPECT_EQ(skipped->kind, KafkaItem::Kind::kSkip);
}

TEST(KafkaItemTest, ReasonsSayWhatToDo) {
  const auto mapping = MappingOf({{"title", "properties.title"}}, "graph_nodes");
  EXPECT_THAT(Reason(mapping, Nulls::kReject, MessageOf(std::nullopt)), HasSubstr("config.nulls"));
  EXPECT_THAT(Reason(mapping, Nulls::kReject, MessageOf("{")), HasSubstr("no JSON"));
  EXPECT_THAT(Reason(mapping, Nulls::kReject, MessageOf("")), HasSubstr("no JSON"));
  EXPECT_THAT(Reason(mapping, Nulls::kReject, MessageOf("7")), HasSubstr("no object"));
  EXPECT_THAT(Reason(mapping, Nulls::kReject, MessageOf(std::string("\0\0\0\0\2x", 6))),
              HasSubstr("Avro"));
  net::KafkaMessage keyless = MessageOf("{}");
  keyless.key = "\xff\xfe";
  EXPECT_THAT(Reason(mapping, Nulls::kReject, keyless), HasSubstr("no @key"));
  keyless.value.reset();
  EXPECT_THAT(Reason(mapping, Nulls::kDelete, keyless), HasSubstr("no @key"));
}

TEST(KafkaItemTest, TheReplayKeyTellsDeliveriesOfATopicMadeAnewApart) {
  const net::KafkaMessage message = MessageOf("{}");
  EXPECT_EQ(KafkaReplayKey("c", message), KafkaReplayKey("c", message));
  net::KafkaMessage other = message;
  other.offset = 18;
  EXPECT_NE(KafkaReplayKey("c", message), KafkaReplayKey("c", other));
  other = message;
  other.timestamp_ms += 1;
  EXPECT_NE(KafkaReplayKey("c", message), KafkaReplayKey("c", other));
  EXPECT_NE(KafkaReplayKey("c", message), KafkaReplayKey("d", message));
}

TEST(KafkaItemTest, ARefusalShowsWhereItStandsAndNoBytesThatAreNoText) {
  net::KafkaMessage message = MessageOf("\xff\xff");
  message.key = std::string(10000, 'k');
  Error error(Code::kInvalidField, "the row is wrong");
  error.fields.push_back({"name", "required", "is required"});
  const Refusal refusal = KafkaRefusal(message, error);
  EXPECT_EQ(refusal.id, "videos/3/00000000000000000017@1700000000000");
  EXPECT_EQ(refusal.what.at("reason"), "the row is wrong; name: is required");
  EXPECT_EQ(refusal.what.at("value"), "2 bytes that are no text");
  message.value = std::string("a\0b", 3);
  EXPECT_EQ(KafkaRefusal(message, error).what.at("value"), "3 bytes that are no text");
  EXPECT_LT(refusal.what.at("key").as_string().size(), 5000u);
}

}  // namespace
}  // namespace tenon::jobs
