// Copies the write-ahead log back into the data file, on a thread and connection of its own, so
// that the writer does not wait for it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "store/sqlite/connection.h"

namespace tenon {

// Thread-safe.
class Checkpointer {
 public:
  explicit Checkpointer(std::unique_ptr<Connection> connection);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // Asks for a checkpoint and returns at once. A request while one runs is dropped: the writer asks
  // again with its next commit.
  void Ask();
  [[nodiscard]] bool busy() const { return busy_.load(std::memory_order_acquire); }

  // Frames of the log that the last run copied. The writer's own checkpoint, which alone can start
  // the log anew, is short once this is near the end of the log.
  [[nodiscard]] int copied() const { return copied_.load(std::memory_order_acquire); }
  void Forget() { copied_.store(0, std::memory_order_release); }

 private:
  void Run();

  std::unique_ptr<Connection> connection_;  // of the thread
  std::atomic<bool> busy_{false};
  std::atomic<int> copied_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool asked_ = false;    // under mutex_
  bool closing_ = false;  // under mutex_
  std::thread thread_;    // last: it uses all of the above
};

}  // namespace tenon
