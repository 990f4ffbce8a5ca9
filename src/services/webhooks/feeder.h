// Reads the log and notes what is to be sent to whom. The note and the position move together, so
// each change is noted once; sending is the sender's. A receiver that is slow or away costs rows of
// webhook_queue, never the log or memory, and is paused when they become too many.
#pragma once

#include <map>
#include <string>
#include <vector>

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
  Result<bool> Prepare(const LogRows& rows) override;
  Result<void> Apply(const FollowerPage& page) override;

 private:
  // A change to be sent: a row of webhook_queue.
  struct Note {
    Uuid subscription, tenant, event;
    std::int64_t seq = 0;
    std::string subject;
  };
  struct Stop {
    Subscription subscription;
    std::string reason;
  };
  // What a page leads to.
  struct Prepared {
    std::vector<Note> notes;
    std::vector<Stop> stops;
  };

  Result<void> PrepareReplay(const LogEntry& entry);
  Result<void> StopIfFull(const Subscription& subscription, std::int64_t more);
  Result<void> Queue(EngineWriter& writer, const Note& note);
  // Pauses a subscription and says why, to people too.
  Result<void> Pause(EngineWriter& writer, const Stop& stop);

  Engine& engine_;
  const FeederOptions options_;
  FollowerTraits traits_;
  Matcher matcher_;
  std::map<std::string, const model::Entity*, std::less<>> entities_;  // by LogEntry::entity_type
  Prepared prepared_;
};

}  // namespace tenon::webhooks
