#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "http/server.h"
#include "http/test_support.h"

namespace tenon::http {
namespace {

using std::chrono::steady_clock;
using testing::AllOf;
using testing::HasSubstr;

const std::string kAsk = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

TEST(Stop, IdleConnectionsCloseAtOnce) {
  RunningServer server({}, EchoHandler());
  RawClient fresh(server->port()), used(server->port());
  used.Send(kAsk);
  used.ReadUntil("GET /a ");
  ASSERT_TRUE(Eventually([&] { return server->stats().connections == 2; }));
  const auto start = steady_clock::now();
  server->Stop(std::chrono::seconds(10));
  EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(1));
  EXPECT_TRUE(fresh.IsClosed());
  EXPECT_TRUE(used.IsClosed());
  EXPECT_FALSE(RawClient(server->port()).connected());
}

TEST(Stop, WaitsForTheRequestAtHand) {
  std::mutex mutex;
  std::optional<Respond> held;
  RunningServer server({}, [&](Request, Respond respond) {
    const std::lock_guard lock(mutex);
    held = std::move(respond);
  });
  RawClient client(server->port());
  client.Send(kAsk);
  ASSERT_TRUE(Eventually([&] {
    const std::lock_guard lock(mutex);
    return held.has_value();
  }));
  std::thread answer([&] {
    std::this_thread::sleep_for(milliseconds(200));
    Response response;
    response.body = "late";
    (*held)(std::move(response));
  });
  std::string got;
  std::thread reader([&] {
    got = client.ReadAll();
    client.Close();
  });
  server->Stop(std::chrono::seconds(10));
  answer.join();
  reader.join();
  EXPECT_THAT(got, AllOf(HasSubstr("Connection: close"), HasSubstr("late")));
}

TEST(Stop, GivesUpAfterTheGraceAndLateAnswersAreHarmless) {
  std::mutex mutex;
  std::optional<Respond> held;
  RunningServer server({}, [&](Request, Respond respond) {
    const std::lock_guard lock(mutex);
    held = std::move(respond);
  });
  RawClient client(server->port());
  client.Send(kAsk);
  ASSERT_TRUE(Eventually([&] {
    const std::lock_guard lock(mutex);
    return held.has_value();
  }));
  const auto start = steady_clock::now();
  server->Stop(milliseconds(100));
  EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(2));
  EXPECT_TRUE(client.IsClosed());
  server.Reset();
  (*held)(Response());  // to a server that no longer exists
}

TEST(Stop, EventStreamsEndAndExportsGoOn) {
  class Endless final : public BodyStream {
   public:
    explicit Endless(int count) : left_(count) {}
    void Next(Ready ready) override {
      const std::lock_guard lock(mutex_);
      if (left_ < 0) {
        ready_ = std::move(ready);  // an event stream: nothing happens
        return;
      }
      std::thread([this, ready = std::move(ready)] {
        std::this_thread::sleep_for(milliseconds(20));
        left_-- > 0 ? ready(std::optional<std::string>("row\n"))
                    : ready(std::optional<std::string>());
      }).detach();
    }
    void Cancel() override {
      Ready ready;
      {
        const std::lock_guard lock(mutex_);
        ready.swap(ready_);
      }
      if (ready) ready(std::optional<std::string>());
    }

   private:
    std::mutex mutex_;
    int left_;
    Ready ready_;
  };
  const auto rows = std::make_shared<Endless>(20);
  const auto events = std::make_shared<Endless>(-1);
  RunningServer server({}, [&](Request request, Respond respond) {
    Response response;
    const bool is_events = request.path == "/events";
    response.headers.Add("Content-Type", is_events ? "text/event-stream" : "application/x-ndjson");
    response.stream = is_events ? events : rows;
    respond(std::move(response));
  });
  RawClient export_client(server->port()), event_client(server->port());
  export_client.Send("GET /rows HTTP/1.1\r\nHost: h\r\n\r\n");
  event_client.Send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  export_client.ReadUntil("row\n");
  event_client.ReadUntil("\r\n\r\n");
  std::string exported, ended;
  std::thread read_export([&] {
    exported = export_client.ReadAll();
    export_client.Close();
  });
  std::thread read_events([&] {
    ended = event_client.ReadAll();
    event_client.Close();
  });
  server->Stop(std::chrono::seconds(10));
  read_export.join();
  read_events.join();
  EXPECT_EQ(ended, "0\r\n\r\n");
  EXPECT_EQ(CountOf(exported, "row\n"), 19u);
  EXPECT_TRUE(exported.ends_with("0\r\n\r\n"));
}

TEST(Stop, UnderLoadEveryAcceptedRequestIsAnswered) {
  std::atomic<int> handled{0};
  RunningServer server({}, [&](Request request, Respond respond) {
    ++handled;
    std::thread([request = std::move(request), respond = std::move(respond)] {
      std::this_thread::sleep_for(milliseconds(2));
      respond(Echo(request));
    }).detach();
  });
  std::atomic<int> answered{0};
  std::vector<std::thread> clients;
  for (int n = 0; n < 16; ++n) {
    clients.emplace_back([&] {
      for (;;) {
        RawClient client(server->port());
        if (!client.connected()) return;
        while (client.Send(kAsk)) {
          const std::string answer = client.ReadUntil("GET /a ");
          if (!answer.ends_with("GET /a ")) break;
          ++answered;
          if (answer.find("Connection: close") != std::string::npos) break;
        }
      }
    });
  }
  ASSERT_TRUE(Eventually([&] { return answered > 300; }));
  server->Stop(std::chrono::seconds(10));
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(answered, handled);
  EXPECT_EQ(server->stats().connections, 0);
}

}  // namespace
}  // namespace tenon::http
