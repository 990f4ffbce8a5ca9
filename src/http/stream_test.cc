#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "http/gzip.h"
#include "http/server.h"
#include "http/test_support.h"

namespace tenon::http {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kAsk = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kAskLast = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

// What a stream was told, kept beyond its end.
struct Seen {
  std::atomic<int> pieces{0};
  std::atomic<int> cancels{0};
  std::atomic<bool> destroyed{false};
};

// `count` equal pieces, answered at once.
class Pieces final : public BodyStream {
 public:
  Pieces(int count, std::string piece, std::shared_ptr<Seen> seen)
      : left_(count), piece_(std::move(piece)), seen_(std::move(seen)) {}
  ~Pieces() override { seen_->destroyed = true; }
  void Next(Ready ready) override {
    if (left_-- == 0) return ready(std::optional<std::string>());
    ++seen_->pieces;
    ready(std::optional(piece_));
  }
  void Cancel() override { ++seen_->cancels; }

 private:
  int left_;
  const std::string piece_;
  const std::shared_ptr<Seen> seen_;
};

// Pieces that the test hands out, as an event stream waits for events.
class Fed final : public BodyStream {
 public:
  void Next(Ready ready) override {
    const std::lock_guard lock(mutex_);
    ready_ = std::move(ready);
  }
  void Cancel() override {
    ++cancels;
    Give(Fail(Code::kUnavailable, "cancelled"));
  }
  // False when nobody waits.
  bool Give(Result<std::optional<std::string>> piece) {
    Ready ready;
    {
      const std::lock_guard lock(mutex_);
      ready.swap(ready_);
    }
    if (ready) ready(std::move(piece));
    return ready != nullptr;
  }
  bool IsWaiting() {
    const std::lock_guard lock(mutex_);
    return ready_ != nullptr;
  }
  std::atomic<int> cancels{0};

