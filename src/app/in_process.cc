// The API in process: the same requests as over HTTP, handed to the node's handler.
#include <condition_variable>
#include <future>
#include <mutex>

#include "app/node.h"
#include "app/offline.h"
#include "app/serve.h"
#include "auth/keys.h"
#include "http/url.h"

namespace tenon {
namespace {

Result<http::Request> RequestOf(std::string_view method, std::string_view target,
                                const http::Headers& headers, std::string_view body) {
  http::Request request;
  request.method = method;
  TRY(http::ParseTarget(target, request));
  request.headers = headers;
  request.body = body;
  request.remote_address = "127.0.0.1";
  return request;
}

// Owns what all transports over one directory share.
struct Opened {
  SystemClock clock;
  SecureRandom random;
  std::string name;
  std::string key;
  std::unique_ptr<Node> node;
};

class InProcess final : public cli::Transport {
 public:
  // Shared: the node lives as long as any transport over it.
  explicit InProcess(std::shared_ptr<Opened> opened) : opened_(std::move(opened)) {}

  Result<http::ClientResponse> Send(std::string_view method, std::string_view target,
                                    const http::Headers& headers, std::string_view body) override {
    std::string text;
    auto response = TRY(Stream(method, target, headers, body, [&](std::string_view piece) {
      text += piece;
      return true;
    }));
    response.body += text;
    return response;
  }

  Result<http::ClientResponse> Stream(std::string_view method, std::string_view target,
                                      const http::Headers& headers, std::string_view body,
                                      const Piece& piece) override {
    http::Request request = TRY(RequestOf(method, target, headers, body));
    if (!request.headers.Has("Authorization") && !opened_->key.empty()) {
      request.headers.Set("Authorization", "Bearer " + opened_->key);
    }
    auto promise = std::make_shared<std::promise<http::Response>>();
    auto future = promise->get_future();
    opened_->node->handler()(std::move(request), [promise](http::Response response) {
      promise->set_value(std::move(response));
    });
    http::Response answer = future.get();
    http::ClientResponse response{answer.status, std::move(answer.headers), {}};
    if (!answer.stream) {
      const std::string text = answer.shared_body ? *answer.shared_body : std::move(answer.body);
      if (response.status >= 400) {
        response.body = text;
      } else {
        piece(text);
      }
      return response;
    }
    for (;;) {
      auto next = std::make_shared<std::promise<Result<std::optional<std::string>>>>();
      auto ready = next->get_future();
      answer.stream->Next(
          [next](Result<std::optional<std::string>> part) { next->set_value(std::move(part)); });
      const std::optional<std::string> part = TRY(ready.get());
      if (!part) return response;
      if (!piece(*part)) {
        answer.stream->Cancel();
        return response;
      }
    }
  }

  Result<std::unique_ptr<cli::Transport>> Another() override {
    return std::make_unique<InProcess>(opened_);
  }

  [[nodiscard]] std::string Name() const override { return opened_->name; }

 private:
  std::shared_ptr<Opened> opened_;
};

}  // namespace

Result<std::unique_ptr<cli::Transport>> OpenInProcess(const Config& config) {
  auto opened = std::make_shared<Opened>();
  opened->name = config.data + " (in process)";
  NodeOptions options = TRY(NodeOptionsOf(config));
  options.run_clock = false;
  opened->key = options.auth.owner_key = MakeKey(opened->random).key;
  options.store.create = false;  // a mistyped directory must not become a new store
  opened->node = TRY(Node::Open(std::move(options), {opened->clock, opened->random}));
  return std::make_unique<InProcess>(std::move(opened));
}

}  // namespace tenon
