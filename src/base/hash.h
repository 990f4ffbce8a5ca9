// Digests by OpenSSL (FIPS 180-4, RFC 2104) and the text encodings of bytes (RFC 4648).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenon {

using Digest = std::array<std::uint8_t, 32>;

Digest Sha256(std::string_view data);
Digest Sha256(std::string_view a, std::string_view b, std::string_view c = {});  // of a+b+c
Digest HmacSha256(std::string_view key, std::string_view data);

std::string ToHex(std::string_view bytes);  // lower case
std::string ToHex(const Digest& digest);
std::optional<std::string> FromHex(std::string_view text);

std::string ToBase64(std::string_view bytes);                  // with padding
std::optional<std::string> FromBase64(std::string_view text);  // strict
std::string ToBase64Url(std::string_view bytes);               // without padding
std::optional<std::string> FromBase64Url(std::string_view text);

// Compares in time that depends on the lengths alone.
bool ConstantTimeEqual(std::string_view a, std::string_view b);

}  // namespace tenon
