#include "app/logging.h"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include "base/json_text.h"

namespace tenon {
namespace {

spdlog::level::level_enum LevelOf(std::string_view name) {
  if (name == "debug") return spdlog::level::debug;
  if (name == "warn") return spdlog::level::warn;
  if (name == "error") return spdlog::level::err;
  return spdlog::level::info;
}

// A value as it stands after name=; quoted when it has blanks or anything that ends a line.
std::string ShortText(const json::value& value) {
  if (!value.is_string()) return JsonText(value);
  const std::string text(value.as_string());
  const bool plain = text.find_first_of(" \t\r\n\"=\\") == std::string::npos && !text.empty();
  return plain ? text : JsonText(value);
}

}  // namespace

struct Logger::Impl {
  std::shared_ptr<spdlog::details::thread_pool> pool;  // shared: spdlog holds it weakly
  std::shared_ptr<spdlog::logger> logger;
  bool as_json = false;
};

Logger::Logger(const LogConfig& config) : impl_(std::make_unique<Impl>()) {
  impl_->as_json = config.format == "json";
  // Lines that wait for a slow terminal, at 400 bytes each whether they are used or not.
  impl_->pool = std::make_shared<spdlog::details::thread_pool>(1024, 1);
  impl_->logger = std::make_shared<spdlog::async_logger>(
      "tenon", std::make_shared<spdlog::sinks::stderr_sink_mt>(), impl_->pool,
      spdlog::async_overflow_policy::overrun_oldest);
  impl_->logger->set_level(LevelOf(config.level));
  impl_->logger->flush_on(spdlog::level::info);
  impl_->logger->set_pattern(impl_->as_json ? "%v" : "%Y-%m-%dT%H:%M:%S.%e%z %l %v");
}

Logger::~Logger() { impl_->logger->flush(); }

void Logger::Write(std::string_view level, std::string_view message, const json::object& fields) {
  const auto at = LevelOf(level);
  if (!impl_->logger->should_log(at)) return;
  if (impl_->as_json) {
    json::object line{
        {"time", FormatTime(SystemClock().Now())}, {"level", level}, {"message", message}};
    for (const auto& [name, value] : fields) line[name] = value;
    impl_->logger->log(at, JsonText(line));
    return;
  }
  std::string line(message);
  for (const auto& [name, value] : fields) {
    line += ' ';
    line += name;
    line += '=';
    line += ShortText(value);
  }
  impl_->logger->log(at, line);
}

}  // namespace tenon
