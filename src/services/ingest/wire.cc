#include "services/ingest/wire.h"

#include <fmt/format.h>

namespace tenon::ingest {
namespace {

template <typename T>
std::uint64_t Fixed(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = sizeof(T); i > 0; --i) {
    value = value << 8 | static_cast<std::uint8_t>(bytes[i - 1]);
  }
  return value;
}

}  // namespace

bool WireReader::TakeVarint(std::string_view& bytes, std::uint64_t& value) {
  value = 0;
  for (std::size_t i = 0; i < bytes.size() && i < 10; ++i) {
    const auto byte = static_cast<std::uint8_t>(bytes[i]);
    if (i == 9 && byte > 1) return false;  // over 64 bits
    value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      bytes.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

Result<bool> WireReader::Next(WireField& field) {
  if (rest_.empty()) return false;
  const std::size_t at = size_ - rest_.size();
  const auto wrong = [at](std::string_view what) {
    return Fail(Code::kInvalidArgument, fmt::format("{} at byte {} of the message", what, at));
  };
  std::uint64_t tag = 0;
  if (!TakeVarint(rest_, tag) || tag >> 3 == 0 || tag >> 3 > 0x1fffffff) {
    return wrong("no field begins");
  }
  field.number = static_cast<std::uint32_t>(tag >> 3);
  field.bytes = {};
  field.number_value = 0;
  switch (tag & 7) {
    case 0:
      field.type = WireField::Type::kVarint;
      if (!TakeVarint(rest_, field.number_value)) return wrong("a number is cut off");
      return true;
    case 1:
    case 5: {
      const bool is_64 = (tag & 7) == 1;
      const std::size_t size = is_64 ? 8 : 4;
      if (rest_.size() < size) return wrong("a number is cut off");
      field.type = is_64 ? WireField::Type::kFixed64 : WireField::Type::kFixed32;
      field.number_value = is_64 ? Fixed<std::uint64_t>(rest_) : Fixed<std::uint32_t>(rest_);
      rest_.remove_prefix(size);
      return true;
    }
    case 2: {
      std::uint64_t length = 0;
      if (!TakeVarint(rest_, length) || length > rest_.size()) {
        return wrong("a field is longer than its message");
      }
      field.type = WireField::Type::kBytes;
      field.bytes = rest_.substr(0, static_cast<std::size_t>(length));
      rest_.remove_prefix(static_cast<std::size_t>(length));
      return true;
    }
    default:
      return wrong("a field has a type that is not known");
  }
}

}  // namespace tenon::ingest
