// Reading of the public test data beside the checkout, for tests only. It is not part of the
// project; tests that want it skip with the message when it is not there.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace tenon::testing_data {

inline Result<std::string> Text(const std::string& name) {
  const std::filesystem::path path =
      std::filesystem::path(TENON_SOURCE_DIR) / "../shared/data" / name;
  std::ifstream in(path, std::ios::binary);
  if (!in) return Fail(Code::kNotFound, "no test data at ../shared/data/" + name);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

inline Result<json::value> Json(const std::string& name) { return ParseJson(TRY(Text(name))); }

}  // namespace tenon::testing_data
