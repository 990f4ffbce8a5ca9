// API keys: `tnn_PREFIX_SECRET`. PREFIX is 8 letters and digits that may be shown (it names the key
// in lists and logs); SECRET is 43 of them, 256 bits. Only sha256 of the whole key is stored: a
// slow hash is for passwords, which can be guessed; 256 random bits cannot, and a fast hash lets
// every request be checked in a microsecond.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"

namespace tenon {

inline constexpr std::size_t kKeyPrefixLength = 8;
inline constexpr std::size_t kKeySecretLength = 43;

struct NewKey {
  std::string key;     // shown once, never stored
  std::string prefix;  // the part that may be shown: 8 characters
  std::string hash;    // hex sha256 of `key`
};

NewKey MakeKey(Random& random);

// True when the text has the form of a key: anything else is refused without a look-up.
bool LooksLikeKey(std::string_view text);

// Of a well-formed key: the part that may be shown.
std::string_view PrefixOf(std::string_view key);

std::string HashKey(std::string_view key);

// `count` letters and digits, each equally likely.
std::string RandomBase62(Random& random, std::size_t count);

}  // namespace tenon
