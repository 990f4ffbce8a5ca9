#include "api/query.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/text.h"

namespace tenon {
namespace {

constexpr std::size_t kListMax = 200;

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

std::unexpected<Error> BadParameter(std::string_view name, std::string message) {
  Error error(Code::kInvalidArgument, std::string(name) + " " + message);
  error.fields.push_back({std::string(name), "parameter", std::move(message)});
  return Fail(std::move(error));
}

Result<void> CheckParameters(const http::Request& request,
                             std::span<const std::string_view> known) {
  for (std::size_t i = 0; i < request.query.size(); ++i) {
    const std::string& name = request.query[i].first;
    if (std::ranges::find(known, name) == known.end()) {
      std::string message = "is not a parameter of " + request.path;
      const std::string_view nearest = Nearest(name, known);
      if (!nearest.empty()) message += "; did you mean " + std::string(nearest) + "?";
      return BadParameter(Ellipsis(name, 64), std::move(message));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (request.query[j].first == name) return BadParameter(name, "is given twice");
    }
  }
  return {};
}

Result<bool> BoolParameter(const http::Request& request, std::string_view name, bool otherwise) {
  const auto text = request.Query(name);
  if (!text) return otherwise;
  if (*text == "true" || *text == "1" || text->empty()) return true;
  if (*text == "false" || *text == "0") return false;
  return BadParameter(name, "must be true or false");
}

Result<std::int64_t> IntParameter(const http::Request& request, std::string_view name,
                                  std::int64_t min, std::int64_t max, std::int64_t otherwise) {
  const auto text = request.Query(name);
  if (!text) return otherwise;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < min || value > max) {
    return BadParameter(
        name, "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  }
  return value;
}

Result<std::vector<std::string>> ListParameter(const http::Request& request,
                                               std::string_view name) {
  std::vector<std::string> items;
  const auto text = request.Query(name);
  if (!text || text->empty()) return items;
  std::string_view rest = *text;
  for (;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view item = Trim(rest.substr(0, comma));
    if (item.empty()) return BadParameter(name, "has an empty name in its list");
    if (items.size() == kListMax) {
      return BadParameter(name, "lists more than " + std::to_string(kListMax) + " names");
    }
    items.emplace_back(item);
    if (comma == std::string_view::npos) return items;
    rest.remove_prefix(comma + 1);
  }
}

std::string TextParameter(const http::Request& request, std::string_view name) {
  return std::string(request.Query(name).value_or(std::string_view{}));
}

}  // namespace tenon
