#include <utility>

#include "cli/transport.h"

namespace tenon::cli {
namespace {

class HttpTransport final : public Transport {
 public:
  HttpTransport(http::ClientOptions options, std::unique_ptr<http::Client> client)
      : options_(std::move(options)), client_(std::move(client)) {}

  Result<http::ClientResponse> Send(std::string_view method, std::string_view target,
                                    const http::Headers& headers, std::string_view body) override {
    return client_->Send(method, target, headers, body);
  }

  Result<http::ClientResponse> Stream(std::string_view method, std::string_view target,
                                      const http::Headers& headers, std::string_view body,
                                      const Piece& piece) override {
    return client_->Stream(method, target, headers, body, piece);
  }

  Result<std::unique_ptr<Transport>> Another() override { return ConnectHttp(options_); }

  [[nodiscard]] std::string Name() const override { return options_.base_url; }

 private:
  http::ClientOptions options_;
  std::unique_ptr<http::Client> client_;
};

}  // namespace

Result<std::unique_ptr<Transport>> ConnectHttp(http::ClientOptions options) {
  std::unique_ptr<http::Client> client = TRY(http::Client::Create(options));
  return std::make_unique<HttpTransport>(std::move(options), std::move(client));
}

}  // namespace tenon::cli
