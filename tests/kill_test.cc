// Black box: the real binary is killed under load and must have kept every write that it answered.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "base/json.h"
#include "http/client.h"
#include "support/node_world.h"

extern char** environ;

namespace tenon::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::string Binary() { return std::string(TENON_BINARY_DIR) + "/tenon"; }

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// A child process with its output in a file. Killed with its owner.
class Process {
 public:
  Process(const std::vector<std::string>& arguments, std::string output)
      : output_(std::move(output)) {
    std::vector<std::string> words = {Binary()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 1, output_.c_str(), O_CREAT | O_WRONLY | O_TRUNC,
                                     0600);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    if (::posix_spawn(&pid_, argv[0], &files, nullptr, argv.data(), environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&files);
  }
  ~Process() {
    if (pid_ > 0) {
      Signal(SIGKILL);
      Wait();
    }
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void Signal(int signal) const {
    if (pid_ > 0) ::kill(pid_, signal);
  }
  // The exit code; 128 and the signal when it was killed.
  int Wait() {
    int status = 0;
    if (pid_ > 0) ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  [[nodiscard]] std::string Output() const { return ReadAll(output_); }

 private:
  pid_t pid_ = -1;
  std::string output_;
};

class KillTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(Binary())) GTEST_SKIP() << Binary() << " is not built";
    data_ = directory_.path() + "/data";
  }

  std::vector<std::string> ServeArguments() {
    return {"serve",
            "--data",
            data_,
            "--listen",
            "127.0.0.1:0",
            "--set",
            "limits.requests_per_second=1000000"};
  }

  // Starts a server and waits until it answers.
  std::unique_ptr<Process> Serve() {
    auto process = std::make_unique<Process>(ServeArguments(),
                                             fmt::format("{}/out{}", directory_.path(), ++runs_));
    const auto until = steady_clock::now() + std::chrono::seconds(20);
    url_.clear();
    while (url_.empty() && steady_clock::now() < until) {
      std::this_thread::sleep_for(milliseconds(20));
      const std::string output = process->Output();
      const std::size_t at = output.find("http://127.0.0.1:");
      const std::size_t end = at == std::string::npos ? at : output.find_first_of("\" \n,", at);
      if (end != std::string::npos) url_ = output.substr(at, end - at);
    }
    EXPECT_FALSE(url_.empty()) << process->Output();
    std::ifstream(data_ + "/admin.key") >> key_;
    return process;
  }

  // What a command of the binary says, and its exit code.
  std::pair<int, std::string> Run(std::vector<std::string> arguments) {
    Process process(arguments, fmt::format("{}/out{}", directory_.path(), ++runs_));
    const int code = process.Wait();
    return {code, process.Output()};
  }

  Result<std::unique_ptr<http::Client>> Connect() {
    return http::Client::Create({.base_url = url_, .timeout = std::chrono::seconds(10)});
  }

  http::Headers HeadersOf(const std::string& idempotency_key = "") const {
    http::Headers headers;
    headers.Set("Authorization", "Bearer " + key_);
    headers.Set("Content-Type", "application/json");
    if (!idempotency_key.empty()) headers.Set("Idempotency-Key", idempotency_key);
    return headers;
  }

  // Every tag's name, by pages.
  std::multiset<std::string> Tags() {
    std::multiset<std::string> names;
    auto client = Connect();
    std::string next;
    do {
      const auto page =
          (*client)->Send("GET",
                          "/v1/tags?tenant=default&page_size=1000&fields=name" +
                              (next.empty() ? "" : "&page_token=" + http::PercentEncode(next)),
                          HeadersOf(), "");
      if (!page || page->status != 200) {
        ADD_FAILURE() << (page ? page->body : page.error().message);
        return names;
      }
      const auto body = ParseJson(page->body);
      for (const json::value& item : body->as_object().at("items").as_array()) {
        names.emplace(item.as_object().at("name").as_string());
      }
      const json::value* token = body->as_object().if_contains("next_page_token");
      next = token == nullptr || !token->is_string() ? "" : std::string(token->as_string());
    } while (!next.empty());
    return names;
  }

  TemporaryDirectory directory_;
  std::string data_;
  std::string url_;
  std::string key_;
  int runs_ = 0;
};

constexpr int kClients = 16;
constexpr int kBatch = 20;

// What the clients were told; written under the mutex.
struct Told {
  std::mutex mutex;
  std::vector<std::string> tags;                            // answered 201
  std::vector<std::string> batches;                         // answered 200
  std::vector<std::pair<std::string, std::string>> unsure;  // Idempotency-Key, name: no answer
  std::atomic<bool> stop{false};
  std::atomic<int> bad{0};
};

// Client `number` writes until the server is gone: plain, with a key, and batches in turn.
void WriteUntilGone(http::Client& client, const http::Headers& plain, int round, int number,
                    Told& told) {
  for (int i = 0; !told.stop; ++i) {
    const std::string name = fmt::format("r{}-c{}-{}", round, number, i);
    http::Headers headers = plain;
    const bool batch = i % 5 == 4;
    const bool keyed = i % 2 == 1;
    if (keyed) headers.Set("Idempotency-Key", name);
    std::string body = fmt::format(R"({{"name":"{}"}})", name);
    if (batch) {
      std::string items;
      for (int j = 0; j < kBatch; ++j) {
        items += fmt::format(R"({}{{"name":"{}-b{}"}})", j == 0 ? "" : ",", name, j);
      }
      body = R"({"atomic":true,"items":[)" + items + "]}";
    }
    const auto answer = client.Send(
        "POST", batch ? "/v1/tags:batch?tenant=default" : "/v1/tags?tenant=default", headers, body);
    const std::lock_guard lock(told.mutex);
    if (!answer) {
      if (keyed && !batch) told.unsure.emplace_back(name, name);
      return;
    }
    if (batch && answer->status == 200) {
      told.batches.push_back(name);
    } else if (!batch && answer->status == 201) {
      told.tags.push_back(name);
    } else if (answer->status != 503) {
      ++told.bad;
      ADD_FAILURE() << answer->status << " " << answer->body;
      return;
    }
  }
}

