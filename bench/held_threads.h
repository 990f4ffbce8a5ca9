// Threads of a server that this process started, held still while they are idle: what a server does
// without them can be measured beside what it does with them, in one run of one process.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tenon::bench {

// The names that threads of a process have, by their ids.
std::vector<std::pair<pid_t, std::string>> ThreadsOf(pid_t process);

// Holds threads from Hold to the end. They must wait for work when they are held: one that has a
// lock would keep it. All calls on one thread (ptrace(2) asks for that).
class HeldThreads {
 public:
  HeldThreads() = default;
  ~HeldThreads();
  HeldThreads(const HeldThreads&) = delete;
  HeldThreads& operator=(const HeldThreads&) = delete;

  Result<void> Hold(pid_t thread);

 private:
  std::vector<pid_t> held_;
};

}  // namespace tenon::bench
