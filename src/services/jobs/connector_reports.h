// What nodes tell of connectors, in connector_reports, which every node reads: how each worker
// does, what went wrong last, and what was refused.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/json.h"
#include "store/store.h"

namespace tenon::jobs {

// Something that a connector could not take. The same `id` again is the same refusal.
struct Refusal {
  std::string id;  // "videos/3/00000000000000000017"
  json::object what;
};

// Thread-safe.
class ConnectorReports {
 public:
  // What is kept of one connector; older ones go when new ones come. All go after 30 days.
  static constexpr std::int64_t kErrorsMax = 100;
  static constexpr std::int64_t kRejectsMax = 10000;

  ConnectorReports(Store& store, Clock& clock, IdSource& ids)
      : store_(store), clock_(clock), ids_(ids) {}

  // How this node does: {"state", "task", "trace", ...}. Replaces what it said before.
  Result<> Worker(const Uuid& tenant, const std::string& connector, const std::string& worker,
                  json::object report);
  // What went wrong, in words for people.
  Result<> Failed(const Uuid& tenant, const std::string& connector, const std::string& worker,
                  const Error& error);
  Result<> Refuse(const Uuid& tenant, const std::string& connector,
                  const std::vector<Refusal>& refusals);

  // The reports of a kind, newest first: [{"id", "at", ...}].
  static Result<json::array> Read(Store& store, const Uuid& tenant, const std::string& connector,
                                  std::string_view kind, std::int64_t limit);

 private:
  Store& store_;
  Clock& clock_;
  IdSource& ids_;
};

}  // namespace tenon::jobs
