// The same work on a running PocketBase: POST, GET by id, batches, with the load generator that
// measures Tenon. bench/peers starts the server and makes the collection.
//
// Usage: pocketbase_bench PORT TOKEN [SECONDS]
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/json.h"
#include "http/client.h"
#include "load.h"
#include "rows.h"

namespace tenon::bench {
namespace {

constexpr std::string_view kRecords = "/api/collections/assets/records";

struct Peer {
  std::uint16_t port = 0;
  std::string token;
  double seconds = 5;

  [[nodiscard]] LoadOptions Options() const {
    LoadOptions options;
    options.port = port;
    options.seconds = seconds;
    return options;
  }
  [[nodiscard]] std::string Header() const { return "Authorization: " + token + "\r\n"; }
};

Result<json::value> Send(http::Client& client, const Peer& peer, std::string_view method,
                         const std::string& target, const std::string& body) {
  http::Headers headers;
  headers.Set("Authorization", peer.token);
  headers.Set("Content-Type", "application/json");
  const auto answer = TRY(client.Send(method, target, headers, body));
  if (answer.status != 200) return Fail(Code::kInternal, answer.body.substr(0, 300));
  return ParseJson(answer.body);
}

Result<void> BenchPost(const Peer& peer) {
  const auto result =
      TRY(RunLoad(peer.Options(),
                  Post(std::string(kRecords), peer.Header(),
                       [](std::uint64_t n, std::string& out) { AppendAsset("post", n, out); })));
  fmt::print("  POST, 32 connections     {}\n", Describe(result));
  return {};
}

// One transaction of a hundred rows after the other, on one connection.
Result<void> BenchBatch(const Peer& peer, http::Client& client) {
  constexpr int kBatches = 100;
  constexpr int kBatch = 100;
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t n = 0;
  for (int batch = 0; batch < kBatches; ++batch) {
    std::string body = R"({"requests":[)";
    for (int i = 0; i < kBatch; ++i) {
      fmt::format_to(std::back_inserter(body), R"({}{{"method":"POST","url":"{}","body":)",
                     i == 0 ? "" : ",", kRecords);
      AppendAsset("batch", n++, body);
      body += '}';
    }
    TRY(Send(client, peer, "POST", "/api/batch", body + "]}"));
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  fmt::print("  batch, {} rows a request {:.0f} rows/s\n", kBatch,
             static_cast<double>(n) / took.count());
  return {};
}

Result<void> BenchGet(const Peer& peer, http::Client& client) {
  std::vector<std::string> ids;
  for (int page = 1; page <= 20; ++page) {
    const json::value answer =
        TRY(Send(client, peer, "GET",
                 fmt::format("{}?fields=id&perPage=500&skipTotal=1&page={}", kRecords, page), ""));
    for (const auto& item : answer.at("items").as_array()) {
      ids.emplace_back(item.at("id").as_string());
    }
  }
  if (ids.empty()) return Fail(Code::kInternal, "there are no records");
  const auto result =
      TRY(RunLoad(peer.Options(), GetRandom(std::string(kRecords) + "/", ids, peer.Header())));
  fmt::print("  GET by id, of {:<10} {}\n", ids.size(), Describe(result));
  return {};
}

Result<void> Run(const Peer& peer) {
  const auto client =
      TRY(http::Client::Create({.base_url = fmt::format("http://127.0.0.1:{}", peer.port)}));
  TRY(BenchPost(peer));
  TRY(BenchBatch(peer, *client));
  return BenchGet(peer, *client);
}

}  // namespace
}  // namespace tenon::bench

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: pocketbase_bench PORT TOKEN [SECONDS]\n");
    return 2;
  }
  tenon::bench::Peer peer{.port = static_cast<std::uint16_t>(std::atoi(argv[1])), .token = argv[2]};
  if (argc > 3) peer.seconds = std::atof(argv[3]);
  if (auto done = tenon::bench::Run(peer); !done) {
    fmt::print(stderr, "pocketbase_bench: {}\n", done.error().message);
    return 1;
  }
  return 0;
}
