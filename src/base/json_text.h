// JSON as people and programs read it back.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace tenon {

// One line, members in their order, numbers as ECMAScript prints them (1.5, not 1.5E0): the same
// value reads the same wherever it is shown.
std::string JsonText(const boost::json::value& value);

}  // namespace tenon
