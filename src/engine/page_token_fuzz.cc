// Page tokens come back from clients: whatever they hold must be refused or decode to the types.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/hash.h"
#include "engine/page_token.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tenon::model::Type;
  using tenon::model::TypeKind;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<Type> types(3);
  types[0].kind = TypeKind::kText;
  types[1].kind = TypeKind::kTime;
  types[2].kind = TypeKind::kUuid;
  (void)tenon::DecodePageToken("q", text, types);
  // Past the fingerprint, which random bytes never guess.
  const std::string good = tenon::EncodePageToken("q", {});
  const auto plain = tenon::FromBase64Url(good);
  if (!plain) return 0;
  const std::string forged =
      tenon::ToBase64Url(plain->substr(0, plain->size() - 2) + std::string(text));
  (void)tenon::DecodePageToken("q", forged, types);
  return 0;
}
