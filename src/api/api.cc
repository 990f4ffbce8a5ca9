#include "api/api.h"

#include <fmt/format.h>

#include <atomic>
#include <exception>
#include <utility>

#include "api/context.h"
#include "api/cors.h"
#include "api/openapi.h"
#include "api/query.h"
#include "api/read_audit.h"
#include "api/routes.h"
#include "base/text.h"

namespace tenon {
namespace {

// A body over this is decoded on the pool: a few hundred microseconds are too long for a thread
// that others wait for.
constexpr std::size_t kInlineBodyMax = 64u << 10;
constexpr std::chrono::milliseconds kStreamPause{20};

std::vector<Route> AllRoutes(const ApiOptions& options) {
  std::vector<Route> routes = Routes();
  routes.insert(routes.end(), options.routes.begin(), options.routes.end());
  return routes;
}

// Labels of metrics: the table's patterns, and one for what matches none.
std::vector<std::string> MetricNames(std::span<const Route> routes) {
  std::vector<std::string> names;
  for (const Route& route : routes) {
    names.push_back(std::string(route.method) + " " + std::string(route.pattern));
  }
  names.emplace_back("none");
  return names;
}

bool Reads(const http::Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

struct Api::Impl {
  Impl(ApiDeps deps, ApiOptions given)
      : options(std::move(given)),
        authenticator(deps.authenticator),
        clock(deps.engine.clock()),
        router(deps.engine.model(), AllRoutes(options)),
        metrics(MetricNames(router.routes())),
        pool(options.pool),
        positions(options.position_key),
        changes(deps.engine.log(), kStreamPause),
        streams(options.streams_per_tenant_max),
        exports(options.exports_per_tenant_max),
        openapi(deps.engine.model(), TENON_VERSION),
        cors(options.cors_origins),
        tracer(deps.random),
        rate(clock, options.rate),
        tenant_rate(clock, options.rate),
        read_audit(deps.engine),
        context{deps.engine, deps.authenticator,
                deps.random, deps.ids,
                options,     pool,
                positions,   changes,
                streams,     exports,
                metrics,     openapi,
                router} {}

  void Begin(http::Request request, http::Respond respond);
  void Authorise(const ExchangePtr& exchange, const Route& route);
  void WithCaller(const ExchangePtr& exchange, const Route& route, Result<Caller> caller,
                  bool on_pool);
  void Run(const ExchangePtr& exchange, const Route& route);
  void OnPool(const ExchangePtr& exchange, std::function<void()> work);
  Result<void> CheckRequest(const Exchange& exchange, const Route& route);
  Result<void> CheckRate(const Caller& caller);
  Result<void> CheckConnectorKey(const Exchange& exchange, const Route& route) const;
  void Finish(Exchange& exchange, http::Response& response);

  const ApiOptions options;
  Authenticator& authenticator;
  Clock& clock;
  const Router router;
  RequestMetrics metrics;
  Pool pool;
  Positions positions;
  ChangeHub changes;
  TenantSlots streams;
  TenantSlots exports;
  OpenApiDocument openapi;
  const Cors cors;
  Tracer tracer;
  TokenBuckets rate;         // of keys and users
  TokenBuckets tenant_rate;  // of tenants, each at its own
  ReadAudit read_audit;
  const ApiContext context;
};

void Api::Impl::Finish(Exchange& exchange, http::Response& response) {
  response.headers.Add("traceparent", std::string(exchange.trace.Header()));
  response.headers.Add("X-Content-Type-Options", "nosniff");
  cors.Allow(exchange.request, response);
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - exchange.start);
  metrics.Count(exchange.route_index, response.status, took);
  if (!options.access_log) return;
  AccessRecord record;
  record.method = exchange.request.method;
  record.path = exchange.request.path;
  record.route = exchange.route;
  record.user_agent = exchange.request.headers.Get("User-Agent");
  record.address = exchange.request.remote_address;
  record.trace_id = exchange.trace.trace_id();
  record.span_id = exchange.trace.span_id();
  record.status = response.status;
  record.took = took;
  record.bytes = response.shared_body ? response.shared_body->size() : response.body.size();
  record.caller = exchange.has_caller ? &exchange.caller : nullptr;
  record.error = exchange.error();
  options.access_log(record);
}

void Api::Impl::Begin(http::Request request, http::Respond respond) {
  auto exchange = std::make_shared<Exchange>(
      std::move(request), std::move(respond),
      [this](Exchange& done, http::Response& response) { Finish(done, response); });
  exchange->start = std::chrono::steady_clock::now();
  exchange->trace = tracer.Begin(exchange->request.headers.Get("traceparent"));
  exchange->route_index = router.routes().size();
  exchange->route = "none";
  if (Cors::IsPreflight(exchange->request) && !options.cors_origins.empty()) {
    return exchange->Send(cors.Preflight(exchange->request));
  }
  auto matched = router.Match(exchange->request.method, exchange->request.path);
  if (!matched) {
    http::Response response;
    const Error& error = matched.error();
    if (const json::value* allow = error.details.if_contains("allow");
        allow != nullptr && exchange->request.method == "OPTIONS") {
      response.status = 204;
      response.headers.Set("Allow", std::string(allow->as_string()));
      return exchange->Send(std::move(response));
    }
    return exchange->Fail(error);
  }
  const Route& route = router.routes()[matched->route];
  exchange->route_index = matched->route;
  exchange->route = route.pattern;
  exchange->entity = matched->entity;
  exchange->id = std::move(matched->id);
  exchange->name = std::move(matched->name);
  Authorise(exchange, route);
}

void Api::Impl::OnPool(const ExchangePtr& exchange, std::function<void()> work) {
  if (auto taken = pool.Submit(exchange->caller.tenant, std::move(work)); !taken) {
    exchange->Fail(taken.error());
  }
}

void Api::Impl::Authorise(const ExchangePtr& exchange, const Route& route) {
  if (route.access == Access::kPublic) {
    if (auto fits = CheckRequest(*exchange, route); !fits) return exchange->Fail(fits.error());
    if (route.where == Where::kInline) return Run(exchange, route);
    return OnPool(exchange, [this, exchange, &route] { Run(exchange, route); });
  }
  const Credentials credentials = Credentials::Of(exchange->request);
  if (auto known = authenticator.Known(credentials)) {
    return WithCaller(exchange, route, std::move(*known), false);
  }
  // A key that was not seen for a minute: its row is read off the I/O thread.
  OnPool(exchange, [this, exchange, &route, credentials] {
    WithCaller(exchange, route, authenticator.Authenticate(credentials), true);
  });
}

Result<void> Api::Impl::CheckRequest(const Exchange& exchange, const Route& route) {
  if (exchange.request.query.empty() || route.free_parameters) return {};
  std::vector<std::string_view> known = route.parameters;
  known.push_back("tenant");
  return CheckParameters(exchange.request, known);
}

Result<void> Api::Impl::CheckRate(const Caller& caller) {
  const auto key_of = [](const Uuid& id) {
    return std::string_view(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
  };
  const auto refuse = [](std::string message, int wait_s) {
    Error error(Code::kTooManyRequests, std::move(message));
    error.retry_after_s = wait_s;
    return Fail(std::move(error));
  };
  if (options.rate.burst > 0) {
    const auto wait = rate.Take(key_of(caller.key_id.IsNil() ? caller.user : caller.key_id));
    if (wait) return refuse("too many requests with this key; slow down", *wait);
  }
  if (const int limit = caller.tenant_requests_per_second; limit > 0) {
    // As for keys, twice the rate may come at once.
    const auto wait = tenant_rate.Take(key_of(caller.tenant), limit, 2.0 * limit);
    if (wait) {
      return refuse(fmt::format("the tenant {} may make {} requests in a second; slow down",
                                caller.tenant_slug, limit),
                    *wait);
    }
  }
  return {};
}

// A connector's own key opens one door. What is behind the others, also that they are there, is not
// for its holder.
Result<void> Api::Impl::CheckConnectorKey(const Exchange& exchange, const Route& route) const {
  const Uuid& connector = exchange.caller.connector;
  if (connector.IsNil()) return {};
  if (route.pattern != kPushPattern) {
    return Fail(Code::kForbidden, "this key may only push to its connector");
  }
  if (Uuid::Parse(exchange.id) == connector) return {};
  return Fail(Code::kNotFound, "there is no connector_configs " + Ellipsis(exchange.id, 80));
}

void Api::Impl::WithCaller(const ExchangePtr& exchange, const Route& route, Result<Caller> caller,
                           bool on_pool) {
  if (!caller) return exchange->Fail(caller.error());
  exchange->caller = std::move(*caller);
  exchange->has_caller = true;
  if (auto may = CheckConnectorKey(*exchange, route); !may) return exchange->Fail(may.error());
  if (const std::string_view job = exchange->request.headers.Get("Tenon-Job"); !job.empty()) {
    // The import that these rows come from; the engine checks that the tenant has it.
    if (!Ulid::Parse(job)) {
      return exchange->Fail(Error(Code::kInvalidArgument, "Tenon-Job must be a ULID"));
    }
    exchange->caller.job = std::string(job);
  }
  if (auto allowed = CheckRate(exchange->caller); !allowed) return exchange->Fail(allowed.error());
  if (route.access == Access::kSystem && !exchange->caller.Has(Role::kSystem)) {
    return exchange->Fail(Error(Code::kForbidden, "this is for the role system"));
  }
  if (auto fits = CheckRequest(*exchange, route); !fits) return exchange->Fail(fits.error());
  const bool across = exchange->caller.across_tenants;
  if (!across && !exchange->caller.user_tenant.IsNil() && Reads(exchange->request)) {
    read_audit.Elsewhere(exchange->caller, exchange->request.path);
  }
  const bool heavy = exchange->request.body.size() > kInlineBodyMax;
  // Only the plain row is read without waiting; what is asked for besides, another machine answers.
  const bool away = context.engine.store().dialect() == Dialect::kPostgres &&
                    Reads(exchange->request) && !exchange->request.query.empty();
  const bool block = across || heavy || away || route.where == Where::kPool;
  auto work = [this, exchange, &route, across] {
    if (across) {
      auto noted = read_audit.Across(exchange->caller, exchange->request.path);
      if (!noted) return exchange->Fail(noted.error());
    }
    Run(exchange, route);
  };
  if (on_pool || !block) return work();
  OnPool(exchange, std::move(work));
}

void Api::Impl::Run(const ExchangePtr& exchange, const Route& route) {
  // The last net: nothing below throws on purpose, but memory may run out or a library may.
  try {
    route.handle(context, exchange);
  } catch (const std::exception& error) {
    exchange->Fail(Error(Code::kInternal, std::string("unexpected: ") + error.what()));
  }
}

Api::Api(ApiDeps deps, ApiOptions options)
    : impl_(std::make_unique<Impl>(deps, std::move(options))) {}

Api::~Api() { Stop(); }

http::Handler Api::handler() {
  return [impl = impl_.get()](http::Request request, http::Respond respond) {
    impl->Begin(std::move(request), std::move(respond));
  };
}

void Api::CloseStreams() { impl_->changes.Stop(); }

void Api::Stop() {
  impl_->changes.Stop();
  impl_->pool.Stop();
}

}  // namespace tenon
