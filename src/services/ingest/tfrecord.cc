#include "services/ingest/tfrecord.h"

#include <fmt/format.h>

#include <cstdint>

#include "services/ingest/crc32c.h"

namespace tenon::ingest {
namespace {

constexpr std::size_t kHeadBytes = 12;
constexpr std::size_t kFootBytes = 4;

template <typename T>
T LittleEndian(std::string_view bytes) {
  T value = 0;
  for (std::size_t i = sizeof(T); i > 0; --i) {
    value = static_cast<T>(value << 8 | static_cast<std::uint8_t>(bytes[i - 1]));
  }
  return value;
}

}  // namespace

Result<bool> TfRecordReader::Next(TfRecord& record) {
  record = {};
  if (ended_) return false;
  while (window_.view().size() < kHeadBytes && TRY(window_.More())) {
  }
  record.at = position();
  if (window_.view().empty()) return false;
  const auto end_here = [&](std::string problem) {
    ended_ = true;
    record.problem = std::move(problem);
    record.is_last = true;
    ++records_;
    return true;
  };
  if (window_.view().size() < kHeadBytes) {
    return end_here(
        fmt::format("the file ends inside the head of the record at byte {}", record.at.offset));
  }
  const std::string_view head = window_.view().substr(0, kHeadBytes);
  const auto length = LittleEndian<std::uint64_t>(head);
  const auto length_crc = LittleEndian<std::uint32_t>(head.substr(8));
  if (const std::uint32_t actual = MaskedCrc32c(head.substr(0, 8)); actual != length_crc) {
    return end_here(fmt::format(
        "the length of the record at byte {} does not match its CRC (stored {:#010x}, computed "
        "{:#010x}); nothing after it can be found",
        record.at.offset, length_crc, actual));
  }
  if (length > bytes_max_) {
    return end_here(fmt::format("the record at byte {} has {} bytes; at most {} are read",
                                record.at.offset, length, bytes_max_));
  }
  const std::size_t whole = kHeadBytes + static_cast<std::size_t>(length) + kFootBytes;
  while (window_.view().size() < whole && TRY(window_.More())) {
  }
  if (window_.view().size() < whole) {
    return end_here(fmt::format("the file ends inside the record at byte {}: {} of {} bytes",
                                record.at.offset, window_.view().size(), whole));
  }
  record.data = window_.view().substr(kHeadBytes, static_cast<std::size_t>(length));
  const auto data_crc = LittleEndian<std::uint32_t>(window_.view().substr(whole - kFootBytes));
  if (const std::uint32_t actual = MaskedCrc32c(record.data); actual != data_crc) {
    record.problem = fmt::format(
        "the data of the record at byte {} does not match its CRC (stored {:#010x}, computed "
        "{:#010x})",
        record.at.offset, data_crc, actual);
    record.data = {};
  }
  window_.Consume(whole);
  ++records_;
  return true;
}

}  // namespace tenon::ingest
