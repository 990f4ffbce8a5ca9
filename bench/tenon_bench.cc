// ./dev bench: what Tenon does against the limit, measured in the same run on the same machine.
// Each part verifies its results while it measures.
//
// Usage: tenon_bench BINARY WORK_DIR [ROWS] [PART...]
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bare_server.h"
#include "base/clock.h"
#include "base/json.h"
#include "held_threads.h"
#include "http/client.h"
#include "load.h"
#include "raw_sqlite.h"
#include "rows.h"
#include "server_process.h"

namespace tenon::bench {
namespace {

struct Settings {
  std::string binary;
  std::string work;
  std::int64_t rows = 1'000'000;
  std::vector<std::string> parts;
  [[nodiscard]] bool Wants(std::string_view part) const {
    return parts.empty() || std::find(parts.begin(), parts.end(), part) != parts.end();
  }
};

void Report(std::string_view what, std::string_view measured, double ratio, std::string_view aim) {
  fmt::print("{:<38} {:<62} ratio {:>6.2f}   aim {}\n", what, measured, ratio, aim);
  std::fflush(stdout);
}

void ReportPlain(std::string_view what, std::string_view measured, std::string_view aim) {
  fmt::print("{:<38} {:<76} aim {}\n", what, measured, aim);
  std::fflush(stdout);
}

std::string Headers(const ServerProcess& server) {
  return "Authorization: Bearer " + server.key() + "\r\nContent-Type: application/json\r\n";
}

LoadOptions OptionsFor(const ServerProcess& server, double seconds, int connections) {
  LoadOptions options;
  options.port = server.port();
  options.seconds = seconds;
  options.connections = connections;
  return options;
}

// Fills the server through POST /v1/assets:batch from four threads; rows a second.
Result<double> Import(const ServerProcess& server, std::int64_t rows, std::string_view prefix) {
  constexpr std::int64_t kBatch = 1000;
  std::atomic<std::int64_t> next{0};
  std::atomic<bool> failed{false};
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      auto client = http::Client::Create({.base_url = server.url()});
      http::Headers headers;
      headers.Set("Authorization", "Bearer " + server.key());
      headers.Set("Content-Type", "application/json");
      while (!failed) {
        const std::int64_t from = next.fetch_add(kBatch);
        if (from >= rows) break;
        std::string body = R"({"atomic":false,"upsert":true,"answer":"keys","items":[)";
        for (std::int64_t i = from; i < std::min(rows, from + kBatch); ++i) {
          if (i > from) body += ',';
          AppendAsset(prefix, static_cast<std::uint64_t>(i), body);
        }
        body += "]}";
        for (;;) {
          const auto answer = (*client)->Send("POST", "/v1/assets:batch", headers, body);
          if (answer && answer->status == 429) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            continue;
          }
          if (!answer || answer->status != 200 ||
              answer->body.find("\"status\":") != std::string::npos) {
            failed = true;
            fmt::print(stderr, "import: {}\n",
                       answer ? answer->body.substr(0, 300) : answer.error().message);
          }
          break;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (failed) return Fail(Code::kInternal, "the import failed");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return static_cast<double>(rows) / took.count();
}

Result<std::vector<std::string>> RandomIds(const ServerProcess& server, std::size_t count) {
  auto client = TRY(http::Client::Create({.base_url = server.url()}));
  http::Headers headers;
  headers.Set("Authorization", "Bearer " + server.key());
  std::vector<std::string> ids;
  std::string token;
  while (ids.size() < count) {
    const auto answer = TRY(client->Send(
        "GET",
        "/v1/assets?fields=id&page_size=1000" + (token.empty() ? "" : "&page_token=" + token),
        headers, ""));
    const auto page = TRY(ParseJson(answer.body));
    const auto* items = page.as_object().if_contains("items");
    if (items == nullptr) return Fail(Code::kInternal, answer.body);
    for (const auto& item : items->as_array()) {
      ids.emplace_back(item.as_object().at("id").as_string());
    }
    const auto* next = page.as_object().if_contains("next_page_token");
    if (next == nullptr) break;
    token = std::string(next->as_string());
  }
  return ids;
}

Result<void> BenchGet(const ServerProcess& server) {
  const std::vector<std::string> ids = TRY(RandomIds(server, 1'000'000));
  const BareServer bare(ConstantBody());
  LoadOptions limit_options;
  limit_options.port = bare.port();
  limit_options.seconds = 4;
  const auto limit = TRY(RunLoad(limit_options, GetRandom("/v1/assets/", ids, Headers(server))));
  const auto all =
      TRY(RunLoad(OptionsFor(server, 6, 32), GetRandom("/v1/assets/", ids, Headers(server)),
                  [&](std::uint64_t, int status, std::string_view body) {
                    return status == 200 && body.find("\"warehouse.") != body.npos;
                  }));
  if (all.errors > 0) return Fail(Code::kInternal, "GET: " + all.first_error);
  Report(fmt::format("GET by id, random of {}", ids.size()),
         fmt::format("{:.0f}/s, p99 {:.2f} ms; bare Beast, one thread {:.0f}/s", all.per_second,
                     all.p99_us / 1000, limit.per_second),
         all.per_second / limit.per_second, ">= 0.7");
  const std::vector<std::string> hot(
      ids.begin(), ids.begin() + std::min<std::ptrdiff_t>(10000, std::ssize(ids)));
  const auto cached =
      TRY(RunLoad(OptionsFor(server, 4, 32), GetRandom("/v1/assets/", hot, Headers(server))));
  Report("GET by id, of 10,000 in the cache",
         fmt::format("{:.0f}/s, p99 {:.2f} ms", cached.per_second, cached.p99_us / 1000),
         cached.per_second / limit.per_second, ">= 0.85");
  return {};
}

Result<double> Post(const ServerProcess& server, std::string_view prefix, double seconds) {
  const auto result =
      TRY(RunLoad(OptionsFor(server, seconds, 32),
                  bench::Post("/v1/assets", Headers(server),
                              [prefix = std::string(prefix)](std::uint64_t n, std::string& out) {
                                AppendAsset(prefix, n, out);
                              }),
                  [](std::uint64_t, int status, std::string_view) { return status == 201; }));
  if (result.errors > 0) return Fail(Code::kInternal, "POST: " + result.first_error);
  fmt::print("    {}\n", Describe(result));
  return result.per_second;
}

Result<void> BenchPost(const Settings& settings) {
  const std::string data = settings.work + "/post";
  std::filesystem::remove_all(data);
  struct Round {
    double ratio = 0, ours = 0, limit = 0;
  };
  std::vector<Round> rounds;
  const auto server = TRY(ServerProcess::Start(settings.binary, data));
  // In turns, so that both see the same machine.
  for (int i = 0; i < 3; ++i) {
    const double ours = TRY(Post(server, "post" + std::to_string(i), 4));
    const auto raw = TRY(InsertRaw(data + "/tenon.db", data + "/raw.db", "assets", 20000, 32));
    rounds.push_back({ours / raw.rows_per_second, ours, raw.rows_per_second});
  }
  std::ranges::sort(rounds, {}, &Round::ratio);
  Report(
      "POST, durable, audited, 32 connections",
      fmt::format("{:.0f}/s; raw SQLite, groups of 32 {:.0f}/s", rounds[1].ours, rounds[1].limit),
      rounds[1].ratio, ">= 0.6");
  return {};
}

Result<void> BenchPage(const ServerProcess& server, const std::string& file) {
  auto client = TRY(http::Client::Create({.base_url = server.url()}));
  http::Headers headers;
  headers.Set("Authorization", "Bearer " + server.key());
  const std::string target =
      "/v1/assets?page_size=50&order_by=" + http::PercentEncode("created_at desc") +
      "&filter=" + http::PercentEncode("type = \"TABLE\" and metadata.tier = 3");
  std::vector<double> took;
  for (int i = 0; i < 200; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const auto answer = TRY(client->Send("GET", target, headers, ""));
    const std::chrono::duration<double, std::micro> one = std::chrono::steady_clock::now() - start;
    if (answer.status != 200) return Fail(Code::kInternal, answer.body);
    took.push_back(one.count());
  }
  std::sort(took.begin(), took.end());
  const auto raw = TRY(QueryRaw(
      file,
      "SELECT * FROM assets WHERE tenant_id = (SELECT id FROM tenants WHERE slug = 'default') AND "
      "deleted_at IS NULL AND type = 'TABLE' AND json_extract(metadata, '$.tier') = 3 "
      "ORDER BY created_at DESC, id DESC LIMIT 51",
      200));
  const double ours = took[took.size() / 2];
  Report("filtered, sorted page of 50",
         fmt::format("{:.0f} us over HTTP; the same SQL {:.0f} us ({} rows)", ours, raw.median_us,
                     raw.rows),
         ours / raw.median_us, "<= 2");
  return {};
}

Result<void> BenchLatencyUnderImport(const ServerProcess& server, std::int64_t rows) {
  double import_rate = 0;
  std::thread import([&] {
    const auto rate = Import(server, rows, "under");
    import_rate = rate ? *rate : 0;
  });
  LoadOptions options = OptionsFor(server, 20, 4);
  const auto result = RunLoad(
      options,
      bench::Post("/v1/assets", Headers(server),
                  [](std::uint64_t n, std::string& out) { AppendAsset("interactive", n, out); }),
      [](std::uint64_t, int status, std::string_view) { return status == 201; });
  import.join();
  if (!result) return std::unexpected(result.error());
  ReportPlain(
      "interactive POST during an import",
      fmt::format("p50 {:.1f} ms, p99 {:.1f} ms, {:.0f}/s beside an import of {:.0f} rows/s",
                  result->p50_us / 1000, result->p99_us / 1000, result->per_second, import_rate),
      "p99 < 20 ms");
  if (result->errors > 0) return Fail(Code::kInternal, "POST: " + result->first_error);
  return {};
}

// The names of the server's followers: of all, or of those that are behind.
Result<std::vector<std::string>> FollowerNames(const ServerProcess& server, bool behind_only) {
  auto client = TRY(http::Client::Create({.base_url = server.url()}));
  http::Headers headers;
  headers.Set("Authorization", "Bearer " + server.key());
  const auto answer = TRY(client->Send("GET", "/v1/followers", headers, ""));
  const json::value page = TRY(ParseJson(answer.body));
  std::vector<std::string> names;
  if (answer.status != 200) return Fail(Code::kInternal, answer.body);
  for (const json::value& item : page.at("items").as_array()) {
    const bool behind = item.at("lag_rows").to_number<std::int64_t>() > 0;
    if (behind || !behind_only) names.emplace_back(item.at("name").as_string());
  }
  return names;
}

Result<void> LetThemCatchUp(const ServerProcess& server) {
  while (!TRY(FollowerNames(server, true)).empty()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  // The last page is done; a moment later they all wait for the next.
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  return {};
}

Result<void> HoldFollowers(const ServerProcess& server, HeldThreads& held) {
  const auto names = TRY(FollowerNames(server, false));
  std::size_t count = 0;
  for (const auto& [thread, name] : ThreadsOf(server.pid())) {
    const bool follower = std::ranges::any_of(
        names, [&](const std::string& one) { return name == ("tenon-" + one).substr(0, 15); });
    if (!follower) continue;
    TRY(held.Hold(thread));
    ++count;
  }
  if (count < names.size()) return Fail(Code::kInternal, "a follower has no thread of its name");
  return {};
}

// Four clients that POST one after the other: what they wait when followers run beside the writer,
// and when they are held.
Result<void> BenchFollowers(const Settings& settings) {
  const std::string data = settings.work + "/followers";
  std::filesystem::remove_all(data);
  const auto server = TRY(ServerProcess::Start(settings.binary, data));
  constexpr int kRounds = 5;
  std::vector<double> with, without;
  std::uint64_t round = 0;
  const auto measure = [&](std::vector<double>& p99) -> Result<void> {
    const std::string prefix = "followers" + std::to_string(round++);
    const auto result = TRY(RunLoad(
        OptionsFor(server, 4, 4),
        bench::Post("/v1/assets", Headers(server),
                    [prefix](std::uint64_t n, std::string& out) { AppendAsset(prefix, n, out); }),
        [](std::uint64_t, int status, std::string_view) { return status == 201; }));
    if (result.errors > 0) return Fail(Code::kInternal, "POST: " + result.first_error);
    fmt::print("    {} followers: {}\n", &p99 == &with ? "with" : "without", Describe(result));
    p99.push_back(result.p99_us / 1000);
    return {};
  };
  for (int i = 0; i < kRounds; ++i) {
    TRY(LetThemCatchUp(server));
    {
      HeldThreads held;
      TRY(HoldFollowers(server, held));
      TRY(measure(without));
    }
    TRY(LetThemCatchUp(server));
    TRY(measure(with));
  }
  std::ranges::sort(with);
  std::ranges::sort(without);
  const double a = with[kRounds / 2], b = without[kRounds / 2];
  Report("interactive POST with followers",
         fmt::format("p99 {:.2f} ms; without them {:.2f} ms", a, b), a / b, "<= 1.3");
  return {};
}

Result<void> BenchStart(const Settings& settings, const std::string& data) {
  std::vector<double> clean;
  for (int i = 0; i < 5; ++i) {
    auto server = TRY(ServerProcess::Start(settings.binary, data));
    clean.push_back(static_cast<double>(server.start_time().count()) / 1000);
    server.Stop();
  }
  std::sort(clean.begin(), clean.end());
  ReportPlain("start to first answer, clean stop", fmt::format("{:.0f} ms", clean[2]), "< 50 ms");
  std::vector<double> killed;
  for (int i = 0; i < 3; ++i) {
    auto server = TRY(ServerProcess::Start(settings.binary, data));
    std::thread load([&] {
      LoadOptions options = OptionsFor(server, 2, 32);
      (void)RunLoad(options, bench::Post("/v1/assets", Headers(server),
                                         [i](std::uint64_t n, std::string& out) {
                                           AppendAsset("kill" + std::to_string(i), n, out);
                                         }));
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    server.Kill();
    load.join();
    const auto again = TRY(ServerProcess::Start(settings.binary, data));
    killed.push_back(static_cast<double>(again.start_time().count()) / 1000);
  }
  std::sort(killed.begin(), killed.end());
  ReportPlain("start after kill -9 under load", fmt::format("{:.0f} ms", killed[1]), "< 250 ms");
  return {};
}

Result<void> BenchIdle(const Settings& settings) {
  const std::string data = settings.work + "/idle";
  std::filesystem::remove_all(data);
  const auto server = TRY(ServerProcess::Start(settings.binary, data));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  ReportPlain("idle memory",
              fmt::format("{:.1f} MB", static_cast<double>(server.ResidentBytes()) / 1e6),
              "< 25 MB");
  ReportPlain(
      "size on disk, binary and empty store",
      fmt::format("{:.1f} MB and {:.1f} MB",
                  static_cast<double>(std::filesystem::file_size(settings.binary)) / 1e6,
                  static_cast<double>(std::filesystem::file_size(data + "/tenon.db")) / 1e6),
      "< 20 MB");
  return {};
}

Result<void> BenchLarge(const Settings& settings) {
  const std::string data = settings.work + "/large";
  std::filesystem::remove_all(data);
  {
    const auto server = TRY(ServerProcess::Start(settings.binary, data));
    const double rate = TRY(Import(server, settings.rows, "import"));
    const auto raw = TRY(InsertRaw(data + "/tenon.db", settings.work + "/raw_bulk.db", "assets",
                                   std::min<std::int64_t>(settings.rows, 200'000), 1000));
    Report(fmt::format("batch import of {} rows", settings.rows),
           fmt::format("{:.0f} rows/s; raw SQLite bulk {:.0f} rows/s", rate, raw.rows_per_second),
           rate / raw.rows_per_second, ">= 0.7");
    if (settings.Wants("get")) TRY(BenchGet(server));
    if (settings.Wants("page")) TRY(BenchPage(server, data + "/tenon.db"));
    if (settings.Wants("latency")) {
      TRY(BenchLatencyUnderImport(server, std::max<std::int64_t>(settings.rows, 300'000)));
    }
    ReportPlain("memory after the load",
                fmt::format("{:.0f} MB", static_cast<double>(server.ResidentBytes()) / 1e6),
                "< 150 MB");
  }
  if (settings.Wants("start")) TRY(BenchStart(settings, data));
  return {};
}

Result<void> Run(const Settings& settings) {
  std::filesystem::create_directories(settings.work);
  if (settings.Wants("idle")) TRY(BenchIdle(settings));
  if (settings.Wants("post")) TRY(BenchPost(settings));
  if (settings.Wants("followers")) TRY(BenchFollowers(settings));
  if (settings.Wants("import") || settings.Wants("get") || settings.Wants("page") ||
      settings.Wants("latency") || settings.Wants("start")) {
    TRY(BenchLarge(settings));
  }
  return {};
}

}  // namespace
}  // namespace tenon::bench

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: tenon_bench BINARY WORK_DIR [ROWS] [PART...]\n");
    return 2;
  }
  tenon::bench::Settings settings{.binary = argv[1], .work = argv[2], .parts = {}};
  if (argc > 3) settings.rows = std::max(1000L, std::atol(argv[3]));
  for (int i = 4; i < argc; ++i) settings.parts.emplace_back(argv[i]);
  if (auto done = tenon::bench::Run(settings); !done) {
    fmt::print(stderr, "tenon_bench: {}\n", done.error().message);
    return 1;
  }
  return 0;
}
