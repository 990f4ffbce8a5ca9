#include "services/ingest/lines.h"

#include <algorithm>

namespace tenon::ingest {
namespace {

constexpr std::size_t kBeginningBytes = 200;  // kept of a line that is too long, for the message
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

Result<bool> LineReader::Next(Line& line) {
  if (window_.offset() == 0) {
    while (window_.view().size() < kByteOrderMark.size() && !ended_) ended_ = !TRY(window_.More());
    if (window_.view().starts_with(kByteOrderMark)) window_.Consume(kByteOrderMark.size());
  }
  std::size_t scanned = 0;
  std::size_t end = std::string_view::npos;
  while (true) {
    end = window_.view().find('\n', scanned);
    if (end != std::string_view::npos || ended_) break;
    scanned = window_.view().size();
    if (scanned > line_bytes_max_ + 1) break;  // one more for the CR
    ended_ = !TRY(window_.More());
  }
  const std::string_view view = window_.view();
  if (view.empty() && ended_) return false;

  line.at = position();
  line.too_long = false;
  line.text = view.substr(0, end);
  if (line.text.ends_with('\r')) line.text.remove_suffix(1);
  ++line_;
  if (line.text.size() <= line_bytes_max_) {
    window_.Consume(end == std::string_view::npos ? view.size() : end + 1);
    return true;
  }
  beginning_ = line.text.substr(0, kBeginningBytes);
  line.text = beginning_;
  line.too_long = true;
  TRY(SkipRest());
  return true;
}

Result<void> LineReader::SkipRest() {
  while (true) {
    const std::string_view view = window_.view();
    const std::size_t end = view.find('\n');
    if (end != std::string_view::npos) {
      window_.Consume(end + 1);
      return {};
    }
    window_.Consume(view.size());
    if (ended_) return {};
    ended_ = !TRY(window_.More());
  }
}

Result<> LineReader::Resume(Position position) {
  TRY(window_.Seek(position.offset));
  line_ = position.line;
  ended_ = false;
  return {};
}

}  // namespace tenon::ingest
