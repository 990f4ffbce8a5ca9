// A change of a table in two halves, so that nodes of the version before work on while those of the
// new one come up: `expand` makes room for both, `contract` takes away what only the old one
// needed. The state between is remembered like any other, so that contract is the plan from there.
#pragma once

#include <string>
#include <vector>

#include "store/migrations/alter.h"

namespace tenon {

// The edit to the state in which both versions work. PostgreSQL only.
//
//   a renamed column   stands under both names, held equal by a trigger; each takes what either may
//   required           is nullable until contract, filled where there is something to fill it with
//   a CHECK            allows what either version allows; one that is new waits
//   a reference        that is new on a column that was there waits
//   an enum            has the values of both
//   an index           that is not wanted any more stays
TableEdit Expanded(const TableEdit& edit);

// What of the edit the version before cannot live with, for people: "assets.cost changes from int
// to decimal". Empty: nothing.
std::vector<std::string> NotRolling(const TableEdit& edit);

}  // namespace tenon
