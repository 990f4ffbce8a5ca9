#include "base/ids.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>
#include <unordered_set>
#include <vector>

#include "base/testing.h"

namespace tenon {
namespace {

using namespace std::chrono_literals;

const Time kStart{Duration(1'645'557'742'000'000)};

Uuid Id(std::string_view text) {
  const std::optional<Uuid> id = Uuid::Parse(text);
  EXPECT_TRUE(id) << text;
  return id.value_or(Uuid{});
}

std::uint64_t Milliseconds(const std::array<std::uint8_t, 16>& bytes) {
  std::uint64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i) ms = ms << 8 | bytes[i];
  return ms;
}

TEST(Uuid, ReadsAndWrites) {
  const Uuid id = Id("017F22E2-79B0-7CC3-98C4-DC0C0C07398F");
  EXPECT_EQ(id.ToString(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  std::string out = "id=";
  id.AppendTo(out);
  EXPECT_EQ(out, "id=017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  EXPECT_TRUE(Id("00000000-0000-0000-0000-000000000000").IsNil());
  EXPECT_FALSE(id.IsNil());
}

TEST(Uuid, RefusesOtherForms) {
  for (const char* text :
       {"", "017f22e279b07cc398c4dc0c0c07398f", "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "017f22e2-79b0-7cc3-98c4_dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f ",
        "017f22e-279b0-7cc3-98c4-dc0c0c07398f", "-17f22e2-79b0-7cc3-98c4-dc0c0c07398f"}) {
    EXPECT_FALSE(Uuid::Parse(text)) << text;
  }
}

TEST(UuidV5, Rfc9562AppendixA4) {
  EXPECT_EQ(UuidV5(Id("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), "www.example.com").ToString(),
            "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

TEST(IdSource, V4HasItsVersionAndVariant) {
  ManualClock clock(kStart);
  SeededRandom random(1);
  IdSource source(clock, random);
  for (int i = 0; i < 100; ++i) {
    const std::string text = source.V4().ToString();
    EXPECT_EQ(text[14], '4');
    EXPECT_NE(std::string_view("89ab").find(text[19]), std::string_view::npos);
  }
}

TEST(IdSource, V7HoldsTheTimeAndIncreases) {
  ManualClock clock(kStart);
  SeededRandom random(2);
  IdSource source(clock, random);
  Uuid last = source.V7();
  EXPECT_EQ(Milliseconds(last.bytes), 1'645'557'742'000u);
  for (int i = 0; i < 100'000; ++i) {
    if (i % 1000 == 0) clock.Advance(1ms);
    const Uuid next = source.V7();
    ASSERT_LT(last, next) << i;
    ASSERT_LT(last.ToString(), next.ToString());
    ASSERT_EQ(next.bytes[6] >> 4, 7);
    ASSERT_EQ(next.bytes[8] >> 6, 2);
    last = next;
  }
  EXPECT_EQ(Milliseconds(last.bytes), 1'645'557'742'100u);
}

TEST(IdSource, KeepsOrderWhenTheClockGoesBack) {
  ManualClock clock(kStart);
  SeededRandom random(3);
  IdSource source(clock, random);
  Uuid last_uuid = source.V7();
  Ulid last_ulid = source.NewUlid();
  for (const Duration jump : {Duration(-1h), Duration(30min), Duration(-48h), Duration(72h)}) {
    clock.JumpWall(jump);
    for (int i = 0; i < 1000; ++i) {
      const Uuid uuid = source.V7();
      const Ulid ulid = source.NewUlid();
      ASSERT_LT(last_uuid, uuid);
      ASSERT_LT(last_ulid, ulid);
      ASSERT_LT(last_ulid.ToString(), ulid.ToString());
      last_uuid = uuid;
      last_ulid = ulid;
    }
  }
  EXPECT_EQ(Milliseconds(last_uuid.bytes),
            static_cast<std::uint64_t>(clock.Now().time_since_epoch() / 1ms));
}

TEST(IdSource, IncreasesInEveryThreadAndNeverRepeats) {
  SystemClock clock;
  SeededRandom random(4);
  IdSource source(clock, random);
  constexpr int kThreads = 4;
  std::vector<std::vector<Uuid>> made(kThreads);
  std::vector<std::thread> threads;
  for (auto& ids : made) {
    threads.emplace_back([&source, &ids] {
      for (int i = 0; i < 20'000; ++i) ids.push_back(source.V7());
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::unordered_set<Uuid> all;
  for (const auto& ids : made) {
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
    all.insert(ids.begin(), ids.end());
  }
  EXPECT_EQ(all.size(), 80'000u);
}

TEST(IdSource, TwoSourcesDoNotMeet) {
  ManualClock clock(kStart);
  SecureRandom random;
  IdSource a(clock, random);
  IdSource b(clock, random);
  std::set<Uuid> all;
  for (int i = 0; i < 1000; ++i) {
    all.insert(a.V7());
    all.insert(b.V7());
  }
  EXPECT_EQ(all.size(), 2000u);
}

TEST(Ulid, ReadsAndWritesTheSpecificationsExample) {
  const std::optional<Ulid> id = Ulid::Parse("01ARZ3NDEKTSV4RRFFQ69G5FAV");
  ASSERT_TRUE(id);
  EXPECT_EQ(Milliseconds(id->bytes), 1'469'922'850'259u);
  EXPECT_EQ(id->ToString(), "01ARZ3NDEKTSV4RRFFQ69G5FAV");
  EXPECT_EQ(Ulid::Parse("01arz3ndektsv4rrffq69g5fav"), id);
  EXPECT_TRUE(Ulid::Parse("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"));
}

TEST(Ulid, RefusesOtherForms) {
  for (const char* text :
       {"", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "01ARZ3NDEKTSV4RRFFQ69G5FA",
        "01ARZ3NDEKTSV4RRFFQ69G5FAVV", "01ARZ3NDEKTSV4RRFFQ69G5FAI", "01ARZ3NDEKTSV4RRFFQ69G5FAL",
        "01ARZ3NDEKTSV4RRFFQ69G5FAO", "01ARZ3NDEKTSV4RRFFQ69G5FAU", "01ARZ3ND-KTSV4RRFFQ69G5FAV"}) {
    EXPECT_FALSE(Ulid::Parse(text)) << text;
  }
}

TEST(Ulid, SharedVectors) {
  const auto data = testing_data::Json("ids/ulid.json");
  if (!data) GTEST_SKIP() << data.error().message;
  for (const json::value& row : data->at("decode").as_array()) {
    const std::string text(row.at("ulid").as_string().c_str());
    const std::optional<Ulid> id = Ulid::Parse(text);
    ASSERT_EQ(id.has_value(), row.at("valid").as_bool()) << text;
    if (!id) continue;
    EXPECT_EQ(Milliseconds(id->bytes), row.at("unix_ms").to_number<std::uint64_t>());
  }
}

}  // namespace
}  // namespace tenon
