// Tells those who FOLLOW an asset that it was changed: one notification for an asset and a page of
// the log, so that an import of a thousand columns is one message.
#pragma once

#include <map>
#include <utility>

#include "engine/engine.h"
#include "events/follower.h"

namespace tenon::webhooks {

class Watchers final : public Follower {
 public:
  explicit Watchers(Engine& engine);

  [[nodiscard]] const FollowerTraits& traits() const override { return traits_; }
  Result<bool> Prepare(const LogRows& rows) override;
  Result<void> Apply(const FollowerPage& page) override;

 private:
  struct Change;
  using Changes = std::map<std::pair<Uuid, Uuid>, Change>;  // by tenant and asset

  static Changes ChangesOf(const LogRows& rows);
  Result<void> FindFollowers(Changes& changes);

  Engine& engine_;
  FollowerTraits traits_;
  std::vector<std::pair<Uuid, Command>> prepared_;  // notifications, by tenant
};

}  // namespace tenon::webhooks
