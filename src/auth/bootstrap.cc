#include "auth/bootstrap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "auth/identity.h"
#include "auth/keys.h"

namespace tenon {
namespace {

NewRow TenantOfName(const Uuid& id, std::string_view slug, std::string_view name) {
  json::object body;
  body["id"] = id.ToString();
  body["slug"] = slug;
  body["name"] = name;
  return {"tenants", std::move(body)};
}

NewRow ServiceUser(const Uuid& id, std::string_view email, std::string_view name,
                   std::string_view role) {
  json::object body;
  body["id"] = id.ToString();
  body["email"] = email;
  body["name"] = name;
  body["kind"] = "service";
  body["roles"] = json::array{json::value(role)};
  return {"users", std::move(body)};
}

NewRow AdminKey(const NewKey& key) {
  json::object body;
  body["user_id"] = AdminUserId().ToString();
  body["name"] = "admin";
  body["prefix"] = key.prefix;
  body["key_hash"] = key.hash;
  body["roles"] = json::array{"system"};
  return {"api_keys", std::move(body)};
}

std::unexpected<Error> FileError(const std::string& path, int error) {
  return Fail(Code::kUnavailable,
              "the key file " + path + " cannot be written: " + std::strerror(error));
}

Result<void> WriteAndSync(const std::string& path, std::string_view content) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return FileError(path, errno);
  int error = ::fchmod(file, 0600) == 0 ? 0 : errno;
  while (error == 0 && !content.empty()) {
    const ssize_t written = ::write(file, content.data(), content.size());
    if (written > 0) {
      content.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  if (error == 0 && ::fsync(file) != 0) error = errno;
  if (::close(file) != 0 && error == 0) error = errno;
  if (error != 0) return FileError(path, error);
  return {};
}

}  // namespace

Result<void> WriteSecretFile(const std::string& path, std::string_view content) {
  const std::string temporary = path + ".tmp";
  TRY(WriteAndSync(temporary, content));
  if (::rename(temporary.c_str(), path.c_str()) != 0) return FileError(path, errno);
  // The name is durable only when its folder is.
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int handle =
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle >= 0) {
    ::fsync(handle);
    ::close(handle);
  }
  return {};
}

namespace {

// False when another node of the same store has made the tenant meanwhile; all that was to be made
// with it is there then, too.
Result<bool> CreateTenant(const BootstrapDeps& deps, const Caller& caller,
                          std::vector<NewRow> rows) {
  const std::string slug(rows.front().body.at("slug").as_string());
  auto created = deps.create(caller, std::move(rows));
  if (created) return true;
  if (created.error().code == Code::kConflict && TRY(deps.directory.Tenant(slug))) return false;
  return Fail(std::move(created).error().In("creating the " + slug + " tenant"));
}

}  // namespace

Result<Bootstrapped> Bootstrap(const BootstrapDeps& deps) {
  Bootstrapped done;
  done.key_file = (std::filesystem::path(deps.data_dir) / "admin.key").string();
  if (!TRY(deps.directory.Tenant(kSystemSlug))) {
    std::vector<NewRow> rows;
    // Its service user, SystemUserId(), the engine makes with its first write.
    rows.push_back(TenantOfName(SystemTenantId(), kSystemSlug, "The server itself"));
    TRY(CreateTenant(deps, SystemCaller(), std::move(rows)));
  }
  if (TRY(deps.directory.Tenant(kDefaultSlug))) return done;

  const NewKey key = MakeKey(deps.random);
  TRY(WriteSecretFile(done.key_file, key.key + "\n"));
  std::vector<NewRow> rows;
  rows.push_back(TenantOfName(DefaultTenantId(), kDefaultSlug, "Default"));
  rows.push_back(
      ServiceUser(AdminUserId(), "admin@default.tenon", "First administrator", "system"));
  rows.push_back(AdminKey(key));
  const Caller caller = SystemCaller(DefaultTenantId(), std::string(kDefaultSlug));
  if (TRY(CreateTenant(deps, caller, std::move(rows)))) {
    done.admin_key = key.key;
  } else {
    // The first key is the other node's; this one never was.
    std::error_code ignored;
    std::filesystem::remove(done.key_file, ignored);
  }
  return done;
}

}  // namespace tenon
