// A whole server without a socket, for tests: the shipped models, a store in a temporary folder or
// in a database of its own (TENON_TEST_STORE), and requests as function calls.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/accounts.h"
#include "api/api.h"
#include "auth/bootstrap.h"
#include "auth/identity.h"
#include "base/json.h"
#include "log/testing.h"
#include "model/check.h"
#include "store/migrations/migrate.h"
#include "store/sqlite/sqlite_store.h"

namespace tenon::testing {

inline std::shared_ptr<const model::Model> ShippedModel() {
  model::Sources sources;
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(TENON_SOURCE_DIR) + "/models")) {
    if (entry.path().extension() == ".tenon") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const auto& file : files) {
    std::ifstream in(file);
    sources.Add("models/" + file.filename().string(),
                std::string(std::istreambuf_iterator<char>(in), {}));
  }
  auto checked = model::Check(sources);
  if (checked) return *checked;
  for (const auto& diagnostic : checked.error()) {
    ADD_FAILURE() << model::Render(sources, diagnostic);
  }
  return nullptr;
}

struct Answer {
  int status = 0;
  http::Headers headers;
  std::string body;
  std::shared_ptr<http::BodyStream> stream;

  [[nodiscard]] json::value Json() const {
    auto value = ParseJson(body);
    return value ? *value : json::value("not JSON: " + body);
  }
  [[nodiscard]] std::string Text(std::string_view member) const {
    const json::value value = Json();
    const json::value* found = value.is_object() ? value.as_object().if_contains(member) : nullptr;
    return found != nullptr && found->is_string() ? std::string(found->as_string()) : "";
  }
};

struct ServerSetup {
  AuthOptions auth;
  ApiOptions api;
  bool vault = true;
};

class TestServer {
 public:
  explicit TestServer(ServerSetup setup = {})
      : folder_(MakeFolder()), ids_(clock_, random_), model_(ShippedModel()) {
    OpenStore();
    log_ = Take(OpenLog(*store_, ids_, random_));
    vault_ = std::make_unique<Vault>(Take(Vault::Create(std::string(64, 'a'), "", random_)));
    EngineOptions engine;
    engine.system_tenant = SystemTenantId();
    engine_ = std::make_unique<Engine>(
        EngineDeps{model_, *store_, *log_, clock_, ids_, setup.vault ? vault_.get() : nullptr},
        engine);
    authenticator_ = Take(Authenticator::Create(
        {*model_, *store_, clock_, ids_, CreateRowsWith(*engine_), NoteKeyUseWith(*engine_)},
        setup.auth));
    const Bootstrapped made =
        Take(Bootstrap({authenticator_->directory(), CreateRowsWith(*engine_), random_, folder_}));
    admin_key = made.admin_key;
    setup.api.position_key = Take(LoadPositionKey(*store_, random_));
    api_ = std::make_unique<Api>(ApiDeps{*engine_, *authenticator_, random_, ids_}, setup.api);
    handler_ = api_->handler();
  }

  ~TestServer() {
    if (api_) api_->Stop();
    if (engine_) engine_->Stop();
    if (log_) log_->Stop();
    if (store_) store_->Close();
    std::filesystem::remove_all(folder_);
  }

  // `target` is a path and a query that needs no encoding.
  Answer Call(std::string method, const std::string& target, std::string body = "",
              std::vector<std::pair<std::string, std::string>> headers = {}) {
    auto answer = Start(std::move(method), target, std::move(body), std::move(headers));
    if (answer.wait_for(std::chrono::seconds(20)) != std::future_status::ready) {
      ADD_FAILURE() << "no answer from " << target;
      return {};
    }
    return answer.get();
  }

