// Saved servers and keys: $XDG_CONFIG_HOME/tenon/contexts.toml, readable by its owner alone.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"

namespace tenon::cli {

struct Context {
  std::string url;
  std::string key;
  std::string tenant;
  std::string ca_file;
  bool insecure = false;
};

struct Contexts {
  std::string current;  // empty: none
  std::map<std::string, Context> named;
};

// Without a file: no contexts. kInvalidArgument, with file and line, when it cannot be read.
Result<Contexts> LoadContexts(const std::filesystem::path& file);

// Written beside and renamed, mode 0600, folders made when missing (0700).
Result<void> SaveContexts(const std::filesystem::path& file, const Contexts& contexts);

}  // namespace tenon::cli