TEST_F(KillTest, EveryAnsweredWriteIsThere) {
  std::mt19937 random(20261121);
  std::vector<std::string> tags;
  std::vector<std::string> batches;
  std::size_t repeated = 0;
  for (int round = 0; round < 3; ++round) {
    auto server = Serve();
    ASSERT_FALSE(url_.empty());
    Told told;
    std::vector<std::thread> clients;
    for (int i = 0; i < kClients; ++i) {
      clients.emplace_back([&, i] {
        auto client = Connect();
        if (client) WriteUntilGone(**client, HeadersOf(), round, i, told);
      });
    }
    std::this_thread::sleep_for(milliseconds(500 + random() % 1000));
    server->Signal(SIGKILL);
    EXPECT_EQ(server->Wait(), 128 + SIGKILL);
    told.stop = true;
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(told.bad, 0);
    EXPECT_GT(told.tags.size(), 100U);
    tags.insert(tags.end(), told.tags.begin(), told.tags.end());
    batches.insert(batches.end(), told.batches.begin(), told.batches.end());

    server = Serve();
    ASSERT_FALSE(url_.empty());
    // Whoever got no answer asks again with the same key, and then knows.
    auto client = Connect();
    ASSERT_TRUE(client);
    for (const auto& [key, name] : told.unsure) {
      const auto again = (*client)->Send("POST", "/v1/tags?tenant=default", HeadersOf(key),
                                         fmt::format(R"({{"name":"{}"}})", name));
      ASSERT_TRUE(again) << again.error().message;
      EXPECT_EQ(again->status, 201) << again->body;
      tags.push_back(name);
      ++repeated;
    }
    const auto names = Tags();
    for (const std::string& name : tags) EXPECT_EQ(names.count(name), 1U) << name;
    std::map<std::string, int> pieces;
    for (const std::string& name : names) {
      const std::size_t at = name.find("-b");
      if (at != std::string::npos) ++pieces[name.substr(0, at)];
    }
    for (const auto& [name, count] : pieces) EXPECT_EQ(count, kBatch) << "half a batch: " << name;
    for (const std::string& name : batches) EXPECT_EQ(pieces[name], kBatch) << name;

    server->Signal(SIGTERM);
    EXPECT_EQ(server->Wait(), 0) << server->Output();
    const auto [code, said] = Run({"audit", "verify", "--data", data_});
    EXPECT_EQ(code, 0) << said;
  }
  std::cout << tags.size() << " writes, " << batches.size() << " batches answered, " << repeated
            << " asked again\n";
}

TEST_F(KillTest, ASecondServerOnTheDirectoryIsRefused) {
  auto first = Serve();
  const auto [code, said] = Run(ServeArguments());
  EXPECT_NE(code, 0);
  EXPECT_LT(code, 128) << "ended by a signal";
  EXPECT_NE(said.find(data_), std::string::npos) << said;
  EXPECT_NE(said.find("in use"), std::string::npos) << said;
  // And the first goes on.
  auto client = Connect();
  ASSERT_TRUE(client);
  const auto answer = (*client)->Send("GET", "/readyz", {}, "");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200) << answer->body;
}

TEST_F(KillTest, SigtermUnderLoadAnswersWhatWasAccepted) {
  auto server = Serve();
  Told told;
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] {
      auto client = Connect();
      if (client) WriteUntilGone(**client, HeadersOf(), 0, i, told);
    });
  }
  std::this_thread::sleep_for(milliseconds(500));
  const auto begin = steady_clock::now();
  server->Signal(SIGTERM);
  EXPECT_EQ(server->Wait(), 0) << server->Output();
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(15));
  told.stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(told.bad, 0);
  // Nothing is left to copy back, and every answered write is there.
  std::error_code missing;
  const auto wal = std::filesystem::file_size(data_ + "/tenon.db-wal", missing);
  EXPECT_TRUE(missing || wal == 0) << wal;
  server = Serve();
  const auto names = Tags();
  for (const std::string& name : told.tags) EXPECT_EQ(names.count(name), 1U) << name;
  for (const std::string& name : told.batches) EXPECT_EQ(names.count(name + "-b7"), 1U) << name;
  // Keyed requests without an answer were not begun, so none of their rows are there.
  std::size_t unanswered = 0;
  for (const auto& [key, name] : told.unsure) unanswered += names.count(name);
  EXPECT_EQ(unanswered, 0U) << "a write was made and its answer dropped";
}

TEST_F(KillTest, AForeignFileIsRefusedUntouched) {
  std::filesystem::create_directories(data_);
  const std::string path = data_ + "/tenon.db";
  std::string text = "SQLite format 3";
  text += '\0';
  const std::string foreign[] = {"These are my notes, not a database.\n" + std::string(5000, 'x'),
                                 text + std::string(84, '\1') + std::string(8092, '\2')};
  for (const std::string& content : foreign) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
    const auto [code, said] = Run(ServeArguments());
    EXPECT_NE(code, 0);
    EXPECT_LT(code, 128) << "ended by a signal";
    EXPECT_NE(said.find("tenon.db"), std::string::npos) << said;
    EXPECT_EQ(ReadAll(path), content);
    EXPECT_FALSE(std::filesystem::exists(path + "-wal"));
  }
}

}  // namespace
}  // namespace tenon::testing
