#include "app/wire_webhooks.h"

#include <utility>

namespace tenon {
namespace {

webhooks::SenderOptions OptionsOf(const WebhooksDeps& deps) {
  webhooks::SenderOptions options;
  options.log = deps.log;
  return options;
}

}  // namespace

Webhooks::Webhooks(const WebhooksDeps& deps)
    : feeder_(deps.engine),
      watchers_(deps.engine),
      sender_({deps.engine, deps.net, deps.vault, deps.random, deps.ids.V7().ToString()},
              OptionsOf(deps)) {}

Result<std::unique_ptr<Webhooks>> Webhooks::Open(WebhooksDeps deps, Followers& followers,
                                                 ApiOptions& options) {
  TRY(webhooks::CheckModel(deps.engine.model()));
  std::unique_ptr<Webhooks> service(new Webhooks(deps));
  followers.Add(service->feeder_);
  followers.Add(service->watchers_);
  options.more_metrics = [sender = &service->sender_,
                          more = std::move(options.more_metrics)](std::string& out) {
    if (more) more(out);
    sender->AppendMetrics(out);
  };
  return service;
}

}  // namespace tenon