 private:
  std::mutex mutex_;
  Ready ready_;
};

Handler Streams(std::function<std::shared_ptr<BodyStream>()> make, std::string type) {
  return [make = std::move(make), type = std::move(type)](Request, Respond respond) {
    Response response;
    response.headers.Add("Content-Type", type);
    response.stream = make();
    respond(std::move(response));
  };
}

TEST(Stream, SendsChunksAndKeepsTheConnection) {
  const auto seen = std::make_shared<Seen>();
  RunningServer server({}, Streams([&] { return std::make_shared<Pieces>(3, "piece", seen); },
                                   "application/x-ndjson"));
  RawClient client(server->port());
  client.Send(kAsk + kAskLast);
  const std::string all = client.ReadAll();
  EXPECT_EQ(CountOf(all, "Transfer-Encoding: chunked\r\n"), 2u);
  EXPECT_EQ(CountOf(all, "\r\n\r\n5\r\npiece\r\n5\r\npiece\r\n5\r\npiece\r\n0\r\n\r\n"), 2u);
  EXPECT_EQ(seen->cancels, 0);
}

TEST(Stream, Http10GetsItRawAndHeadGetsNone) {
  const auto seen = std::make_shared<Seen>();
  RunningServer server(
      {}, Streams([&] { return std::make_shared<Pieces>(2, "piece", seen); }, "text/plain"));
  EXPECT_TRUE(Ask(server->port(), "GET / HTTP/1.0\r\n\r\n").ends_with("\r\n\r\npiecepiece"));
  EXPECT_EQ(seen->cancels, 0);
  EXPECT_TRUE(Ask(server->port(), "HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                  .ends_with("\r\n\r\n"));
  EXPECT_EQ(seen->cancels, 1);
}

TEST(Stream, PiecesMayBeLargeOrEmptyAndAreNotRunAhead) {
  const auto seen = std::make_shared<Seen>();
  const std::string piece(100000, 'p');
  RunningServer server(
      {}, Streams([&] { return std::make_shared<Pieces>(400, piece, seen); }, "text/plain"));
  RawClient client(server->port(), 4096);
  client.Send(kAskLast);
  EXPECT_TRUE(Eventually([&] { return seen->pieces > 0; }));
  std::this_thread::sleep_for(milliseconds(200));
  // Nobody reads: what the kernel holds, and no more.
  EXPECT_LT(seen->pieces, 200);
  EXPECT_EQ(client.ReadAll().size() / piece.size(), 400u);
  EXPECT_EQ(seen->pieces, 400);

  const auto empty = std::make_shared<Seen>();
  RunningServer other(
      {}, Streams([&] { return std::make_shared<Pieces>(3, "", empty); }, "text/plain"));
  EXPECT_TRUE(Ask(other->port(), kAskLast).ends_with("\r\n\r\n0\r\n\r\n"));
}

TEST(Stream, EventsArriveOneByOneAndWithoutGzip) {
  const auto stream = std::make_shared<Fed>();
  RunningServer server({}, Streams([&] { return stream; }, "text/event-stream"));
  RawClient client(server->port());
  client.Send("GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), Not(HasSubstr("gzip")));
  ASSERT_TRUE(Eventually([&] { return stream->IsWaiting(); }));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(
        Eventually([&] { return stream->Give(std::optional<std::string>("data: x\n\n")); }));
    EXPECT_EQ(client.ReadUntil("x\n\n\r\n"), "9\r\ndata: x\n\n\r\n");
  }
  client.Close();
  EXPECT_TRUE(Eventually([&] { return stream->cancels == 1; }));
  EXPECT_TRUE(Eventually([&] { return server->stats().connections == 0; }));
}

TEST(Stream, OtherStreamsAreCompressedAndFlushed) {
  const auto stream = std::make_shared<Fed>();
  RunningServer server({}, Streams([&] { return stream; }, "application/x-ndjson"));
  RawClient client(server->port());
  client.Send("GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), HasSubstr("Content-Encoding: gzip"));
  Gunzip gunzip(1000);
  std::string body;
  for (const char* text : {"first", "second"}) {
    ASSERT_TRUE(Eventually([&] { return stream->Give(std::optional<std::string>(text)); }));
    const std::size_t size = std::stoul(client.ReadUntil("\r\n"), nullptr, 16);
    std::string chunk;
    while (chunk.size() < size + 2) chunk += client.ReadUntil("\n");
    ASSERT_TRUE(gunzip.Add(chunk.substr(0, size), body));
  }
  EXPECT_EQ(body, "firstsecond");
  ASSERT_TRUE(Eventually([&] { return stream->Give(std::optional<std::string>()); }));
  EXPECT_TRUE(client.ReadUntil("0\r\n\r\n").ends_with("0\r\n\r\n"));
  EXPECT_EQ(stream->cancels, 0);
}

TEST(Stream, AnErrorCutsTheConnectionBeforeTheLastChunk) {
  const auto stream = std::make_shared<Fed>();
  RunningServer server({}, Streams([&] { return stream; }, "text/plain"));
  RawClient client(server->port());
  client.Send(kAsk);
  ASSERT_TRUE(Eventually([&] { return stream->Give(std::optional<std::string>("half")); }));
  ASSERT_TRUE(Eventually([&] { return stream->Give(Fail(Code::kInternal, "disk")); }));
  EXPECT_TRUE(client.ReadAll().ends_with("4\r\nhalf\r\n"));
  EXPECT_TRUE(client.IsClosed());
}

TEST(Stream, AForgottenTurnCutsTheConnection) {
  class Forgetful final : public BodyStream {
   public:
    void Next(Ready) override {}
    void Cancel() override {}
  };
  RunningServer server({}, Streams([] { return std::make_shared<Forgetful>(); }, "text/plain"));
  RawClient client(server->port());
  client.Send(kAsk);
  EXPECT_THAT(client.ReadAll(), StartsWith("HTTP/1.1 200"));
  EXPECT_TRUE(client.IsClosed());
}

TEST(Stream, AReaderThatStopsIsCutAndTheStreamTold) {
  const auto seen = std::make_shared<Seen>();
  RunningServer server(
      {.write_timeout = std::chrono::seconds(1)},
      Streams([&] { return std::make_shared<Pieces>(1000000, std::string(10000, 'p'), seen); },
              "text/plain"));
  RawClient client(server->port(), 4096);
  client.Send(kAsk);
  EXPECT_TRUE(Eventually([&] { return seen->destroyed.load(); }));
  EXPECT_EQ(seen->cancels, 1);
}

}  // namespace
}  // namespace tenon::http
