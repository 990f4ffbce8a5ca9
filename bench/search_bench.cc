// Search over many assets whose words are as frequent as words of a language: queries drawn by
// frequency, one in ten of words that a tenth of all rows have.
//
// Usage: search_bench BINARY WORK_DIR [ROWS] [postgres] [PART...]
// Parts: fill rebuild query slowest; the first three unless some are named. Without `fill`, what an
// earlier run left in WORK_DIR is used. With `postgres` it runs over a PostgreSQL of its own, in
// which the index then stands and which is gone afterwards.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/json.h"
#include "fill.h"
#include "http/client.h"
#include "load.h"
#include "server_process.h"
#include "store/postgres/test_server.h"

namespace tenon::bench {
namespace {

constexpr std::uint64_t kVocabulary = 50000;
constexpr int kDescriptionWords = 10;
constexpr int kQueries = 1000;

// Words that can be said, each another: "pa", "lori", "mekuta".
std::string Word(std::uint64_t n) {
  static constexpr std::string_view kConsonants = "bdfgklmnprstvz";
  static constexpr std::string_view kVowels = "aeiou";
  std::string word;
  do {
    word += kConsonants[n % kConsonants.size()];
    n /= kConsonants.size();
    word += kVowels[n % kVowels.size()];
    n /= kVowels.size();
  } while (n > 0);
  return word + "n";
}

// The numbers of a row's words: two of its name, the others of its description.
using RowWords = std::array<std::uint64_t, 2 + kDescriptionWords>;
RowWords WordsOf(std::int64_t n) {
  Draw draw(static_cast<std::uint64_t>(n) + 1);
  RowWords words{};
  for (std::uint64_t& word : words) word = draw.Zipf(kVocabulary);
  return words;
}

void AppendRow(std::int64_t n, std::string& out) {
  const RowWords words = WordsOf(n);
  const std::string name = Word(words[0]) + "_" + Word(words[1]);
  std::string description;
  for (std::size_t i = 2; i < words.size(); ++i) {
    description += (i == 2 ? "" : " ") + Word(words[i]);
  }
  fmt::format_to(std::back_inserter(out),
                 R"({{"type":"{}","name":"{}","qualified_name":"w.s{}.{}_{}","description":"{}"}})",
                 n % 3 == 0 ? "DASHBOARD" : "TABLE", name, n % 100, name, n, description);
}

std::vector<std::string> Queries() {
  std::vector<std::string> queries;
  Draw draw(99);
  for (int i = 0; i < kQueries; ++i) {
    std::string text = i % 10 == 0 ? Word(draw.Below(4)) : Word(draw.Zipf(kVocabulary));
    if (i % 2 == 1) text += "+" + Word(draw.Zipf(kVocabulary));
    if (i % 7 == 3) text.erase(text.size() / 2, 1);  // misspelt
    queries.push_back(std::move(text));
  }
  return queries;
}

Result<std::int64_t> CountOf(const ServerProcess& server, const std::string& target) {
  auto client = TRY(http::Client::Create({.base_url = server.url()}));
  http::Headers headers;
  headers.Set("Authorization", "Bearer " + server.key());
  const auto answer = TRY(client->Send("GET", target, headers, ""));
  const json::value parsed = TRY(ParseJson(answer.body));
  if (!parsed.is_object() || !parsed.as_object().contains("total")) {
    return Fail(Code::kInternal, answer.body.substr(0, 300));
  }
  return parsed.as_object().at("total").to_number<std::int64_t>();
}

Result<std::shared_ptr<testing::PostgresServer>> StartPostgres() {
  testing::PostgresServerOptions options;
  options.fsync = true;
  options.settings = {"shared_buffers=512MB", "max_wal_size=4GB", "checkpoint_timeout=15min"};
  std::shared_ptr<testing::PostgresServer> server =
      TRY(testing::PostgresServer::Launch(std::move(options)));
  TRY(server->Run("postgres", "CREATE DATABASE search_bench TEMPLATE template0"));
  ::setenv("TENON_STORE", "postgres", 1);
  ::setenv("TENON_DATABASE_URL", server->Url("search_bench").c_str(), 1);
  return server;
}

// Has the index built anew and waits for it.
Result<double> Rebuild(const ServerProcess& server) {
  auto client = TRY(http::Client::Create({.base_url = server.url()}));
  http::Headers headers;
  headers.Set("Authorization", "Bearer " + server.key());
  headers.Set("Content-Type", "application/json");
  const auto ask = [&](const char* method, const char* path,
                       const char* body) -> Result<json::value> {
    const auto answer = TRY(client->Send(method, path, headers, body));
    if (answer.status >= 300) return Fail(Code::kInternal, answer.body);
    return ParseJson(answer.body);
  };
  const auto rebuilds = [&]() -> Result<std::int64_t> {
    const json::value listed = TRY(ask("GET", "/v1/followers", ""));
    for (const json::value& row : listed.at("items").as_array()) {
      if (row.at("name").as_string() == "search") {
        return row.at("rebuilds_total").to_number<std::int64_t>();
      }
    }
    return Fail(Code::kInternal, "there is no follower search");
  };
  const std::int64_t before = TRY(rebuilds());
  const auto begin = std::chrono::steady_clock::now();
  TRY(ask("POST", "/v1/followers:reindex", R"({"name":"search"})"));
  while (TRY(rebuilds()) == before) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

struct Settings {
  std::string binary, work;
  std::int64_t rows = 1'000'000;
  bool on_postgres = false;
  std::vector<std::string> parts;
  [[nodiscard]] bool Wants(std::string_view part) const {
    if (parts.empty()) return part != "slowest";
    return std::ranges::find(parts, part) != parts.end();
  }
};

Result<void> Fill(const ServerProcess& server, std::int64_t rows) {
  LagWatch lag(server);
  const double rate = TRY(FillAssets(server, rows, AppendRow));
  const LagWatch::Seen seen = lag.Stop();
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    const auto settled = CountOf(server, "/v1/search?q=" + Word(0) + "&consistent=true");
    if (settled) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  const std::chrono::duration<double> behind = std::chrono::steady_clock::now() - begin;
  fmt::print(
      "{} assets written at {:.0f}/s; followers behind by at most {:.2f} s ({} rows), "
      "{:.2f} s at the end\n",
      rows, rate, seen.seconds_max, seen.rows_max, behind.count());
  return {};
}

// Each query some times by itself; those that took longest, by their medians.
Result<void> Slowest(const ServerProcess& server, const std::vector<std::string>& targets) {
  constexpr int kTimes = 5;
  constexpr std::size_t kShown = 20;
  auto client = TRY(http::Client::Create({.base_url = server.url()}));
  http::Headers headers;
  headers.Set("Authorization", "Bearer " + server.key());
  std::vector<std::vector<double>> took(targets.size());
  for (int time = 0; time < kTimes; ++time) {
    for (std::size_t i = 0; i < targets.size(); ++i) {
      const auto begin = std::chrono::steady_clock::now();
      TRY(client->Send("GET", "/v1/search?q=" + targets[i], headers, ""));
      const std::chrono::duration<double, std::milli> one =
          std::chrono::steady_clock::now() - begin;
      took[i].push_back(one.count());
    }
  }
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    std::ranges::sort(took[i]);
    order.emplace_back(took[i][kTimes / 2], i);
  }
  std::ranges::sort(order, std::greater{});
  for (std::size_t i = 0; i < std::min(kShown, order.size()); ++i) {
    const auto total = CountOf(server, "/v1/search?q=" + targets[order[i].second]);
    fmt::print("{:8.2f} ms  {:>6} rows  {}\n", order[i].first, total.value_or(-1),
               targets[order[i].second]);
  }
  return {};
}

Result<void> Ask(const ServerProcess& server, const Settings& settings) {
  std::int64_t frequent = 0;
  for (std::int64_t n = 0; n < settings.rows; ++n) {
    frequent += std::ranges::count(WordsOf(n), 0u) > 0 ? 1 : 0;
  }
  fmt::print("the most frequent word is in {} of {} rows\n", frequent, settings.rows);
  const std::string headers = "Authorization: Bearer " + server.key() + "\r\n";
  for (const char* more : {"", "&entity=assets&facets=type"}) {
    std::vector<std::string> targets;
    for (const std::string& query : Queries()) targets.push_back(query + more);
    if (settings.Wants("slowest")) TRY(Slowest(server, targets));
    if (!settings.Wants("query")) continue;
    LoadOptions options;
    options.port = server.port();
    options.connections = 1;
    options.seconds = 8;
    const auto result = TRY(RunLoad(options, GetRandom("/v1/search?q=", targets, headers)));
    fmt::print("search{:<28} {}   aim p99 < 20 ms\n", more, Describe(result));
    if (result.errors > 0) return Fail(Code::kInternal, result.first_error);
  }
  return {};
}

Result<void> Run(const Settings& settings) {
  const std::string data = (std::filesystem::path(settings.work) / "search").string();
  if (settings.Wants("fill")) std::filesystem::remove_all(data);
  std::shared_ptr<testing::PostgresServer> postgres;
  if (settings.on_postgres) postgres = TRY(StartPostgres());
  const auto server = TRY(ServerProcess::Start(settings.binary, data));
  if (settings.Wants("fill")) TRY(Fill(server, settings.rows));
  // As autovacuum does within a minute: without statistics the rows of hits are read by a bad plan.
  if (postgres) TRY(postgres->Run("search_bench", "ANALYZE"));
  if (settings.Wants("rebuild")) {
    fmt::print("the index built anew in {:.1f} s\n", TRY(Rebuild(server)));
  }
  if (settings.Wants("query") || settings.Wants("slowest")) return Ask(server, settings);
  return {};
}

}  // namespace
}  // namespace tenon::bench

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: search_bench BINARY WORK_DIR [ROWS] [postgres] [PART...]\n");
    return 2;
  }
  tenon::bench::Settings settings{.binary = argv[1], .work = argv[2], .parts = {}};
  for (int i = 3; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (const std::int64_t rows = std::atoll(argv[i]); rows > 0) {
      settings.rows = rows;
    } else if (word == "postgres") {
      settings.on_postgres = true;
    } else {
      settings.parts.emplace_back(word);
    }
  }
  const auto done = tenon::bench::Run(settings);
  if (!done) fmt::print(stderr, "{}\n", done.error().message);
  return done ? 0 : 1;
}
