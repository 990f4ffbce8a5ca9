// Structured logs on standard error: text for people, JSON for programs.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "app/config.h"
#include "base/json.h"

namespace tenon {

// Thread-safe. Lines are written by a thread of their own; when they come faster than they can be
// written, the oldest waiting ones are dropped and never a request.
class Logger {
 public:
  explicit Logger(const LogConfig& config);
  ~Logger();  // writes what is left

  // `level` is debug, info, warn or error; `fields` are shown as name=value, or as JSON members.
  void Write(std::string_view level, std::string_view message, const json::object& fields = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tenon
