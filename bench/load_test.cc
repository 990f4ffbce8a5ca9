#include "load.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "bare_server.h"
#include "histogram.h"
#include "http/server.h"

namespace tenon::bench {
namespace {

TEST(Histogram, QuantilesAreWithinTwoPercent) {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 1000000; ++value) histogram.Add(value);
  for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    EXPECT_NEAR(static_cast<double>(histogram.Quantile(share)), share * 1e6, share * 1e6 * 0.02);
  }
  EXPECT_EQ(histogram.Quantile(1), 1000000u);
  Histogram other;
  other.Add(~std::uint64_t{0});
  other.Merge(histogram);
  EXPECT_EQ(other.count(), 1000001u);
  EXPECT_EQ(other.Quantile(1), ~std::uint64_t{0});
  EXPECT_EQ(Histogram().Quantile(0.5), 0u);
}

TEST(Load, CountsAndChecksEveryAnswer) {
  const BareServer server(ConstantBody());
  LoadOptions options;
  options.port = server.port();
  options.connections = 5;
  options.threads = 2;
  options.warmup_seconds = 0;
  options.seconds = 20;
  options.requests_max = 2000;
  const std::vector<std::string> ids = {"a", "b"};
  const auto right = RunLoad(options, GetRandom("/v1/x/", ids, ""));
  ASSERT_TRUE(right) << right.error().message;
  EXPECT_EQ(right->requests, 2000u);
  EXPECT_EQ(right->errors, 0u) << right->first_error;
  EXPECT_GT(right->p99_us, 0);
  EXPECT_LT(right->seconds, 10);
  const auto wrong = RunLoad(options, GetRandom("/v1/x/", ids, ""),
                             [](std::uint64_t n, int, std::string_view) { return n % 2 == 0; });
  EXPECT_EQ(wrong->requests, 1000u);
  EXPECT_EQ(wrong->errors, 1000u);
}

TEST(Load, PostsTheBodyOfEachNumber) {
  std::atomic<std::uint64_t> sum{0};
  http::ServerOptions options;
  options.port = 0;
  auto server = http::Server::Listen(options, [&](http::Request request, http::Respond respond) {
    sum += std::stoul(request.body);
    http::Response response;
    response.status = 201;
    respond(std::move(response));
  });
  ASSERT_TRUE(server) << server.error().message;
  (*server)->Start();
  LoadOptions load;
  load.port = (*server)->port();
  load.warmup_seconds = 0;
  load.requests_max = 1000;
  const auto result =
      RunLoad(load, Post("/v1/x", "X-Key: a\r\n",
                         [](std::uint64_t n, std::string& out) { out += std::to_string(n); }));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->requests, 1000u);
  EXPECT_EQ(sum, 999u * 1000 / 2);
}

TEST(Load, SaysWhenNobodyListens) {
  LoadOptions options;
  options.port = 1;
  const auto result = RunLoad(options, [](std::uint64_t, std::string&) {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace tenon::bench
