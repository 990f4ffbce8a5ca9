// The table that a statement names, for errors whose driver does not say.
#pragma once

#include <string_view>

namespace tenon {

// The table that a statement of ours writes to: INSERT INTO "t", UPDATE "t", DELETE FROM "t".
// Empty when it is none of these.
std::string_view WrittenTable(std::string_view sql);

}  // namespace tenon
