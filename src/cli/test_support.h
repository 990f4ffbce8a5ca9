// A command line under test: its streams are strings, its server a table of answers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/random.h"
#include "cli/environment.h"

namespace tenon::cli {

struct SentRequest {
  std::string method;
  std::string target;
  http::Headers headers;
  std::string body;
};

// Answers by "METHOD target"; what is not in the table is 404. Shared by the transports that it
// makes, which a test outlives.
class FakeServer {
 public:
  using Answer = std::function<http::ClientResponse(const SentRequest&)>;

  void On(const std::string& method_and_target, int status, std::string body) {
    answers_[method_and_target] = [status, body](const SentRequest&) {
      http::ClientResponse response;
      response.status = status;
      response.body = body;
      response.headers.Set("ETag", "\"1\"");
      return response;
    };
  }
  void On(const std::string& method_and_target, Answer answer) {
    answers_[method_and_target] = std::move(answer);
  }

  http::ClientResponse Take(SentRequest request) {
    const std::lock_guard lock(mutex_);
    requests.push_back(request);
    auto found = answers_.find(request.method + " " + request.target);
    if (found != answers_.end()) return found->second(request);
    http::ClientResponse response;
    response.status = 404;
    response.body =
        R"({"status":404,"code":"not-found","title":"Not found","detail":"no such row"})";
    return response;
  }

  std::vector<SentRequest> requests;

 private:
  std::mutex mutex_;
  std::map<std::string, Answer> answers_;
};

class FakeTransport final : public Transport {
 public:
  explicit FakeTransport(FakeServer& server) : server_(server) {}
  Result<http::ClientResponse> Send(std::string_view method, std::string_view target,
                                    const http::Headers& headers, std::string_view body) override {
    return server_.Take({std::string(method), std::string(target), headers, std::string(body)});
  }
  Result<http::ClientResponse> Stream(std::string_view method, std::string_view target,
                                      const http::Headers& headers, std::string_view body,
                                      const Piece& piece) override {
    http::ClientResponse response =
        server_.Take({std::string(method), std::string(target), headers, std::string(body)});
    if (response.status >= 400) return response;
    // In small pieces, so that what joins them is tried too.
    for (std::size_t at = 0; at < response.body.size(); at += 7) {
      if (!piece(std::string_view(response.body).substr(at, 7))) break;
    }
    response.body.clear();
    return response;
  }
  Result<std::unique_ptr<Transport>> Another() override {
    return std::make_unique<FakeTransport>(server_);
  }
  [[nodiscard]] std::string Name() const override { return "fake"; }

 private:
  FakeServer& server_;
};

struct RunResult {
  int code = 0;
  std::string out;
  std::string err;
};

// Runs `tenon` with --data fake, so that commands reach the fake server.
class CliRun {
 public:
  CliRun() : ids_(clock_, random_) {
    environment.in = &in;
    environment.out = &out_;
    environment.err = &err_;
    environment.in_terminal = true;
    environment.getenv = [this](const std::string& name) -> std::optional<std::string> {
      auto found = variables.find(name);
      if (found == variables.end()) return std::nullopt;
      return found->second;
    };
    environment.clock = &clock_;
    environment.ids = &ids_;
    environment.open_in_process = [this](const Settings&) -> Result<std::unique_ptr<Transport>> {
      return std::make_unique<FakeTransport>(server);
    };
  }

  // `with_server` puts --data fake in front.
  RunResult operator()(std::vector<std::string> words, bool with_server = true) {
    out_.str("");
    err_.str("");
    std::vector<std::string> all = {"tenon"};
    if (with_server) all.insert(all.end(), {"--data", "fake"});
    all.insert(all.end(), words.begin(), words.end());
    std::vector<const char*> argv;
    for (const std::string& word : all) argv.push_back(word.c_str());
    RunResult result;
    result.code = Main(static_cast<int>(argv.size()), argv.data(), environment);
    result.out = out_.str();
    result.err = err_.str();
    return result;
  }

  FakeServer server;
  Environment environment;
  std::map<std::string, std::string> variables;
  std::istringstream in;

 private:
  ManualClock clock_{Time(std::chrono::seconds(1'700'000'000))};
  SeededRandom random_{7};
  IdSource ids_;
  std::ostringstream out_;
  std::ostringstream err_;
};

// Puts a small model into the server: assets, and runs with a lifecycle.
void ServeModels(FakeServer& server);

}  // namespace tenon::cli
