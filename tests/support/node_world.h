// A whole node over a temporary directory, or a database of its own (TENON_TEST_STORE), with a
// clock that tests turn and repeatable randomness; requests go through the API's handler.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "app/node.h"
#include "log/testing.h"
#include "support/scenario.h"

namespace tenon::testing {

// Made and removed with its owner.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class NodeWorld final : public World {
 public:
  // `model` is further model text beside the shipped files.
  static Result<std::unique_ptr<NodeWorld>> Create(const std::string& model,
                                                   std::uint64_t seed = 1);

  http::Response Call(const std::string& as, http::Request request) override;
  Result<void> Advance(Duration by) override;
  Result<void> Purge() override;
  Result<void> Work() override;
  Result<json::array> NewLogRows() override;

  // Closes the node and opens it again over the same directory.
  Result<void> Restart();
  // The two halves of it, for tests that touch the files in between.
  void Close() { node_.reset(); }
  Result<void> Open();

  [[nodiscard]] Node& node() { return *node_; }
  // With PostgreSQL; null otherwise.
  [[nodiscard]] PostgresClone* postgres() { return postgres_.get(); }
  [[nodiscard]] ManualClock& clock() { return clock_; }
  // For the next Open.
  WorkOptions work;
  std::optional<PostgresOptions> elsewhere;  // another database than the one it began with
  [[nodiscard]] const std::string& directory() const { return directory_.path(); }

 private:
  NodeWorld(const std::string& model, std::uint64_t seed);
  Result<void> Pass(Duration time);
  Result<void> MakeKeys();
  Result<std::string> MakeKey(const std::string& name, const std::string& tenant,
                              const std::string& role);
  http::Response Send(http::Request request);

  TemporaryDirectory directory_;
  std::unique_ptr<PostgresClone> postgres_;
  std::string model_;
  ManualClock clock_;
  SeededRandom random_;
  std::unique_ptr<Node> node_;
  std::map<std::string, std::string> keys_;  // by the `as` of scenarios
  std::int64_t seen_ = 0;                    // log position of the last look
};

// A GET, POST and so on, for tests that speak to a world by hand.
http::Request MakeRequest(std::string method, std::string path, std::string body = "",
                          std::vector<std::pair<std::string, std::string>> query = {});

}  // namespace tenon::testing
