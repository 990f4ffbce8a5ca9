#include "api/change_hub.h"

#include <algorithm>
#include <utility>

namespace tenon {

ChangeHub::ChangeHub(Log& log, std::chrono::milliseconds pause)
    : log_(log), pause_(pause), state_(std::make_shared<State>()) {
  subscription_ = log_.Subscribe([state = state_](std::int64_t) {
    {
      const std::lock_guard lock(state->mutex);
      // Nobody waits, or the thread already knows: the writer does not pay for a wake-up.
      if (state->listeners.empty() || state->moved) return;
      state->moved = true;
    }
    state->wake.notify_one();
  });
  thread_ = std::thread([this] { Run(); });
}

ChangeHub::~ChangeHub() { Stop(); }

void ChangeHub::Stop() {
  subscription_.reset();
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  if (thread_.joinable()) thread_.join();
  std::vector<std::weak_ptr<ChangeListener>> left;
  {
    const std::lock_guard lock(state_->mutex);
    left = std::move(state_->listeners);
    state_->listeners.clear();
  }
  for (const auto& weak : left) {
    if (const auto listener = weak.lock()) listener->Close();
  }
}

void ChangeHub::Add(std::weak_ptr<ChangeListener> listener) {
  {
    const std::lock_guard lock(state_->mutex);
    if (!state_->stopping) {
      state_->listeners.push_back(std::move(listener));
      state_->moved = true;  // what happened between its read and now must not be missed
      state_->wake.notify_one();
      return;
    }
  }
  if (const auto late = listener.lock()) late->Close();
}

void ChangeHub::Run() {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  while (!state.stopping) {
    state.wake.wait_for(lock, std::chrono::seconds(1),
                        [&] { return state.stopping || state.moved; });
    if (state.stopping) return;
    state.moved = false;
    // Copied, so that the writer still sees that somebody waits.
    std::vector<std::weak_ptr<ChangeListener>> present = state.listeners;
    lock.unlock();
    const std::int64_t last = log_.Last();
    std::vector<std::weak_ptr<ChangeListener>> gone;
    for (const auto& weak : present) {
      const auto listener = weak.lock();
      if (listener == nullptr || !listener->Wake(last)) gone.push_back(weak);
    }
    std::this_thread::sleep_for(pause_);
    lock.lock();
    std::erase_if(state.listeners, [&](const std::weak_ptr<ChangeListener>& weak) {
      return weak.expired() || std::ranges::any_of(gone, [&](const auto& other) {
               return !weak.owner_before(other) && !other.owner_before(weak);
             });
    });
  }
}

}  // namespace tenon
