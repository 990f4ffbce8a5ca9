#include "cli/command.h"

#include <fmt/format.h>

#include <charconv>

namespace tenon::cli {

std::string Arguments::Get(const std::string& name) const { return Get(name, ""); }

std::string Arguments::Get(const std::string& name, std::string_view otherwise) const {
  auto found = values_.find(name);
  return found == values_.end() ? std::string(otherwise) : found->second.back();
}

std::vector<std::string> Arguments::All(const std::string& name) const {
  auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>{} : found->second;
}

Result<std::int64_t> Arguments::Int(const std::string& name, std::int64_t otherwise,
                                    std::int64_t min, std::int64_t max) const {
  if (!Has(name)) return otherwise;
  const std::string text = Get(name);
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  auto [stop, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc() || stop != end || number < min || number > max) {
    return Fail(
        Code::kInvalidArgument,
        fmt::format("--{} takes a whole number from {} to {}, not '{}'", name, min, max, text));
  }
  return number;
}

}  // namespace tenon::cli
