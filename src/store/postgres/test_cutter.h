// A proxy before a PostgreSQL server that cuts a connection between two messages of the protocol.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace tenon::testing {

// Thread-safe.
class Cutter {
 public:
  enum class Side { kClient, kServer };  // who sent the message that no longer goes through

  // Listens on a free port of 127.0.0.1; `port` is the server's there.
  explicit Cutter(int server_port);
  ~Cutter();
  [[nodiscard]] int port() const { return port_; }

  // Lets `messages` of the side through, of all connections together, then cuts the connection of
  // the next one. Once.
  void CutAfter(Side side, int messages);
  void Disarm() { left_[0] = left_[1] = -1; }
  // Whether it has come to that.
  [[nodiscard]] bool HasCut() const { return cut_; }

 private:
  struct Pipe;
  void Listen();
  void Serve(int client);
  bool Forward(Pipe& pipe, Side side);
  bool MayPass(Side side);

  int server_port_;
  int port_ = 0;
  int listener_ = -1;
  std::atomic<int> left_[2] = {-1, -1};
  std::atomic<bool> cut_{false};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::vector<std::thread> threads_;  // under mutex_
  std::thread listening_;
};

}  // namespace tenon::testing
