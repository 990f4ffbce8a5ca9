// Position tokens that were not given out are refused; those that were come back the same.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "api/positions.h"
#include "api/trace.h"
#include "engine/page_token.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const tenon::Positions positions(std::string(32, 'k'));
  tenon::Uuid tenant;
  tenant.bytes[0] = 7;
  if (const auto seq = positions.Read(tenant, text)) {
    if (positions.Token(tenant, *seq) != text) std::abort();
  }
  if (size >= 8) {
    std::uint64_t seq = 0;
    std::memcpy(&seq, data, 8);
    const auto given = static_cast<std::int64_t>(seq >> 1);
    const auto back = positions.Read(tenant, positions.Token(tenant, given));
    if (!back || *back != given) std::abort();
  }
  tenon::model::Type type;
  type.kind = tenon::model::TypeKind::kTime;
  tenon::model::Type key;
  key.kind = tenon::model::TypeKind::kUuid;
  static_cast<void>(tenon::DecodePageToken("q", text, {type, key}));
  tenon::SeededRandom random(1);
  tenon::Tracer tracer(random);
  const tenon::Trace trace = tracer.Begin(text);
  if (trace.Header().find('\0') != std::string_view::npos) std::abort();
  return 0;
}
