#include "http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "http/gzip.h"
#include "http/test_support.h"

namespace tenon::http {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kLast = "GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

// Answers on a thread of its own, in the order asked or the other way round.
class Pool {
 public:
  Pool() : thread_([this] { Run(); }) {}
  ~Pool() {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  void Add(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    work_.push_back(std::move(work));
    wake_.notify_all();
  }

 private:
  void Run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return done_ || !work_.empty(); });
      if (work_.empty()) return;
      const auto work = std::move(work_.front());
      work_.pop_front();
      lock.unlock();
      work();
      lock.lock();
    }
  }
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> work_;
  bool done_ = false;
  std::thread thread_;
};

TEST(Server, AnswersOverOneConnection) {
  RunningServer server({}, EchoHandler());
  RawClient client(server->port());
  client.Send(kGet);
  const std::string first = client.ReadUntil("GET /a ");
  EXPECT_THAT(first, AllOf(StartsWith("HTTP/1.1 200 OK\r\nDate: "),
                           HasSubstr("Content-Length: 7\r\n"), Not(HasSubstr("Connection"))));
  client.Send("POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");
  EXPECT_THAT(client.ReadUntil("POST /b body"), HasSubstr("200 OK"));
  client.Send(kLast);
  EXPECT_THAT(client.ReadAll(), AllOf(HasSubstr("Connection: close\r\n"), HasSubstr("GET /last ")));
  EXPECT_TRUE(client.IsClosed());
  EXPECT_EQ(server->stats().requests_total, 3);
  EXPECT_EQ(server->stats().connections_total, 1);
  EXPECT_TRUE(Eventually([&] { return server->stats().connections == 0; }));
}

TEST(Server, HeadAndOptionsReachTheHandler) {
  RunningServer server({}, EchoHandler());
  RawClient client(server->port());
  client.Send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n" + kLast);
  const std::string all = client.ReadAll();
  EXPECT_THAT(all, HasSubstr("Content-Length: 8\r\n\r\nHTTP/1.1 200"));  // no body after HEAD
  EXPECT_THAT(all, HasSubstr("OPTIONS * "));
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  Pool pool;
  RunningServer server({}, [&](Request request, Respond respond) {
    // Every second request takes a detour; the others answer at once.
    static std::atomic<int> count{0};
    if (++count % 2 == 0) return respond(Echo(request));
    pool.Add([request = std::move(request), respond = std::move(respond)] {
      std::this_thread::sleep_for(milliseconds(1));
      respond(Echo(request));
    });
  });
  RawClient client(server->port());
  std::string all;
  for (int i = 0; i < 200; ++i) {
    all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  }
  client.Send(all + kLast);
  const std::string answers = client.ReadAll();
  std::size_t at = 0;
  for (int i = 0; i < 200; ++i) {
    at = answers.find("GET /" + std::to_string(i) + " ", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
  EXPECT_EQ(CountOf(answers, "HTTP/1.1 200 OK"), 201u);
}

TEST(Server, AnswersGivenTogetherArriveTogether) {
  std::mutex mutex;
  std::condition_variable came;
  std::map<std::string, Respond> waiting;
  const auto answer = [](const Respond& respond, const std::string& body) {
    Response response;
    response.body = body;
    respond(std::move(response));
  };
  RunningServer server({}, [&](Request request, Respond respond) {
    if (request.path == "/last") return answer(respond, "the last");
    const std::lock_guard lock(mutex);
    waiting[request.path] = std::move(respond);
    came.notify_all();
  });
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<RawClient>(server->port()));
    clients.back()->Send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n");
  }
  std::unique_lock lock(mutex);
  came.wait(lock, [&] { return waiting.size() == 4; });
  server->Together([&] {
    for (const char* path : {"/0", "/1", "/2"}) answer(waiting[path], "together");
    // What others answer meanwhile is not held back.
    std::thread([&] { answer(waiting["/3"], "at once"); }).join();
    EXPECT_THAT(clients[3]->ReadUntil("at once"), HasSubstr("200 OK"));
  });
  lock.unlock();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_THAT(clients[i]->ReadUntil("together"), HasSubstr("200 OK"));
  }
  // Nothing is held any more.
  clients[0]->Send(kLast);
  EXPECT_THAT(clients[0]->ReadAll(), HasSubstr("the last"));
}

