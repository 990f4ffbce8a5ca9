#include "held_threads.h"

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace tenon::bench {

std::vector<std::pair<pid_t, std::string>> ThreadsOf(pid_t process) {
  std::vector<std::pair<pid_t, std::string>> threads;
  std::error_code gone;
  const std::string folder = "/proc/" + std::to_string(process) + "/task";
  for (const auto& entry : std::filesystem::directory_iterator(folder, gone)) {
    std::string name;
    std::getline(std::ifstream(entry.path() / "comm"), name);
    threads.emplace_back(std::atoi(entry.path().filename().c_str()), name);
  }
  return threads;
}

Result<void> HeldThreads::Hold(pid_t thread) {
  int status = 0;
  if (::ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0) {
    return Fail(Code::kUnavailable, std::string("cannot hold a thread: ") + std::strerror(errno));
  }
  held_.push_back(thread);
  if (::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) != 0 ||
      ::waitpid(thread, &status, __WALL) != thread) {
    return Fail(Code::kUnavailable, std::string("cannot hold a thread: ") + std::strerror(errno));
  }
  return {};
}

HeldThreads::~HeldThreads() {
  for (const pid_t thread : held_) ::ptrace(PTRACE_DETACH, thread, nullptr, nullptr);
}

}  // namespace tenon::bench
