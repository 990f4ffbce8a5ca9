// Subscriptions as the feeder and the sender need them.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "log/log.h"
#include "model/expression.h"
#include "model/model.h"
#include "net/message.h"
#include "store/store.h"

namespace tenon::webhooks {

struct Subscription {
  Uuid id, tenant;
  std::string url;
  std::set<std::string> entities;  // tables; empty: all
  std::set<std::string> types;     // empty: all
  std::string filter;
  std::string secret;  // sealed
  net::Headers headers;
  int attempts_max = 8;
  std::int64_t delivered = 0, parked = 0;
};

// Those that are active, of all tenants or with this id.
Result<std::vector<Subscription>> LoadActive(Reader& reader, const model::Model& model);
Result<std::vector<Subscription>> LoadById(Reader& reader, const model::Model& model,
                                           const Uuid& id);

// Whether a change is for a subscription. Keeps parsed filters; not thread-safe.
class Matcher {
 public:
  explicit Matcher(const model::Model& model) : model_(model) {}

  // Why no change can ever match: the filter does not parse (a field that is gone), or speaks of no
  // table. Empty: it can.
  std::string Problem(const Subscription& subscription);

  // False also when there is a problem.
  bool Matches(const Subscription& subscription, const model::Entity& entity, const LogEntry& entry,
               Time now);

 private:
  struct Parsed {
    const model::Entity* entity = nullptr;
    model::ExpressionPtr filter;  // null: it does not parse
    std::string problem;
  };
  const Parsed& FilterOf(const Subscription& subscription);

  const model::Model& model_;
  std::map<std::string, Parsed> filters_;  // by table and text
};

}  // namespace tenon::webhooks
