// A program's output as an input source.
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include "services/ingest/input.h"

namespace tenon::ingest {
namespace {

std::string Reason(int number) { return std::generic_category().message(number); }

// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { Reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return number_; }
  void Reset(int number = -1) {
    if (number_ >= 0) close(number_);
    number_ = number;
  }

 private:
  int number_;
};

class CommandSource final : public InputSource {
 public:
  CommandSource(std::string name, std::vector<std::string> arguments)
      : name_(std::move(name)), arguments_(std::move(arguments)) {}
  ~CommandSource() override { Stop(); }

  Result<> Start();

  Result<std::size_t> Read(std::span<char> out) override {
    while (true) {
      const ssize_t count = read(output_.get(), out.data(), out.size());
      if (count > 0) {
        offset_ += static_cast<std::uint64_t>(count);
        return static_cast<std::size_t>(count);
      }
      if (count == 0) {
        TRY(Finish());
        return 0;
      }
      if (errno != EINTR) {
        return Fail(Code::kUnavailable, "cannot read " + name_ + ": " + Reason(errno));
      }
    }
  }

  Result<> Seek(std::uint64_t offset) override {
    if (offset < offset_) {
      Stop();
      TRY(Start());
    }
    std::array<char, 16384> skipped;
    while (offset_ < offset) {
      const auto want =
          static_cast<std::size_t>(std::min<std::uint64_t>(offset - offset_, skipped.size()));
      if (TRY(Read({skipped.data(), want})) == 0) {
        return Fail(Code::kInvalidArgument,
                    name_ + " ends before byte " + std::to_string(offset) + ", where to go on");
      }
    }
    return {};
  }

  [[nodiscard]] std::optional<std::uint64_t> Size() const override { return std::nullopt; }
  [[nodiscard]] const std::string& name() const override { return name_; }

 private:
  // Ends the program, when it still runs, and waits for it.
  void Stop() {
    output_.Reset();
    if (child_ <= 0) return;
    kill(child_, SIGKILL);
    Wait();
  }
  int Wait() {
    int status = 0;
    while (waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    child_ = -1;
    return status;
  }
  Result<> Finish();
  [[nodiscard]] std::string FirstComplaint() const;

  std::string name_;
  std::vector<std::string> arguments_;
  Descriptor output_;
  Descriptor complaints_;  // an unnamed file in memory: a second pipe could fill up unread
  pid_t child_ = -1;
  std::uint64_t offset_ = 0;
};

Result<> CommandSource::Start() {
  const auto failed = [this](int number) {
    return Fail(Code::kUnavailable, "cannot run " + arguments_[0] + ": " + Reason(number));
  };
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return failed(errno);
  output_.Reset(ends[0]);
  const Descriptor writer(ends[1]);
  complaints_.Reset(memfd_create("stderr", MFD_CLOEXEC));
  if (complaints_.get() < 0) return failed(errno);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, writer.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, complaints_.get(), STDERR_FILENO);
  // The server ignores SIGPIPE; a program that inherited that would write on into a closed pipe.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);

  std::vector<char*> arguments;
  for (std::string& argument : arguments_) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  const int problem =
      posix_spawn(&child_, arguments_[0].c_str(), &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (problem != 0) {
    child_ = -1;
    return failed(problem);
  }
  offset_ = 0;
  return {};
}

Result<> CommandSource::Finish() {
  if (child_ <= 0) return {};  // its end was reported before
  const int status = Wait();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  std::string message = arguments_[0] + " could not read " + name_;
  message += WIFSIGNALED(status) ? ": ended by signal " + std::to_string(WTERMSIG(status))
                                 : ": exit code " + std::to_string(WEXITSTATUS(status));
  const std::string complaint = FirstComplaint();
  if (!complaint.empty()) message += " (" + complaint + ")";
  return Fail(Code::kUnavailable, std::move(message));
}

std::string CommandSource::FirstComplaint() const {
  std::array<char, 300> text;
  const ssize_t count = pread(complaints_.get(), text.data(), text.size(), 0);
  if (count <= 0) return {};
  const std::string_view all(text.data(), static_cast<std::size_t>(count));
  return std::string(all.substr(0, all.find('\n')));
}

}  // namespace

Result<std::unique_ptr<InputSource>> OpenCommand(std::string name,
                                                 std::vector<std::string> arguments) {
  auto source = std::make_unique<CommandSource>(std::move(name), std::move(arguments));
  TRY(source->Start());
  return source;
}

}  // namespace tenon::ingest
