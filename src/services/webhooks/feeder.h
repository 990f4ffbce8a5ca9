// Reads the log and notes what is to be sent to whom. The note and the position move together, so
// each change is noted once; sending is the sender's. A receiver that is slow or away costs rows of
// webhook_queue, never the log or memory, and is paused when they become too many.
#pragma once

#include <map>
#include <string>

#include "engine/engine.h"
#include "events/follower.h"
#include "services/webhooks/subscriptions.h"

namespace tenon::webhooks {

struct FeederOptions {
  // Changes that wait for one receiver until its subscription is paused.
  std::int64_t queue_max = 100000;
};

// Tables and fields that the service binds to; kInvalidArgument when the models lack them.
Result<void> CheckModel(const model::Model& model);

class Feeder final : public Follower {
 public:
  explicit Feeder(Engine& engine, FeederOptions options = {});

  [[nodiscard]] const FollowerTraits& traits() const override { return traits_; }
  Result<void> Apply(const FollowerPage& page) override;

 private:
  struct Page;
  Result<void> Note(Page& page, const Subscription& subscription, const LogEntry& entry,
                    const std::string& subject);
  Result<void> Replay(Page& page, const LogEntry& entry);
  Result<void> StopFull(Page& page, const Subscription& subscription);
  // Pauses a subscription and says why, to people too.
  Result<void> Pause(Page& page, const Subscription& subscription, const std::string& reason);

  Engine& engine_;
  const FeederOptions options_;
  FollowerTraits traits_;
  Matcher matcher_;
  std::map<std::string, const model::Entity*, std::less<>> entities_;  // by LogEntry::entity_type
};

}  // namespace tenon::webhooks
