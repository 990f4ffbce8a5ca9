// A place where work can be handed to: the thread that serves a connection, above all.
#pragma once

#include <functional>

namespace tenon {

// Thread-safe.
class Executor {
 public:
  using Task = std::move_only_function<void()>;
  virtual ~Executor() = default;
  // Runs the task there soon; at once when this is the place. Tasks posted by one thread run in
  // their order. When the place is gone, the task is destroyed without having run.
  virtual void Post(Task task) = 0;
};

}  // namespace tenon
