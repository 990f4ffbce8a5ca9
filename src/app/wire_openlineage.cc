#include "app/wire_openlineage.h"

#include <utility>

#include "api/marquez.h"
#include "api/openlineage.h"

namespace tenon {

Result<std::unique_ptr<OpenLineage>> WireOpenLineage(Engine& engine, ApiOptions& options) {
  const auto bindings = TRY(openlineage::Bindings::In(engine.model()));
  auto service = std::make_unique<OpenLineage>(engine, bindings);
  const auto add = [&](std::vector<Route> routes) {
    for (Route& route : routes) options.routes.push_back(std::move(route));
  };
  add(OpenLineageRoutes(service->inlet));
  add(MarquezRoutes(service->marquez));
  options.more_metrics = [inlet = &service->inlet,
                          more = std::move(options.more_metrics)](std::string& out) {
    if (more) more(out);
    inlet->AppendMetrics(out);
  };
  return service;
}

}  // namespace tenon
