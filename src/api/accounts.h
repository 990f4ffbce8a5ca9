// The engine as identity sees it (auth/accounts.h).
#pragma once

#include <string>

#include "auth/accounts.h"
#include "base/random.h"
#include "engine/engine.h"

namespace tenon {

// Both keep a reference to the engine.
CreateRows CreateRowsWith(Engine& engine);
NoteKeyUse NoteKeyUseWith(Engine& engine);

// The key of position tokens from engine_meta, made on the first start: 32 bytes.
Result<std::string> LoadPositionKey(Store& store, Random& random);

}  // namespace tenon
