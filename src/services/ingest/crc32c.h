// CRC-32C (Castagnoli; RFC 3720, appendix B.4) and TensorFlow's masking of it.
#pragma once

#include <cstdint>
#include <string_view>

namespace tenon::ingest {

std::uint32_t Crc32c(std::string_view data);

// What TFRecord files store instead of the CRC itself (tensorflow/core/lib/hash/crc32c.h): so that
// the CRC of data that holds CRCs is not degenerate.
inline std::uint32_t MaskedCrc32c(std::string_view data) {
  const std::uint32_t crc = Crc32c(data);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

}  // namespace tenon::ingest