TEST(Server, TasksRunOnTheThreadTheRequestCameBy) {
  std::promise<std::pair<Request, Respond>> taken;
  std::atomic<std::thread::id> io_thread;
  RunningServer server({}, [&](Request request, Respond respond) {
    io_thread = std::this_thread::get_id();
    taken.set_value({std::move(request), std::move(respond)});
  });
  RawClient client(server->port());
  client.Send(kLast);
  auto [request, respond] = taken.get_future().get();
  const auto run_on = std::make_shared<std::vector<std::thread::id>>();
  server->Together([&, executor = request.executor] {
    executor->Post([run_on] { run_on->push_back(std::this_thread::get_id()); });
    executor->Post([run_on, executor, answer = std::move(respond)] {
      // At once, being there already.
      executor->Post([run_on] { run_on->push_back(std::this_thread::get_id()); });
      Response response;
      response.body = "tasks: " + std::to_string(run_on->size());
      answer(std::move(response));
    });
  });
  EXPECT_THAT(client.ReadAll(), HasSubstr("tasks: 2"));
  EXPECT_THAT(*run_on, Each(io_thread.load()));
  EXPECT_NE(io_thread.load(), std::this_thread::get_id());

  // After the end it is destroyed where it is handed in, and does not run.
  server->Stop(std::chrono::milliseconds(1000));
  server.Reset();
  request.executor->Post([run_on] { run_on->clear(); });
  EXPECT_EQ(run_on->size(), 2u);
  EXPECT_EQ(run_on.use_count(), 1);
}

TEST(Server, LargeBodiesGoBothWays) {
  RunningServer server({}, EchoHandler());
  const std::string body(5u << 20, 'x');
  RawClient client(server->port());
  std::thread sender([&] {
    client.Send("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n");
    client.Send(body);
  });
  const std::string answer = client.ReadAll();
  sender.join();
  EXPECT_EQ(CountOf(answer, "HTTP/1.1 200 OK"), 1u);
  EXPECT_TRUE(answer.ends_with("POST / " + body));
}

TEST(Server, SharedBodiesAndPipeliningOfLargeAnswers) {
  const auto body = std::make_shared<const std::string>(300000, 'y');
  RunningServer server({}, [&](Request, Respond respond) {
    Response response;
    response.shared_body = body;
    respond(std::move(response));
  });
  EXPECT_EQ(CountOf(Ask(server->port(), kGet + kGet + kGet + kLast), *body + "HTTP/1.1"), 3u);
}

TEST(Server, RefusalsAreProblemsAndClose) {
  RunningServer server({.body_bytes_max = 1000, .header_bytes_max = 2000}, EchoHandler());
  const auto refused = [&](const std::string& bytes, const char* status, const char* detail) {
    RawClient client(server->port());
    client.Send(bytes);
    EXPECT_THAT(client.ReadAll(),
                AllOf(StartsWith(std::string("HTTP/1.1 ") + status), HasSubstr("Connection: close"),
                      HasSubstr("Content-Type: application/problem+json"), HasSubstr(detail)));
    EXPECT_TRUE(client.IsClosed());
  };
  refused("GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", "400", "hex digits");
  refused("garbage\r\n\r\n", "400", "request line");
  refused("GET / HTTP/3.0\r\n\r\n", "505", "HTTP/1.1");
  refused("GET / HTTP/1.1\r\nX: " + std::string(3000, 'x') + "\r\n\r\n", "431", "2000");
  refused("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'x'),
          "413", "1000");
  // A client that sends all of a large body before it reads still gets the answer.
  refused(
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 20000000\r\n\r\n" + std::string(20000000, 'x'),
      "413", "1000");
  refused(
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
      "19\r\n" +
          Gzip::All(std::string(2000, 'a')).substr(0, 25) + "\r\n0\r\n\r\n",
      "413", "1000");
  EXPECT_EQ(server->stats().requests_total, 0);
  EXPECT_EQ(server->stats().refused_total, 7);
}

