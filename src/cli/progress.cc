#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>

#include "cli/table.h"

namespace tenon::cli {
namespace {

using std::chrono::milliseconds;

// A terminal is redrawn ten times a second; a log file gets a line every five seconds.
constexpr milliseconds kTerminalEvery{100};
constexpr milliseconds kPlainEvery{5000};
constexpr std::size_t kBarColumns = 24;

std::string Bar(double share) {
  const auto full = static_cast<std::size_t>(share * static_cast<double>(kBarColumns));
  std::string bar;
  for (std::size_t i = 0; i < kBarColumns; ++i) bar += i < full ? "█" : "░";
  return bar;
}

// How much is done, 0 to 1; negative when that is not known.
double Share(const ProgressState& state) {
  const std::int64_t total = state.total > 0 ? state.total : state.bytes_total;
  const std::int64_t done = state.total > 0 ? state.done : state.bytes;
  if (total <= 0) return -1;
  return std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0);
}

}  // namespace

Progress::Progress(ProgressOptions options, Instant start)
    : options_(std::move(options)), start_(start), drawn_(start) {}

void Progress::Update(const ProgressState& state, Instant now) {
  if (now - drawn_ < (options_.terminal ? kTerminalEvery : kPlainEvery)) return;
  Draw(state, now);
}

void Progress::End(const ProgressState& state, Instant now) {
  Draw(state, now);
  if (options_.out != nullptr && open_) *options_.out << "\n" << std::flush;
  open_ = false;
}

void Progress::Draw(const ProgressState& state, Instant now) {
  if (options_.out == nullptr) return;
  drawn_ = now;
  const std::string line = Line(state, now);
  if (options_.terminal) {
    const auto width = static_cast<std::size_t>(std::max(options_.columns - 1, 20));
    *options_.out << "\r\x1b[K" << CutToWidth(line, width) << std::flush;
    open_ = true;
  } else {
    *options_.out << line << "\n" << std::flush;
  }
}

std::string Progress::Line(const ProgressState& state, Instant now) const {
  const auto took = std::chrono::duration_cast<milliseconds>(now - start_);
  const double seconds = std::max(static_cast<double>(took.count()) / 1000.0, 0.001);
  const double rate = static_cast<double>(state.done) / seconds;
  std::string line = state.phase.empty() ? "" : state.phase + "  ";
  const double share = Share(state);
  if (share >= 0) {
    if (options_.terminal) line += Bar(share) + " ";
    line += fmt::format("{:3.0f} %  ", share * 100);
  }
  line += Grouped(state.done);
  if (state.total > 0) line += " of " + Grouped(state.total);
  line += " " + options_.unit;
  line += fmt::format("  {}/s", Grouped(static_cast<std::int64_t>(rate)));
  if (state.failed > 0 && state.done > 0) {
    line +=
        fmt::format("  {} failed ({:.1f} %)", Grouped(state.failed),
                    100.0 * static_cast<double>(state.failed) / static_cast<double>(state.done));
  }
  if (share > 0 && share < 1 && seconds >= 1) {
    const double left = seconds * (1 - share) / share;
    line += "  " + Spoken(milliseconds(static_cast<std::int64_t>(left * 1000))) + " left";
  } else {
    line += "  " + Spoken(took);
  }
  return line;
}

std::string Grouped(std::int64_t number) {
  std::string digits = fmt::format("{}", number < 0 ? -number : number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return number < 0 ? "-" + digits : digits;
}

std::string Spoken(milliseconds duration) {
  const std::int64_t ms = duration.count();
  if (ms < 1000) return fmt::format("{} ms", ms);
  if (ms < 10'000) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000);
  const std::int64_t s = ms / 1000;
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {} s", s / 60, s % 60);
  return fmt::format("{} h {} min", s / 3600, s % 3600 / 60);
}

std::string Bytes(std::int64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (amount >= 1000 && unit + 1 < kUnits.size()) {
    amount /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

}  // namespace tenon::cli
