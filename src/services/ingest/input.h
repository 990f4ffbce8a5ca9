// Where an import reads from: a file, standard input, a text, a program's output. Every reader of a
// format works on this, in bounded memory, and can start again at a byte offset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tenon::ingest {

// A place in the input: what a rejects file names and what a checkpoint keeps.
struct Position {
  std::uint64_t offset = 0;  // bytes from the start
  std::uint64_t line = 1;

  bool operator==(const Position&) const = default;
};

// Used by one thread at a time.
class InputSource {
 public:
  virtual ~InputSource() = default;

  // Fills at most `out` and says how much; 0 at the end. kUnavailable, with the reason, when the
  // input cannot be read.
  virtual Result<std::size_t> Read(std::span<char> out) = 0;

  // The next Read starts `offset` bytes from the start. What cannot seek is read up to there;
  // kInvalidArgument when it is past already, or the input ends before.
  virtual Result<> Seek(std::uint64_t offset) = 0;

  // All bytes of the input, for a progress bar; nullopt when that is not known.
  [[nodiscard]] virtual std::optional<std::uint64_t> Size() const = 0;

  // For messages: the path, or "standard input".
  [[nodiscard]] virtual const std::string& name() const = 0;
};

// kNotFound when there is no such file, kInvalidArgument when it cannot be opened or is a folder.
Result<std::unique_ptr<InputSource>> OpenFile(const std::string& path);

// Standard input, which stays open when the source is gone.
std::unique_ptr<InputSource> OpenStdin();

// A text in memory. `read_bytes_max` bounds one Read, so that tests can try every way to cut it.
std::unique_ptr<InputSource> OpenText(std::string name, std::string text,
                                      std::size_t read_bytes_max = SIZE_MAX);

// What the program `arguments[0]` (a path) prints when run with the rest; no shell is involved.
// The end of the input is an error when the program fails, with the first line it complained with.
// Seeking back runs it again. The program is ended when the source goes.
Result<std::unique_ptr<InputSource>> OpenCommand(std::string name,
                                                 std::vector<std::string> arguments);

// The bytes read from a source and not yet used up: what line and CSV readers scan.
class Window {
 public:
  explicit Window(InputSource& source) : source_(source) {}

  [[nodiscard]] std::string_view view() const { return {buffer_.data() + begin_, end_ - begin_}; }
  [[nodiscard]] char* data() { return buffer_.data() + begin_; }

  // Reads more to the end of the view; false when the input has ended. Moves the view.
  Result<bool> More();

  // Takes `count` bytes off the front; their memory stays as it is until More.
  void Consume(std::size_t count);

  // Where in the input view() begins.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  Result<> Seek(std::uint64_t offset);

 private:
  InputSource& source_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t offset_ = 0;
};

}  // namespace tenon::ingest
