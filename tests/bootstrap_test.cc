// Several nodes that begin on one empty database at the same time.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <thread>

#include "app/shipped_models.h"
#include "store/postgres/test_owner.h"
#include "support/node_world.h"

namespace tenon::testing {
namespace {

using ::testing::HasSubstr;

class BootstrapTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = OwnedDatabase::Make();
    if (!made) GTEST_SKIP() << made.error().message;
    database_ = *std::move(made);
  }

  // A process of its own, but for the process.
  struct Machine {
    TemporaryDirectory directory;
    std::unique_ptr<Node> node;
    Result<void> opened;
  };
  void Open(Machine& machine, const std::string& encryption_key) {
    NodeOptions options;
    options.store.directory = machine.directory.path();
    PostgresPlace place{.server = database_->NodeOptions(), .owner_url = {}};
    options.store.postgres = place;
    options.models = ShippedModels();
    options.encryption_key = encryption_key;
    options.run_clock = false;
    auto node = Node::Open(std::move(options), {clock_, random_});
    if (node) {
      machine.node = *std::move(node);
    } else {
      machine.opened = Fail(std::move(node).error());
    }
  }
  // All at once; by number which key each has.
  void OpenAll(std::vector<Machine>& machines, const std::vector<std::string>& keys) {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < machines.size(); ++i) {
      threads.emplace_back([this, &machine = machines[i], &key = keys[i]] { Open(machine, key); });
    }
  }
  static int StatusOf(Node& node, const std::string& key) {
    http::Request request = MakeRequest("GET", "/v1/tenants", "", {{"tenant", "default"}});
    request.headers.Set("Authorization", "Bearer " + key);
    auto promise = std::make_shared<std::promise<int>>();
    auto future = promise->get_future();
    node.handler()(std::move(request), [promise](const http::Response& response) {
      promise->set_value(response.status);
    });
    return future.get();
  }

  SystemClock clock_;
  SecureRandom random_;
  std::unique_ptr<OwnedDatabase> database_;
};

TEST_F(BootstrapTest, NodesThatBeginTogetherAllComeUp) {
  std::vector<Machine> machines(3);
  OpenAll(machines, std::vector<std::string>(3, std::string(64, 'a')));
  std::string key;
  int key_files = 0;
  for (Machine& machine : machines) {
    ASSERT_TRUE(machine.opened) << machine.opened.error().message;
    const Bootstrapped& bootstrapped = machine.node->bootstrapped();
    const bool has_file = std::filesystem::exists(bootstrapped.key_file);
    EXPECT_EQ(has_file, !bootstrapped.admin_key.empty());
    key_files += has_file ? 1 : 0;
    if (has_file) key = bootstrapped.admin_key;
  }
  EXPECT_EQ(key_files, 1);
  for (Machine& machine : machines) EXPECT_EQ(StatusOf(*machine.node, key), 200);
  const auto count = [&](const std::string& table) {
    return database_->database().Ask("SELECT count(*) FROM " + table).value_or("?");
  };
  EXPECT_EQ(count("tenants"), "2");
  EXPECT_EQ(count("api_keys"), "1");
}

TEST_F(BootstrapTest, OfTwoSecretKeysOneIsTheStores) {
  std::vector<Machine> machines(2);
  OpenAll(machines, {std::string(64, 'a'), std::string(64, 'b')});
  EXPECT_NE(machines[0].opened.has_value(), machines[1].opened.has_value());
  for (const Machine& machine : machines) {
    if (machine.opened) continue;
    EXPECT_THAT(machine.opened.error().message, HasSubstr("ENCRYPTION_KEY is not the key"));
  }
}

}  // namespace
}  // namespace tenon::testing
