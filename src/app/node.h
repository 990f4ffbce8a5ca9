// Everything over one store but the listener: models, store, log, engine, identity, API
// and the clock's work. `tenon serve` puts a listener before it; the command line's in-process mode
// calls its handler.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/api.h"
#include "app/open_store.h"
#include "app/ticker.h"
#include "app/wire_followers.h"
#include "app/wire_openlineage.h"
#include "app/wire_webhooks.h"
#include "app/wire_work.h"
#include "auth/authenticator.h"
#include "auth/bootstrap.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/random.h"
#include "base/seal.h"
#include "engine/engine.h"
#include "log/log.h"
#include "model/check.h"
#include "model/source.h"
#include "store/sqlite/file.h"
#include "store/store.h"

namespace tenon {

struct NodeOptions {
  StorePlace store;
  EngineOptions engine;
  AuthOptions auth;
  ApiOptions api;
  WorkOptions work;
  IndexOptions indexes;
  std::vector<model::SourceFile> models;  // the shipped ones first
  std::string encryption_key;             // 64 hex digits, or empty
  std::string encryption_key_previous;
  bool migrate = true;    // bring the store to the models, unless data would go
  bool run_clock = true;  // timed events, retention and background tasks
  std::function<void(std::string_view level, const std::string& message)> log = {};
};

// Times and randomness of a node; tests hand in their own.
struct NodeDeps {
  Clock& clock;
  Random& random;
};

// Parses and checks model files; the error's message holds every diagnostic, rendered.
Result<std::shared_ptr<const model::Model>> CheckModels(
    const std::vector<model::SourceFile>& files);

// Thread-safe once open.
class Node {
 public:
  static Result<std::unique_ptr<Node>> Open(NodeOptions options, NodeDeps deps);
  // Stops the clock, finishes the writes, closes the store.
  ~Node();

  [[nodiscard]] http::Handler handler();
  [[nodiscard]] Engine& engine() { return *engine_; }
  [[nodiscard]] Log& log() { return *log_; }
  [[nodiscard]] Store& store() { return *store_; }
  [[nodiscard]] Authenticator& authenticator() { return *authenticator_; }
  [[nodiscard]] Work& work() { return *work_; }
  [[nodiscard]] Indexes& indexes() { return *indexes_; }
  [[nodiscard]] Webhooks& webhooks() { return *webhooks_; }
  // Of a fresh store: the first key, to be printed once.
  [[nodiscard]] const Bootstrapped& bootstrapped() const { return bootstrapped_; }

  // Ends event streams and long polls, so that a listener can stop.
  void StopStreams();

 private:
  Node(NodeOptions options, NodeDeps deps);
  Result<void> OpenStore();
  Result<void> RefuseToLeaveRows();
  Result<void> OpenLog();
  Result<void> OpenVault();
  Result<void> OpenEngine();
  void StartClock();
  void Say(std::string_view level, const std::string& message) const;

  NodeOptions options_;
  NodeDeps deps_;
  IdSource ids_;
  std::shared_ptr<const model::Model> model_;
  std::unique_ptr<Vault> vault_;
  // In the order in which they are made; torn down the other way round.
  std::unique_ptr<DirectoryLock> lock_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Authenticator> authenticator_;
  Bootstrapped bootstrapped_;
  std::unique_ptr<Webhooks> webhooks_;  // before its followers' runner
  std::unique_ptr<Indexes> indexes_;
  std::unique_ptr<Work> work_;
  std::unique_ptr<OpenLineage> openlineage_;
  std::unique_ptr<Api> api_;
  std::vector<std::unique_ptr<Ticker>> tickers_;
};

}  // namespace tenon
