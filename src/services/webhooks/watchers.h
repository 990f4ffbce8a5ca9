// Tells those who FOLLOW an asset that it was changed: one notification for an asset and a page of
// the log, so that an import of a thousand columns is one message.
#pragma once

#include "engine/engine.h"
#include "events/follower.h"

namespace tenon::webhooks {

class Watchers final : public Follower {
 public:
  explicit Watchers(Engine& engine);

  [[nodiscard]] const FollowerTraits& traits() const override { return traits_; }
  Result<void> Apply(const FollowerPage& page) override;

 private:
  struct Change;
  Result<void> Tell(EngineWriter& writer, const Uuid& tenant, const Uuid& asset,
                    const Change& change);

  Engine& engine_;
  FollowerTraits traits_;
};

}  // namespace tenon::webhooks
