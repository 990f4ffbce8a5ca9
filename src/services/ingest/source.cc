#include "services/ingest/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "services/ingest/sources.h"

namespace tenon::ingest {

std::span<const SourceKind> SourceKinds() {
  static const std::vector<SourceKind> kKinds = {Youtube8mSource(), DbtSource(), CustomHttpSource(),
                                                 PostgresSource()};
  return kKinds;
}

const SourceKind* FindSource(std::string_view name) {
  const auto kinds = SourceKinds();
  const auto found = std::ranges::find(kinds, name, &SourceKind::name);
  return found == kinds.end() ? nullptr : &*found;
}

std::vector<SourceOption> OptionsOf(const SourceKind& kind) {
  std::vector<SourceOption> options = kind.options;
  options.push_back({.name = "on_error",
                     .value = "fail|skip",
                     .help = kind.fails_on_reject
                                 ? "end at the first wrong row (default), or leave it out"
                                 : "end at the first wrong row, or leave it out (default)"});
  options.push_back({.name = "keep_missing",
                     .value = "",
                     .help = "keep what an earlier import wrote and this input no longer has"});
  return options;
}

bool FailsOnReject(const SourceKind& kind, const json::object& options) {
  const std::string asked = OptionText(options, "on_error");
  return asked.empty() ? kind.fails_on_reject : asked == "fail";
}

json::object SourceCheckpoint(const json::object& checkpoint) {
  const json::value* own = checkpoint.if_contains("source");
  return own != nullptr && own->is_object() ? own->get_object() : json::object();
}

namespace {

bool IsTexts(const json::value& value) {
  return value.is_string() ||
         (value.is_array() && std::ranges::all_of(value.get_array(), [](const json::value& item) {
            return item.is_string();
          }));
}

}  // namespace

Result<> CheckOptions(const SourceKind& kind, const json::object& options,
                      std::span<const std::string_view> required) {
  Error error(Code::kInvalidField, fmt::format("the options of {} are wrong", kind.name));
  const auto report = [&](std::string_view name, std::string code, std::string message) {
    error.fields.push_back(
        {fmt::format("options.{}", Ellipsis(name, 64)), std::move(code), std::move(message)});
  };
  const std::vector<SourceOption> known = OptionsOf(kind);
  std::vector<std::string_view> names;
  for (const SourceOption& option : known) names.push_back(option.name);
  for (const auto& member : options) {
    const auto option =
        std::ranges::find(known, std::string_view(member.key()), &SourceOption::name);
    const json::value& value = member.value();
    if (option == known.end() || option->secret) {
      const std::string_view nearest = Nearest(member.key(), names);
      report(member.key(), "unknown",
             nearest.empty() ? fmt::format("is not known; it has {}", fmt::join(names, ", "))
                             : fmt::format("is not known; did you mean {}?", nearest));
    } else if (option->number) {
      if (!value.is_int64() || value.get_int64() < 0) report(member.key(), "type", "is a number");
    } else if (option->value.empty()) {
      if (!value.is_bool()) report(member.key(), "type", "is true or false");
    } else if (option->repeated ? !IsTexts(value) && !value.is_object() : !value.is_string()) {
      report(member.key(), "type", option->repeated ? "is a list of texts" : "is text");
    }
  }
  if (const std::string asked = OptionText(options, "on_error");
      !asked.empty() && asked != "fail" && asked != "skip") {
    report("on_error", "enum", "is fail or skip");
  }
  for (const std::string_view name : required) {
    const json::value* value = options.if_contains(name);
    const bool given = value != nullptr && !value->is_null() &&
                       !(value->is_string() && value->get_string().empty()) &&
                       !(value->is_array() && value->get_array().empty());
    if (!given) report(name, "required", "is required");
  }
  if (error.fields.empty()) return {};
  return Fail(std::move(error));
}

std::string OptionText(const json::object& options, std::string_view name) {
  const json::value* value = options.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

std::vector<std::string> OptionTexts(const json::object& options, std::string_view name) {
  std::vector<std::string> texts;
  const json::value* value = options.if_contains(name);
  if (value != nullptr && value->is_string()) texts.emplace_back(value->get_string());
  if (value == nullptr || !value->is_array()) return texts;
  for (const json::value& item : value->get_array()) {
    if (item.is_string()) texts.emplace_back(item.get_string());
  }
  return texts;
}

std::int64_t OptionInt(const json::object& options, std::string_view name, std::int64_t otherwise) {
  const json::value* value = options.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : otherwise;
}

bool OptionFlag(const json::object& options, std::string_view name, bool otherwise) {
  const json::value* value = options.if_contains(name);
  return value != nullptr && value->is_bool() ? value->get_bool() : otherwise;
}

Result<std::string> ReadWhole(InputSource& source, std::size_t bytes_max) {
  std::string text;
  std::array<char, 64u << 10> buffer;
  while (const std::size_t count = TRY(source.Read(buffer))) {
    text.append(buffer.data(), count);
    if (text.size() > bytes_max) {
      return Fail(Code::kTooLarge,
                  fmt::format("{} has over {} MiB", source.name(), bytes_max >> 20));
    }
  }
  return text;
}

}  // namespace tenon::ingest
