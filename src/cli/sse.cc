#include "cli/sse.h"

namespace tenon::cli {

bool SseReader::Take(std::string_view piece, const Each& each) {
  buffer_ += piece;
  std::size_t start = 0;
  while (true) {
    const std::size_t end = buffer_.find('\n', start);
    if (end == std::string::npos) break;
    std::string_view line = std::string_view(buffer_).substr(start, end - start);
    if (line.ends_with('\r')) line.remove_suffix(1);
    start = end + 1;
    if (!Line(line, each)) {
      buffer_.erase(0, start);
      return false;
    }
  }
  buffer_.erase(0, start);
  return buffer_.size() + event_.data.size() <= kEventBytesMax;
}

bool SseReader::Line(std::string_view line, const Each& each) {
  if (line.empty()) {
    if (!has_data_) {
      event_ = {};
      return true;
    }
    event_.id = last_id_;
    if (event_.type.empty()) event_.type = "message";
    const SseEvent event = std::move(event_);
    event_ = {};
    has_data_ = false;
    return each(event);
  }
  if (line.starts_with(':')) return true;  // a comment: the server's heartbeat
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "id" && value.find('\0') == std::string_view::npos) last_id_ = value;
  if (name == "event") event_.type = value;
  if (name == "data") {
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  }
  return true;
}

}  // namespace tenon::cli
