#include "cli/contexts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <toml++/toml.h>
#include <cerrno>
#include <cstring>
#include <sstream>

namespace tenon::cli {
namespace {

std::string TextOf(const toml::table& table, std::string_view name) {
  return table[name].value_or(std::string());
}

// Creates `file` for its owner alone before anything is written into it.
Result<void> WritePrivate(const std::filesystem::path& file, const std::string& content) {
  const int handle = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (handle < 0) {
    return Fail(Code::kUnavailable,
                fmt::format("cannot write {}: {}", file.string(), std::strerror(errno)));
  }
  ::fchmod(handle, 0600);
  std::size_t done = 0;
  int problem = 0;
  while (done < content.size() && problem == 0) {
    const ssize_t wrote = ::write(handle, content.data() + done, content.size() - done);
    if (wrote < 0 && errno != EINTR) problem = errno;
    if (wrote > 0) done += static_cast<std::size_t>(wrote);
  }
  if (problem == 0 && ::fsync(handle) != 0) problem = errno;
  ::close(handle);
  if (problem != 0) {
    return Fail(Code::kUnavailable,
                fmt::format("cannot write {}: {}", file.string(), std::strerror(problem)));
  }
  return {};
}

}  // namespace

Result<Contexts> LoadContexts(const std::filesystem::path& file) {
  Contexts contexts;
  std::error_code missing;
  if (!std::filesystem::exists(file, missing)) return contexts;
  try {
    const toml::table root = toml::parse_file(file.string());
    contexts.current = TextOf(root, "current");
    if (const toml::table* named = root["contexts"].as_table()) {
      for (const auto& [name, node] : *named) {
        const toml::table* table = node.as_table();
        if (table == nullptr) continue;
        Context& context = contexts.named[std::string(name.str())];
        context.url = TextOf(*table, "url");
        context.key = TextOf(*table, "key");
        context.tenant = TextOf(*table, "tenant");
        context.ca_file = TextOf(*table, "ca_file");
        context.insecure = (*table)["insecure"].value_or(false);
      }
    }
  } catch (const toml::parse_error& problem) {
    return Fail(Code::kInvalidArgument,
                fmt::format("{}:{}: {}", file.string(), problem.source().begin.line,
                            problem.description()));
  }
  return contexts;
}

Result<void> SaveContexts(const std::filesystem::path& file, const Contexts& contexts) {
  toml::table named;
  for (const auto& [name, context] : contexts.named) {
    toml::table table;
    table.insert("url", context.url);
    if (!context.key.empty()) table.insert("key", context.key);
    if (!context.tenant.empty()) table.insert("tenant", context.tenant);
    if (!context.ca_file.empty()) table.insert("ca_file", context.ca_file);
    if (context.insecure) table.insert("insecure", true);
    named.insert(name, std::move(table));
  }
  toml::table root;
  if (!contexts.current.empty()) root.insert("current", contexts.current);
  root.insert("contexts", std::move(named));
  std::ostringstream text;
  text << "# Servers and keys of the tenon command line; keep it to yourself.\n" << root << "\n";

  std::error_code problem;
  const std::filesystem::path folder = file.parent_path();
  if (!std::filesystem::exists(folder, problem)) {
    std::filesystem::create_directories(folder, problem);
    if (problem) {
      return Fail(Code::kUnavailable,
                  fmt::format("cannot make {}: {}", folder.string(), problem.message()));
    }
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, problem);
  }
  std::filesystem::path fresh = file;
  fresh += ".new";
  TRY(WritePrivate(fresh, text.str()));
  std::filesystem::rename(fresh, file, problem);
  if (problem) {
    return Fail(Code::kUnavailable,
                fmt::format("cannot replace {}: {}", file.string(), problem.message()));
  }
  return {};
}

}  // namespace tenon::cli