TEST(Server, HeaderInjectionBecomesA500) {
  RunningServer server({}, [](Request request, Respond respond) {
    Response response;
    response.headers.Add("Location", "/x" + std::string(*request.Query("to")));
    respond(std::move(response));
  });
  const std::string answer = Ask(server->port(),
                                 "GET /?to=%0d%0aSet-Cookie:%20a HTTP/1.1\r\nHost: h\r\n"
                                 "Connection: close\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(answer, Not(HasSubstr("Set-Cookie")));
}

TEST(Server, ForgottenAndThrowingHandlersAnswer500) {
  RunningServer server({}, [](const Request& request, const Respond& respond) {
    if (request.path == "/throw") throw std::runtime_error("oh");
    if (request.path == "/status") {
      Response response;
      response.status = 99;
      respond(response);
    }
    if (request.path == "/twice") {
      respond(Echo(request));
      respond(Echo(request));
    }
  });
  for (const char* path : {"/forget", "/throw", "/status"}) {
    EXPECT_THAT(Ask(server->port(), "GET " + std::string(path) +
                                        " HTTP/1.1\r\nHost: h\r\n"
                                        "Connection: close\r\n\r\n"),
                StartsWith("HTTP/1.1 500 "));
  }
  EXPECT_EQ(
      CountOf(Ask(server->port(), "GET /twice HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              "HTTP/1.1 200"),
      1u);
}

TEST(Server, ContinueIsAskedForOnce) {
  RunningServer server({}, EchoHandler());
  RawClient client(server->port());
  client.Send(
      "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nConnection: close\r\n"
      "Content-Length: 3\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("abc");
  EXPECT_THAT(client.ReadAll(), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("POST / abc")));
}

TEST(Server, CompressesWhenAccepted) {
  RunningServer server({}, [](Request, Respond respond) {
    Response response;
    response.headers.Add("Content-Type", "application/json");
    response.body = std::string(20000, 'z');
    respond(std::move(response));
  });
  const std::string answer = Ask(server->port(),
                                 "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                                 "Accept-Encoding: br, gzip\r\n\r\n");
  EXPECT_THAT(answer,
              AllOf(HasSubstr("Content-Encoding: gzip"), HasSubstr("Vary: Accept-Encoding")));
  Gunzip gunzip(20000);
  std::string body;
  ASSERT_TRUE(gunzip.Add(std::string_view(answer).substr(answer.find("\r\n\r\n") + 4), body));
  ASSERT_TRUE(gunzip.Finish());
  EXPECT_EQ(body, std::string(20000, 'z'));
  EXPECT_THAT(Ask(server->port(), kLast),
              AllOf(Not(HasSubstr("Content-Encoding")), HasSubstr("Vary: Accept-Encoding")));
}

TEST(Server, Http10ClosesUnlessAsked) {
  RunningServer server({}, EchoHandler());
  EXPECT_THAT(Ask(server->port(), "GET /old HTTP/1.0\r\n\r\n"), HasSubstr("Connection: close"));
  RawClient client(server->port());
  client.Send("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("GET /1 "), HasSubstr("Connection: keep-alive"));
  client.Send("GET /2 HTTP/1.0\r\n\r\n");
  EXPECT_THAT(client.ReadAll(), HasSubstr("GET /2 "));
}

TEST(Server, SlowClientsAreCut) {
  RunningServer server({.header_timeout = std::chrono::seconds(1),
                        .body_timeout = std::chrono::seconds(1),
                        .idle_timeout = std::chrono::seconds(1)},
                       EchoHandler());
  RawClient idle(server->port());
  RawClient header(server->port());
  header.Send("GET / HTTP/1.1\r\nHo");
  RawClient body(server->port());
  body.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n");
  // Slowloris: a byte now and then must not keep the connection.
  std::atomic<bool> done{false};
  std::thread drip([&] {
    while (!done && header.Send("x") && body.Send("x"))
      std::this_thread::sleep_for(milliseconds(200));
  });
  EXPECT_THAT(header.ReadUntil("}"), StartsWith("HTTP/1.1 408 "));
  EXPECT_THAT(body.ReadUntil("}"), StartsWith("HTTP/1.1 408 "));
  done = true;
  drip.join();
  EXPECT_EQ(idle.ReadAll(), "");
  EXPECT_TRUE(idle.IsClosed());
  EXPECT_EQ(server->stats().timeouts_total, 2);
}

TEST(Server, AReaderThatStopsIsCut) {
  RunningServer server({.write_timeout = std::chrono::seconds(1)}, [](Request, Respond respond) {
    Response response;
    response.body = std::string(50u << 20, 'x');
    respond(std::move(response));
  });
  RawClient client(server->port(), 4096);
  client.Send(kGet);
  EXPECT_TRUE(Eventually([&] { return server->stats().connections == 1; }));
  EXPECT_TRUE(Eventually([&] { return server->stats().connections == 0; }));
  EXPECT_EQ(server->stats().timeouts_total, 1);
}

TEST(Server, OverTheNumberOfConnectionsIs503) {
  RunningServer server({.connections_max = 2}, EchoHandler());
  RawClient one(server->port()), two(server->port());
  one.Send(kGet);
  two.Send(kGet);
  EXPECT_THAT(one.ReadUntil("GET /a "), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(two.ReadUntil("GET /a "), StartsWith("HTTP/1.1 200"));
  RawClient three(server->port());
  EXPECT_THAT(three.ReadAll(), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Retry-After: 1")));
  one.Close();
  EXPECT_TRUE(Eventually([&] { return server->stats().connections == 1; }));
  EXPECT_THAT(Ask(server->port(), kLast), StartsWith("HTTP/1.1 200"));
}

TEST(Server, LivesThroughTheEndOfDescriptors) {
  RunningServer server({}, EchoHandler());
  RawClient kept(server->port());
  kept.Send(kGet);
  ASSERT_THAT(kept.ReadUntil("GET /a "), StartsWith("HTTP/1.1 200"));
  // The clients' sockets are made first, so that the server's accept is what fails.
  std::vector<std::unique_ptr<RawClient>> waiting;
  for (int i = 0; i < 3; ++i) waiting.push_back(std::make_unique<RawClient>());
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const int next = ::dup(0);
  ::close(next);
  const rlimit tight{static_cast<rlim_t>(next), before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &tight);
  for (const auto& client : waiting) client->Connect(server->port());
  for (const auto& client : waiting) {
    EXPECT_THAT(client->ReadAll(),
                AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("file descriptors")));
  }
  kept.Send(kGet);
  EXPECT_THAT(kept.ReadUntil("GET /a "), StartsWith("HTTP/1.1 200"));
  setrlimit(RLIMIT_NOFILE, &before);
  waiting.clear();
  EXPECT_TRUE(Eventually([&] { return Ask(server->port(), kLast).starts_with("HTTP/1.1 200"); }));
}

TEST(Server, APortInUseIsAClearError) {
  RunningServer server({}, EchoHandler());
  ServerOptions options;
  options.port = server->port();
  const auto second = Server::Listen(options, EchoHandler());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kUnavailable);
  EXPECT_THAT(second.error().message, AllOf(HasSubstr("port is in use"), HasSubstr("--listen")));
  options.host = "no.such.host.invalid";
  EXPECT_FALSE(Server::Listen(options, EchoHandler()));
}

TEST(Server, ClientsThatVanishDoNotMatter) {
  Pool pool;
  RunningServer server({}, [&](Request request, Respond respond) {
    pool.Add([request = std::move(request), respond = std::move(respond)] {
      Response response = Echo(request);
      response.body += std::string(200000, 'x');
      respond(std::move(response));
    });
  });
  for (int i = 0; i < 200; ++i) {
    RawClient client(server->port());
    client.Send(i % 2 == 0 ? kGet + kGet + kGet : kGet.substr(0, 10));
    if (i % 3 == 0) client.HalfClose();
  }
  EXPECT_THAT(Ask(server->port(), kLast), StartsWith("HTTP/1.1 200"));
  EXPECT_TRUE(Eventually([&] { return server->stats().connections == 0; }));
}

TEST(Server, AHalfClosedClientGetsItsAnswers) {
  RunningServer server({}, EchoHandler());
  RawClient client(server->port());
  client.Send(kGet + kGet);
  client.HalfClose();
  EXPECT_EQ(CountOf(client.ReadAll(), "GET /a "), 2u);
}

}  // namespace
}  // namespace tenon::http
