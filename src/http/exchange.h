// The way back from wherever a handler runs to the thread of the connection that asked.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace tenon::http {

class Connection;

// What arrives at a connection from a handler: the answer, or the next piece of its stream.
struct Delivery {
  using Piece = Result<std::optional<std::string>>;
  std::weak_ptr<Connection> to;
  std::uint64_t turn = 0;  // which request or piece it belongs to; others are ignored
  std::variant<Response, Piece> content;
};

// Deliveries for the connections of one I/O thread, and tasks for the thread itself. Outlives the
// thread and its server, because a handler may respond long after both. Thread-safe.
class Mailbox final : public Executor {
 public:
  // `wake` makes the I/O thread call Take; called once per batch, under the lock.
  explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  using Item = std::variant<Delivery, Task>;
  void Post(Delivery delivery);
  void Post(Task task) override;
  std::vector<Item> Take();
  // What this thread posts from now on lies there until it calls Release, or until somebody else
  // posts. One thread at a time gains by it; a second one's Hold only ends the first one's.
  void Hold();
  void Release();
  // Everything posted from now on is dropped, and `wake` is not called again.
  void Close();

  void set_owner(std::thread::id id) { owner_.store(id, std::memory_order_relaxed); }
  [[nodiscard]] bool IsOwnThread() const {
    return owner_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }

 private:
  void Add(Item item);

  std::mutex mutex_;
  std::function<void()> wake_;  // empty once closed
  std::vector<Item> items_;
  bool awake_ = false;       // Take will be called
  std::thread::id holding_;  // none: nobody
  std::atomic<std::thread::id> owner_{};
};

// What an answer needs to know of its request, fixed when the handler is called.
struct ExchangeOptions {
  bool accepts_gzip = false;
  bool is_head = false;
  std::size_t gzip_bytes_min = 0;
};

// The functions that handlers and streams are given. Called from the I/O thread itself they deliver
// at once, otherwise through the mailbox. Compression is done here, so on the caller's thread.
// Dropped uncalled, they deliver a 500, or an error for a stream.
Respond MakeRespond(std::shared_ptr<Mailbox> mailbox, std::weak_ptr<Connection> to,
                    std::uint64_t turn, ExchangeOptions options);
BodyStream::Ready MakeReady(std::shared_ptr<Mailbox> mailbox, std::weak_ptr<Connection> to,
                            std::uint64_t turn);

// `stream` with every piece compressed and flushed.
std::shared_ptr<BodyStream> CompressStream(std::shared_ptr<BodyStream> stream);

}  // namespace tenon::http
