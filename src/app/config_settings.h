// The table of settings: key, variable, kind, bounds, where the value goes.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/config.h"

namespace tenon {

// How a setting is written as text, and where it goes.
struct TextSetting {
  std::string& (*at)(Config&);
  std::vector<std::string_view> choices = {};
  bool is_path = false;  // relative to the file that it stands in
};
struct IntSetting {
  std::int64_t& (*at)(Config&);
  std::int64_t min, max;
};
struct BytesSetting {  // 8388608, 8MiB, 64kB
  std::int64_t& (*at)(Config&);
  std::int64_t min, max;
};
struct DurationSetting {  // 30s, 24h, PT30S
  Duration& (*at)(Config&);
  Duration min, max;
};
struct BoolSetting {
  bool& (*at)(Config&);
};
struct ListSetting {  // an array, or text with commas
  std::vector<std::string>& (*at)(Config&);
  bool is_path = false;
};

struct Setting {
  std::string_view key;       // "limits.body_bytes"
  std::string_view variable;  // "TENON_LIMITS_BODY_BYTES"
  std::variant<TextSetting, IntSetting, BytesSetting, DurationSetting, BoolSetting, ListSetting>
      kind;
  bool secret = false;
  bool file = true;  // may stand in tenon.toml; keys of the vault may not
};

std::span<const Setting> Settings();

// Sets it from text (or texts, for lists). The error is the message: "is a whole number from 1 to
// 9".
std::expected<void, std::string> Set(const Setting& setting, Config& config,
                                     const std::vector<std::string>& texts,
                                     const std::string& folder);

// The present value as it would be written; secrets masked.
std::string Show(const Setting& setting, Config& config);

}  // namespace tenon
