// How a command reaches the API: over HTTP, or in process over a data directory. Both speak in
// requests and answers, so that no command can tell the difference.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/client.h"

namespace tenon::cli {

// Not thread-safe; a thread takes its own by Another().
class Transport {
 public:
  using Piece = std::function<bool(std::string_view piece)>;

  virtual ~Transport() = default;

  // `target` is path and query, encoded. An error is a failure to get an answer at all; an answer
  // of any status is a value.
  virtual Result<http::ClientResponse> Send(std::string_view method, std::string_view target,
                                            const http::Headers& headers,
                                            std::string_view body) = 0;

  // The same with the body handed over as it arrives; `piece` returns false to stop. The body of
  // an error answer is in the response instead.
  virtual Result<http::ClientResponse> Stream(std::string_view method, std::string_view target,
                                              const http::Headers& headers, std::string_view body,
                                              const Piece& piece) = 0;

  // A second way to the same place, for work in parallel.
  virtual Result<std::unique_ptr<Transport>> Another() = 0;

  // For messages: "http://127.0.0.1:7400" or "./data (in process)".
  [[nodiscard]] virtual std::string Name() const = 0;
};

// Over http::Client. kInvalidArgument when the URL is not one.
Result<std::unique_ptr<Transport>> ConnectHttp(http::ClientOptions options);

}  // namespace tenon::cli
