#include "fill.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/json.h"
#include "http/client.h"

namespace tenon::bench {
namespace {

http::Headers KeyOf(const ServerProcess& server) {
  http::Headers headers;
  headers.Set("Authorization", "Bearer " + server.key());
  headers.Set("Content-Type", "application/json");
  return headers;
}

Result<json::object> Get(http::Client& client, const ServerProcess& server,
                         const std::string& target) {
  const auto answer = TRY(client.Send("GET", target, KeyOf(server), ""));
  if (answer.status != 200)
    return Fail(Code::kInternal, target + ": " + answer.body.substr(0, 300));
  return TRY(ParseJson(answer.body)).as_object();
}

}  // namespace

Result<double> FillBatches(const ServerProcess& server, std::string_view table, std::int64_t rows,
                           const AppendRow& append) {
  constexpr std::int64_t kBatch = 1000;
  std::atomic<std::int64_t> next{0};
  std::atomic<bool> failed{false};
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      auto client = http::Client::Create({.base_url = server.url()});
      while (!failed) {
        const std::int64_t from = next.fetch_add(kBatch);
        if (from >= rows) break;
        std::string body = R"({"atomic":false,"upsert":true,"answer":"keys","items":[)";
        for (std::int64_t n = from; n < std::min(rows, from + kBatch); ++n) {
          if (n > from) body += ',';
          append(n, body);
        }
        body += "]}";
        for (bool again = true; again;) {
          const auto answer =
              (*client)->Send("POST", fmt::format("/v1/{}:batch", table), KeyOf(server), body);
          again = answer && answer->status == 429;
          if (again) std::this_thread::sleep_for(std::chrono::milliseconds(20));
          if (again || (answer && answer->status == 200 &&
                        answer->body.find("\"status\":") == std::string::npos)) {
            continue;
          }
          failed = true;
          fmt::print(stderr, "filling {}: {}\n", table,
                     answer ? answer->body.substr(0, 300) : answer.error().message);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (failed) return Fail(Code::kInternal, "filling failed");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return static_cast<double>(rows) / took.count();
}

Result<double> FillAssets(const ServerProcess& server, std::int64_t rows, const AppendRow& append) {
  return FillBatches(server, "assets", rows, append);
}

Result<std::vector<std::string>> AssetIds(const ServerProcess& server, std::size_t count) {
  auto client = TRY(http::Client::Create({.base_url = server.url()}));
  std::vector<std::string> ids;
  std::string token;
  while (ids.size() < count) {
    const json::object page = TRY(
        Get(*client, server,
            "/v1/assets?fields=id&page_size=1000" + (token.empty() ? "" : "&page_token=" + token)));
    for (const json::value& item : page.at("items").as_array()) {
      ids.emplace_back(item.as_object().at("id").as_string());
    }
    const json::value* next = page.if_contains("next_page_token");
    if (next == nullptr || !next->is_string() || next->as_string().empty()) break;
    token = std::string(next->as_string());
  }
  return ids;
}

Result<std::string> TenantOf(const ServerProcess& server) {
  auto client = TRY(http::Client::Create({.base_url = server.url()}));
  const json::object page = TRY(Get(*client, server, "/v1/assets?fields=tenant_id&page_size=1"));
  const json::array& items = page.at("items").as_array();
  if (items.empty()) return Fail(Code::kNotFound, "there are no assets");
  return std::string(items[0].as_object().at("tenant_id").as_string());
}

LagWatch::LagWatch(const ServerProcess& server) {
  thread_ = std::thread([this, &server] {
    auto client = http::Client::Create({.base_url = server.url()});
    while (!stop_) {
      const auto answer = Get(**client, server, "/v1/followers");
      if (answer) {
        ++seen_.looks;
        for (const json::value& item : answer->at("items").as_array()) {
          const json::object& follower = item.as_object();
          seen_.seconds_max =
              std::max(seen_.seconds_max, follower.at("lag_seconds").to_number<double>());
          seen_.rows_max =
              std::max(seen_.rows_max, follower.at("lag_rows").to_number<std::int64_t>());
        }
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
}

LagWatch::~LagWatch() { Stop(); }

LagWatch::Seen LagWatch::Stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
  return seen_;
}

}  // namespace tenon::bench
