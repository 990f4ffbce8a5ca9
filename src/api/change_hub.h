// Wakes those who wait for the log to move: long polls and event streams.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "log/log.h"

namespace tenon {

// Someone who waits. Called on the hub's thread: must not block.
class ChangeListener {
 public:
  virtual ~ChangeListener() = default;
  // The log reached `last`, or a second has passed. False: not interested any more.
  virtual bool Wake(std::int64_t last) = 0;
  // The server stops: answer what is open.
  virtual void Close() = 0;
};

// One thread. Commits come in thousands a second; listeners are woken at most every `pause`, and
// at least once a second so that they can keep their time-outs. Thread-safe.
class ChangeHub {
 public:
  ChangeHub(Log& log, std::chrono::milliseconds pause);
  ~ChangeHub();  // as Stop

  // Kept as long as the listener lives and answers true.
  void Add(std::weak_ptr<ChangeListener> listener);
  // Ends the thread and closes those who still wait.
  void Stop();

 private:
  // Shared with the subscription, which the writer may still be calling while the hub goes.
  struct State {
    std::mutex mutex;
    std::condition_variable wake;
    // Guarded by mutex.
    std::vector<std::weak_ptr<ChangeListener>> listeners;
    bool moved = false;
    bool stopping = false;
  };
  void Run();

  Log& log_;
  const std::chrono::milliseconds pause_;
  const std::shared_ptr<State> state_;
  Log::Subscription subscription_;
  std::thread thread_;
};

}  // namespace tenon
