// Server-sent events (WHATWG HTML, 9.2.6) out of a body that comes in pieces.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace tenon::cli {

struct SseEvent {
  std::string id;
  std::string type;  // "message" unless the server says another
  std::string data;  // lines joined by \n
};

class SseReader {
 public:
  // Returns false to stop.
  using Each = std::function<bool(const SseEvent& event)>;

  // Takes the next piece. False when `each` stopped it, or when one event grew over kEventBytesMax.
  bool Take(std::string_view piece, const Each& each);

  // The id of the last event, for Last-Event-ID.
  [[nodiscard]] const std::string& last_id() const { return last_id_; }

  static constexpr std::size_t kEventBytesMax = 16u << 20;

 private:
  bool Line(std::string_view line, const Each& each);

  std::string buffer_;  // of a line that is not ended yet
  std::string last_id_;
  SseEvent event_;
  bool has_data_ = false;
};

}  // namespace tenon::cli
