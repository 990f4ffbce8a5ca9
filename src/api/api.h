// The REST surface over a model: what DESIGN, "Interface conventions", lays down, for every entity.
#pragma once

#include <memory>

#include "api/options.h"
#include "auth/authenticator.h"
#include "base/random.h"
#include "engine/engine.h"
#include "http/message.h"

namespace tenon {

struct ApiDeps {
  Engine& engine;
  Authenticator& authenticator;
  Random& random;
  IdSource& ids;
};

// Thread-safe. Outlives the listener that it answers for; stop the listener first, then this.
class Api {
 public:
  Api(ApiDeps deps, ApiOptions options);
  ~Api();  // as Stop

  // To be handed to http::Server::Listen.
  [[nodiscard]] http::Handler handler();

  // Ends event streams and long polls, so that a listener that waits for its answers is not kept
  // by them. New ones are refused. To be called before http::Server::Stop.
  void CloseStreams();

  // Ends the threads after what they have taken is answered.
  void Stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tenon
