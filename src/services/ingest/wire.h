// The protobuf wire format (protobuf.dev, "Encoding"), field by field, without copying.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace tenon::ingest {

struct WireField {
  enum class Type { kVarint, kFixed64, kBytes, kFixed32 };
  std::uint32_t number = 0;
  Type type = Type::kVarint;
  std::uint64_t number_value = 0;  // of all but kBytes
  std::string_view bytes;          // of kBytes
};

// Reads one message. Groups, which nobody sends any more, and everything else that is not legal end
// it. Nesting is the caller's, so it is as deep as the caller's functions are.
class WireReader {
 public:
  explicit WireReader(std::string_view message) : rest_(message), size_(message.size()) {}

  // False at the end. kInvalidArgument, with the byte in this message.
  Result<bool> Next(WireField& field);

  // A varint off the front of `bytes`; nullopt-like false when there is none whole.
  static bool TakeVarint(std::string_view& bytes, std::uint64_t& value);

 private:
  std::string_view rest_;
  std::size_t size_;
};

}  // namespace tenon::ingest
