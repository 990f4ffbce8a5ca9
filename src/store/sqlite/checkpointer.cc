#include "store/sqlite/checkpointer.h"

#include <pthread.h>

#include <utility>

namespace tenon {

Checkpointer::Checkpointer(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)), thread_([this]() { Run(); }) {
  pthread_setname_np(thread_.native_handle(), "tenon-ckpt");
}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Checkpointer::Ask() {
  if (busy_.exchange(true, std::memory_order_acq_rel)) return;
  {
    const std::lock_guard lock(mutex_);
    asked_ = true;
  }
  changed_.notify_one();
}

void Checkpointer::Run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this]() { return asked_ || closing_; });
      if (closing_) return;
      asked_ = false;
    }
    int frames = 0;
    int copied = 0;
    // A failure (a full disk, a reader on old pages) loses nothing: the frames stay in the log and
    // the next run copies them.
    if (sqlite3_wal_checkpoint_v2(connection_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                  &frames, &copied) == SQLITE_OK) {
      copied_.store(copied, std::memory_order_release);
    }
    busy_.store(false, std::memory_order_release);
  }
}

}  // namespace tenon
