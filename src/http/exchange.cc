#include "http/exchange.h"

#include <utility>

#include "http/connection.h"
#include "http/gzip.h"
#include "http/problem.h"

namespace tenon::http {
namespace {

void Send(Mailbox& mailbox, Delivery delivery) {
  if (!mailbox.IsOwnThread()) return mailbox.Post(std::move(delivery));
  if (const auto connection = delivery.to.lock()) connection->Receive(std::move(delivery));
}

// One call that is answered once: by its function, or by the destructor of the last copy of it.
class Once {
 public:
  Once(std::shared_ptr<Mailbox> mailbox, std::weak_ptr<Connection> to, std::uint64_t turn)
      : mailbox_(std::move(mailbox)), to_(std::move(to)), turn_(turn) {}
  Once(const Once&) = delete;
  Once& operator=(const Once&) = delete;

 protected:
  ~Once() = default;
  // Answers race when a careless handler calls twice from two threads; the first one counts.
  bool Claim() { return !done_.exchange(true, std::memory_order_acq_rel); }
  void Deliver(std::variant<Response, Delivery::Piece> content) {
    Send(*mailbox_, {to_, turn_, std::move(content)});
  }

 private:
  std::shared_ptr<Mailbox> mailbox_;
  std::weak_ptr<Connection> to_;
  std::uint64_t turn_;
  std::atomic<bool> done_{false};
};

class Answer final : public Once {
 public:
  Answer(std::shared_ptr<Mailbox> mailbox, std::weak_ptr<Connection> to, std::uint64_t turn,
         ExchangeOptions options)
      : Once(std::move(mailbox), std::move(to), turn), options_(options) {}
  ~Answer() {
    if (Claim()) Deliver(ProblemResponse({500, "the request was dropped without an answer"}));
  }

  void Give(Response response) {
    if (!Claim()) return;
    const bool compress = options_.accepts_gzip && !options_.is_head;
    if (response.stream) {
      CompressStreamed(response, compress);
    } else {
      CompressResponse(response, compress, options_.gzip_bytes_min);
    }
    Deliver(std::move(response));
  }

 private:
  // An event stream is many tiny pieces that must leave at once; gzip would only make them larger.
  static void CompressStreamed(Response& response, bool compress) {
    const std::string_view type = response.headers.Get("Content-Type");
    if (!IsCompressible(type) || type.starts_with("text/event-stream") ||
        response.headers.Has("Content-Encoding")) {
      return;
    }
    response.headers.Add("Vary", "Accept-Encoding");
    if (!compress) return;
    response.headers.Add("Content-Encoding", "gzip");
    response.stream = CompressStream(std::move(response.stream));
  }

  const ExchangeOptions options_;
};

class Turn final : public Once {
 public:
  using Once::Once;
  ~Turn() {
    if (Claim()) Deliver(Delivery::Piece(Fail(Code::kInternal, "the stream dropped its turn")));
  }
  void Give(Delivery::Piece piece) {
    if (Claim()) Deliver(std::move(piece));
  }
};

class CompressedStream final : public BodyStream,
                               public std::enable_shared_from_this<CompressedStream> {
 public:
  explicit CompressedStream(std::shared_ptr<BodyStream> from) : from_(std::move(from)) {}

  void Next(Ready ready) override {
    if (finished_) return ready(std::optional<std::string>());
    // Shared: the piece may come after the connection has let go of this stream.
    from_->Next([self = shared_from_this(), ready = std::move(ready)](Delivery::Piece piece) {
      if (!piece) return ready(std::move(piece));
      if (*piece) return ready(std::optional(self->gzip_.Add(**piece)));
      self->finished_ = true;
      ready(std::optional(self->gzip_.Finish()));
    });
  }
  void Cancel() override {
    if (!finished_) from_->Cancel();
  }

 private:
  const std::shared_ptr<BodyStream> from_;
  Gzip gzip_;
  std::atomic<bool> finished_{false};  // set where pieces come from, read by the I/O thread
};

}  // namespace

void Mailbox::Post(Delivery delivery) { Add(std::move(delivery)); }

void Mailbox::Post(Task task) {
  if (IsOwnThread()) return task();
  Add(std::move(task));
}

void Mailbox::Add(Item item) {
  const std::lock_guard lock(mutex_);
  if (!wake_) return;
  items_.push_back(std::move(item));
  if (awake_ || holding_ == std::this_thread::get_id()) return;
  awake_ = true;
  wake_();
}

std::vector<Mailbox::Item> Mailbox::Take() {
  const std::lock_guard lock(mutex_);
  awake_ = false;
  return std::exchange(items_, {});
}

void Mailbox::Hold() {
  const std::lock_guard lock(mutex_);
  holding_ = std::this_thread::get_id();
}

void Mailbox::Release() {
  const std::lock_guard lock(mutex_);
  holding_ = {};
  if (!wake_ || awake_ || items_.empty()) return;
  awake_ = true;
  wake_();
}

void Mailbox::Close() {
  std::vector<Item> dropped;  // destroyed after the lock: it may hold a stream's last reference
  const std::lock_guard lock(mutex_);
  wake_ = nullptr;
  dropped.swap(items_);
}

Respond MakeRespond(std::shared_ptr<Mailbox> mailbox, std::weak_ptr<Connection> to,
                    std::uint64_t turn, ExchangeOptions options) {
  auto answer = std::make_shared<Answer>(std::move(mailbox), std::move(to), turn, options);
  return [answer = std::move(answer)](Response response) { answer->Give(std::move(response)); };
}

BodyStream::Ready MakeReady(std::shared_ptr<Mailbox> mailbox, std::weak_ptr<Connection> to,
                            std::uint64_t turn) {
  auto once = std::make_shared<Turn>(std::move(mailbox), std::move(to), turn);
  return [once = std::move(once)](Delivery::Piece piece) { once->Give(std::move(piece)); };
}

std::shared_ptr<BodyStream> CompressStream(std::shared_ptr<BodyStream> stream) {
  return std::make_shared<CompressedStream>(std::move(stream));
}

}  // namespace tenon::http
