#include "server_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

namespace tenon::bench {
namespace {

std::uint16_t FreePort() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ::bind(socket, reinterpret_cast<sockaddr*>(&address), length);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
  ::close(socket);
  return ntohs(address.sin_port);
}

// One GET /readyz over a socket of its own; true when it answers 200.
bool IsReady(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  bool ready = false;
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    constexpr std::string_view request =
        "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    if (::send(socket, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
      char answer[32] = {};
      const ssize_t got = ::recv(socket, answer, sizeof answer - 1, 0);
      ready = got > 12 && std::strncmp(answer + 9, "200", 3) == 0;
    }
  }
  ::close(socket);
  return ready;
}

}  // namespace

Result<ServerProcess> ServerProcess::Start(const std::string& binary, const std::string& data) {
  std::filesystem::create_directories(data);
  ServerProcess server;
  server.port_ = FreePort();
  const std::string listen = "127.0.0.1:" + std::to_string(server.port_);
  const auto begin = std::chrono::steady_clock::now();
  server.pid_ = ::fork();
  if (server.pid_ == 0) {
    const int log = ::open((data + "/server.log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(log, 1);
    ::dup2(log, 2);
    ::execl(binary.c_str(), binary.c_str(), "serve", "--data", data.c_str(), "--listen",
            listen.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  while (!IsReady(server.port_)) {
    if (std::chrono::steady_clock::now() - begin > std::chrono::seconds(60) ||
        ::waitpid(server.pid_, nullptr, WNOHANG) == server.pid_) {
      return Fail(Code::kUnavailable, binary + " did not start; see " + data + "/server.log");
    }
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
  server.start_time_ = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - begin);
  std::ifstream(data + "/admin.key") >> server.key_;
  return server;
}

ServerProcess::ServerProcess(ServerProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      port_(other.port_),
      key_(std::move(other.key_)),
      start_time_(other.start_time_) {}

ServerProcess::~ServerProcess() { Stop(); }

void ServerProcess::Stop() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void ServerProcess::Kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::int64_t ServerProcess::ResidentBytes() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/statm");
  std::int64_t total = 0, resident = 0;
  status >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

}  // namespace tenon::bench
