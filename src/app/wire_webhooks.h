// Change events out of a node: who notes them, who sends them, and who tells the followers of
// assets.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/options.h"
#include "base/ids.h"
#include "base/random.h"
#include "base/seal.h"
#include "engine/engine.h"
#include "events/followers.h"
#include "net/client.h"
#include "services/webhooks/feeder.h"
#include "services/webhooks/sender.h"
#include "services/webhooks/watchers.h"

namespace tenon {

struct WebhooksDeps {
  Engine& engine;
  const Vault* vault;  // null: no ENCRYPTION_KEY
  Random& random;
  IdSource& ids;
  std::function<Result<net::ClientDeps>()> net;
  std::function<void(std::string_view level, const std::string& message)> log = {};
};

// Thread-safe once open.
class Webhooks {
 public:
  // kInvalidArgument when the models lack what it binds to. Adds its followers, which must not have
  // been started, and its metrics; before the API is made.
  static Result<std::unique_ptr<Webhooks>> Open(WebhooksDeps deps, Followers& followers,
                                                ApiOptions& options);

  void Start() { sender_.Start(); }
  void Stop() { sender_.Stop(); }
  [[nodiscard]] webhooks::Sender& sender() { return sender_; }

 private:
  explicit Webhooks(const WebhooksDeps& deps);

  webhooks::Feeder feeder_;
  webhooks::Watchers watchers_;
  webhooks::Sender sender_;
};

}  // namespace tenon
