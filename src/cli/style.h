// Colours of a stream, or none: not a terminal, --no-color, or NO_COLOR (no-color.org).
#pragma once

#include <string>
#include <string_view>

namespace tenon::cli {

struct Style {
  bool on = false;

  [[nodiscard]] std::string Bold(std::string_view text) const { return Wrap("1", text); }
  [[nodiscard]] std::string Dim(std::string_view text) const { return Wrap("2", text); }
  [[nodiscard]] std::string Red(std::string_view text) const { return Wrap("31", text); }
  [[nodiscard]] std::string Green(std::string_view text) const { return Wrap("32", text); }
  [[nodiscard]] std::string Yellow(std::string_view text) const { return Wrap("33", text); }
  [[nodiscard]] std::string Cyan(std::string_view text) const { return Wrap("36", text); }

 private:
  [[nodiscard]] std::string Wrap(std::string_view code, std::string_view text) const {
    if (!on || text.empty()) return std::string(text);
    return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
  }
};

}  // namespace tenon::cli