  std::future<Answer> Start(std::string method, const std::string& target, std::string body = "",
                            std::vector<std::pair<std::string, std::string>> headers = {}) {
    // Positions come a moment after the commits on PostgreSQL; tests are about what is there then.
    if (target.starts_with("/v1/changes") && StoreOfRun() == StoreKind::kPostgres) Settle();
    http::Request request;
    request.method = std::move(method);
    const std::size_t mark = target.find('?');
    request.path = target.substr(0, mark);
    if (mark != std::string::npos) AddQuery(target.substr(mark + 1), request);
    request.body = std::move(body);
    request.remote_address = "192.0.2.1";
    bool has_key = false;
    for (auto& [name, value] : headers) {
      if (name == "Authorization" || name == "X-Api-Key") has_key = true;
      if (!value.empty()) request.headers.Set(name, value);
    }
    if (!has_key) request.headers.Set("Authorization", "Bearer " + admin_key);
    auto promise = std::make_shared<std::promise<Answer>>();
    auto future = promise->get_future();
    handler_(std::move(request), [promise](http::Response response) {
      Answer answer;
      answer.status = response.status;
      answer.headers = response.headers;
      answer.body = response.shared_body ? *response.shared_body : std::move(response.body);
      answer.stream = std::move(response.stream);
      promise->set_value(std::move(answer));
    });
    return future;
  }

  // A user and a key of it, in the tenant; the key.
  std::string KeyFor(const std::string& tenant, const std::string& email, const std::string& role) {
    const std::string in = tenant.empty() ? "" : "?tenant=" + tenant;
    const Answer user =
        Call("POST", "/v1/users" + in,
             R"({"email":")" + email + R"(","name":"x","roles":[")" + role + "\"]}");
    EXPECT_EQ(user.status, 201) << user.body;
    const Answer key =
        Call("POST", "/v1/api_keys" + in,
             R"({"name":"k","user_id":")" + user.Text("id") + R"(","roles":[")" + role + "\"]}");
    EXPECT_EQ(key.status, 201) << key.body;
    return key.Text("key");
  }

  // Waits until what was written has its position in the log.
  void Settle() {
    const auto settled =
        log_->Settle({.tenant = {}, .across_tenants = true}, std::chrono::seconds(60));
    EXPECT_TRUE(settled) << settled.error().message;
  }

  Engine& engine() { return *engine_; }
  Authenticator& authenticator() { return *authenticator_; }
  Store& store() { return *store_; }
  Api& api() { return *api_; }
  const std::string& folder() const { return folder_; }
  std::string admin_key;

 private:
  void OpenStore() {
    if (StoreOfRun() == StoreKind::kPostgres) {
      clone_ = Take(PostgresClone::Make());
      store_ = Take(PostgresStore::Open(clone_->options()));
      return;
    }
    SqliteOptions options;
    options.directory = folder_;
    store_ = Take(SqliteStore::Open(std::move(options)));
    if (auto migrated = Migrate(*store_, *model_, clock_); !migrated) {
      ADD_FAILURE() << migrated.error().message;
    }
  }

  static std::string MakeFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tenon-api-XXXXXX").string();
    return ::mkdtemp(pattern.data());
  }

  template <typename T>
  static T Take(Result<T> result) {
    if (!result) {
      ADD_FAILURE() << result.error().message;
      std::abort();  // nothing after it can work
    }
    return std::move(*result);
  }

  static void AddQuery(const std::string& text, http::Request& request) {
    std::size_t at = 0;
    while (at <= text.size()) {
      const std::size_t end = std::min(text.find('&', at), text.size());
      const std::string pair = text.substr(at, end - at);
      const std::size_t equals = pair.find('=');
      request.query.emplace_back(pair.substr(0, equals),
                                 equals == std::string::npos ? "" : pair.substr(equals + 1));
      at = end + 1;
    }
  }

  std::string folder_;
  SystemClock clock_;
  SecureRandom random_;
  IdSource ids_;
  std::shared_ptr<const model::Model> model_;
  std::unique_ptr<Vault> vault_;
  std::unique_ptr<PostgresClone> clone_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<Api> api_;
  http::Handler handler_;
};

}  // namespace tenon::testing
