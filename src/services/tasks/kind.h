// A kind of background task: what app/ hands to the workers, and what a task sees while it runs.
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"

namespace tenon::tasks {

// One attempt at one task. Used by the thread that runs it; progress and cancellation are shared
// with the thread that renews the lease.
class Run {
 public:
  virtual ~Run() = default;

  [[nodiscard]] virtual const std::string& id() const = 0;
  [[nodiscard]] virtual const Uuid& tenant() const = 0;
  // Who asked for it; nil when nobody is known.
  [[nodiscard]] virtual const Uuid& created_by() const = 0;
  [[nodiscard]] virtual const json::object& payload() const = 0;
  [[nodiscard]] virtual int attempt() const = 0;  // from 1

  // How far it is, 0 to 99 (100 comes with the end). Written down every now and then, not each
  // time.
  virtual void Progress(int percent) = 0;
  // True when the task should end early: somebody cancelled it, another worker has it by now, or
  // the server stops. Cheap; to be asked often.
  [[nodiscard]] virtual bool Cancelled() const = 0;
  // True when it is only the server that stops: the task will be taken up again.
  [[nodiscard]] virtual bool Stopping() const = 0;
};

struct Kind {
  std::string type;  // "BULK_INGESTION"
  // The result that the task keeps. An error is tried again when IsWorthAnotherTry says so.
  std::function<Result<json::value>(Run& run)> run;
};

// Whether the same task may do better later: busy and absent servers, full disks, time-outs, and
// defects of ours. Not for wrong input, missing rights or rows.
bool IsWorthAnotherTry(const Error& error);

}  // namespace tenon::tasks
