#include "support/node_world.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>

#include "app/shipped_models.h"

namespace tenon::testing {

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "tenon-test-XXXXXX").string();
  path_ = ::mkdtemp(pattern.data()) == nullptr ? std::string() : pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

NodeWorld::NodeWorld(const std::string& model, std::uint64_t seed)
    : model_(model), clock_(*ParseTime("2026-11-21T09:00:00Z")), random_(seed) {}

Result<std::unique_ptr<NodeWorld>> NodeWorld::Create(const std::string& model, std::uint64_t seed) {
  std::unique_ptr<NodeWorld> world(new NodeWorld(model, seed));
  if (StoreOfRun() == StoreKind::kPostgres) world->postgres_ = TRY(PostgresClone::Make());
  TRY(world->Open());
  TRY(world->MakeKeys());
  TRY(world->NewLogRows());
  return world;
}

Result<void> NodeWorld::Open() {
  NodeOptions options;
  options.store.directory = directory_.path();
  if (postgres_) {
    options.store.postgres = PostgresPlace{.server = postgres_->options(), .owner_url = {}};
  }
  if (elsewhere) options.store.postgres = PostgresPlace{.server = *elsewhere, .owner_url = {}};
  options.models = ShippedModels();
  if (!model_.empty()) options.models.push_back({"team.tenon", model_});
  options.encryption_key = std::string(64, 'a');
  options.run_clock = false;
  options.work = work;
  options.auth.failures.burst = 1000;
  node_ = TRY(Node::Open(std::move(options), {clock_, random_}));
  return {};
}

Result<void> NodeWorld::Restart() {
  node_.reset();
  return Open();
}

http::Response NodeWorld::Send(http::Request request) {
  auto promise = std::make_shared<std::promise<http::Response>>();
  auto future = promise->get_future();
  node_->handler()(std::move(request),
                   [promise](http::Response response) { promise->set_value(std::move(response)); });
  return future.get();
}

Result<std::string> NodeWorld::MakeKey(const std::string& name, const std::string& tenant,
                                       const std::string& role) {
  const auto post = [&](const std::string& path, json::object body) -> Result<json::object> {
    http::Request request = MakeRequest("POST", path, json::serialize(body), {{"tenant", tenant}});
    request.headers.Set("Authorization", "Bearer " + keys_["system"]);
    const http::Response response = Send(std::move(request));
    if (response.status != 201) {
      return Fail(Code::kInternal, fmt::format("{}: {} {}", path, response.status, response.body));
    }
    return TRY(ParseJson(response.body)).as_object();
  };
  const json::object user = TRY(post("/v1/users", {{"email", name + "@example.com"},
                                                   {"name", name},
                                                   {"roles", json::array{json::value(role)}}}));
  const json::object key = TRY(post(
      "/v1/api_keys",
      {{"user_id", user.at("id")}, {"name", name}, {"roles", json::array{json::value(role)}}}));
  return std::string(key.at("key").as_string());
}

Result<void> NodeWorld::MakeKeys() {
  std::ifstream(directory_.path() + "/admin.key") >> keys_["system"];
  http::Request request = MakeRequest("POST", "/v1/tenants", R"({"name":"Other","slug":"other"})",
                                      {{"tenant", "system"}});
  request.headers.Set("Authorization", "Bearer " + keys_["system"]);
  const http::Response made = Send(std::move(request));
  if (made.status != 201) return Fail(Code::kInternal, "the other tenant: " + made.body);
  for (const char* role : {"admin", "reader", "writer", "approver", "operator"}) {
    keys_[role] = TRY(MakeKey(role, "default", role));
  }
  keys_["other"] = TRY(MakeKey("other", "other", "admin"));
  return {};
}

http::Response NodeWorld::Call(const std::string& as, http::Request request) {
  if (as != "nobody") request.headers.Set("Authorization", "Bearer " + keys_[as]);
  return Send(std::move(request));
}

Result<void> NodeWorld::Advance(Duration by) {
  // Long times go by in leaps of an hour, each of which the clock's work takes for a suspended
  // machine, and holds still until it has seen a minute go by.
  constexpr Duration kLeap = std::chrono::hours(1);
  constexpr Duration kSettle = std::chrono::seconds(68);
  while (by > std::chrono::hours(24)) {
    clock_.Advance(kLeap - kSettle);
    TRY(node_->engine().TakeDueEvents());
    TRY(Pass(kSettle));
    by -= kLeap;
  }
  return Pass(by);
}

Result<void> NodeWorld::Pass(Duration time) {
  // In steps such as a running server sees, so that the clock is not taken for a suspended one.
  constexpr Duration kStep = std::chrono::seconds(4);
  for (Duration left = time; left > Duration::zero(); left -= std::min(left, kStep)) {
    clock_.Advance(std::min(left, kStep));
    if (left <= kStep || (left / kStep) % 7 == 0) {
      TRY(node_->engine().TakeDueEvents());
    }
  }
  return {};
}

Result<void> NodeWorld::Purge() {
  TRY(node_->engine().Purge(true));
  TRY(node_->engine().EraseOldPayloads(true));
  return {};
}

Result<void> NodeWorld::Work() {
  TRY(node_->work().connectors().Tick());
  while (TRY(node_->work().workers().RunOne())) {
  }
  return {};
}

Result<json::array> NodeWorld::NewLogRows() {
  json::array rows;
  // Positions come a moment after the commits on PostgreSQL.
  TRY(node_->log().Settle({.tenant = {}, .across_tenants = true}, std::chrono::seconds(60)));
  TRY(node_->store().Read(
      {.tenant = {}, .across_tenants = true}, [&](Reader& reader) -> Result<void> {
        rows.clear();
        for (const LogEntry& entry : TRY(Log::Read(reader, {.tenant = {},
                                                            .after = seen_,
                                                            .limit = 100000,
                                                            .until = {},
                                                            .entity_type = {},
                                                            .entity_id = {}}))) {
          const auto parse = [](const std::string& text) -> json::value {
            if (text.empty()) return nullptr;
            auto value = ParseJson(text);
            return value ? *std::move(value) : json::value(text);
          };
          rows.push_back(json::object{{"entity_type", entry.entity_type},
                                      {"entity_id", entry.entity_id.ToString()},
                                      {"action", entry.action},
                                      {"user_id", entry.user.ToString()},
                                      {"before", parse(entry.before_state)},
                                      {"after", parse(entry.after_state)},
                                      {"metadata", parse(entry.metadata)},
                                      {"ip_address", entry.ip_address}});
          seen_ = entry.seq;
        }
        return {};
      }));
  return rows;
}

http::Request MakeRequest(std::string method, std::string path, std::string body,
                          std::vector<std::pair<std::string, std::string>> query) {
  http::Request request;
  request.method = std::move(method);
  request.path = std::move(path);
  request.body = std::move(body);
  request.query = std::move(query);
  request.remote_address = "192.0.2.7";
  request.headers.Set("Content-Type", "application/json");
  request.headers.Set("User-Agent", "test");
  return request;
}

}  // namespace tenon::testing
