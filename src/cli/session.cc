#include "cli/session.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

namespace tenon::cli {
namespace {

Result<std::string> ReadAll(std::istream& in, const std::string& name) {
  std::string content;
  std::string piece(64u << 10, '\0');
  while (in) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    content.append(piece, 0, static_cast<std::size_t>(in.gcount()));
    if (content.size() > kInputBytesMax) {
      return Fail(Code::kTooLarge, fmt::format("{} is larger than {} MB; tenon import takes data "
                                               "of any size",
                                               name, kInputBytesMax >> 20));
    }
  }
  return content;
}

// The first line of DIR/admin.key, or empty.
std::string AdminKey(const std::filesystem::path& data) {
  std::ifstream file(data / "admin.key");
  std::string key;
  std::getline(file, key);
  while (key.ends_with('\r') || key.ends_with(' ')) key.pop_back();
  return key;
}

}  // namespace

Session::Session(const Environment& environment, Arguments globals,
                 std::span<const Command> commands)
    : environment_(environment), globals_(std::move(globals)), commands_(commands) {
  const std::string format = globals_.Get("output", "table");
  if (format == "json") format_ = Format::kJson;
  if (format == "ndjson") format_ = Format::kNdjson;
  if (format == "yaml") format_ = Format::kYaml;
  colours_ = !globals_.Has("no-color") && Getenv("NO_COLOR").empty();
  quiet_ = globals_.Has("quiet");
  verbose_ = globals_.Has("verbose");
}

std::size_t Session::width() const {
  if (!environment_.out_terminal || environment_.columns <= 0) return 0;
  return static_cast<std::size_t>(environment_.columns);
}

bool Session::Interrupted() const { return environment_.interrupted && environment_.interrupted(); }

std::string Session::Getenv(const std::string& name) const {
  if (!environment_.getenv) return "";
  return environment_.getenv(name).value_or("");
}

Settings Session::settings() const {
  Settings settings;
  settings.config_file = globals_.Get("config", Getenv("TENON_CONFIG"));
  if (globals_.Has("data")) settings.overrides.emplace_back("data", globals_.Get("data"));
  return settings;
}

void Session::Note(std::string_view text) const {
  if (!quiet_) err() << text << "\n" << std::flush;
}

Result<Connection> Session::ResolveConnection() const {
  Connection connection;
  connection.tenant = globals_.Get("tenant", Getenv("TENON_TENANT"));
  connection.key = globals_.Get("key", Getenv("TENON_API_KEY"));
  connection.key_source = globals_.Has("key") ? "--key" : "TENON_API_KEY";
  connection.ca_file = globals_.Get("ca-file");
  connection.insecure = globals_.Has("insecure");
  if (globals_.Has("data")) {
    connection.in_process = true;  // without a key: as the owner of the directory
    return connection;
  }
  connection.url = globals_.Get("url", globals_.Has("context") ? "" : Getenv("TENON_URL"));
  if (connection.url.empty()) {
    const Contexts contexts = TRY(LoadContexts(contexts_file()));
    std::string name = globals_.Get("context", Getenv("TENON_CONTEXT"));
    const bool asked = !name.empty();
    if (!asked) name = contexts.current;
    auto found = contexts.named.find(name);
    if (found != contexts.named.end()) {
      const Context& context = found->second;
      connection.url = context.url;
      if (connection.key.empty()) {
        connection.key = context.key;
        connection.key_source = "context " + name;
      }
      if (connection.tenant.empty()) connection.tenant = context.tenant;
      if (connection.ca_file.empty()) connection.ca_file = context.ca_file;
      connection.insecure = connection.insecure || context.insecure;
    } else if (asked) {
      return Fail(Code::kNotFound,
                  fmt::format("there is no context '{}'; tenon context list shows them", name));
    }
  }
  connection.is_default = connection.url.empty();
  if (connection.is_default) connection.url = std::string(kDefaultUrl);
  // The key of a local server goes to the local server only.
  if (connection.key.empty() && connection.url == kDefaultUrl) {
    connection.key = AdminKey("data");
    connection.key_source = "./data/admin.key";
  }
  if (connection.key.empty()) connection.key_source.clear();
  return connection;
}

Result<Api*> Session::api() {
  if (api_) return api_.get();
  Connection connection = TRY(ResolveConnection());
  ApiOptions options;
  options.key = connection.key;
  options.tenant = connection.tenant;
  if (verbose_) {
    options.trace = [this](const std::string& line) { err() << "> " << line << "\n"; };
    err() << "> " << (connection.in_process ? globals_.Get("data") : connection.url)
          << ", key from " << (connection.key.empty() ? "nowhere" : connection.key_source) << "\n";
  }
  std::unique_ptr<Transport> transport;
  if (connection.in_process) {
    if (!environment_.open_in_process) {
      return Fail(Code::kUnavailable, "this build cannot open a data directory in process");
    }
    transport = TRY(environment_.open_in_process(settings()));
  } else {
    http::ClientOptions http;
    http.base_url = connection.url;
    http.ca_file = connection.ca_file;
    http.insecure = connection.insecure;
    http.timeout = std::chrono::seconds(TRY(globals_.Int("timeout", patience_.count(), 1, 86400)));
    transport = TRY(ConnectHttp(std::move(http)));
  }
  api_ = std::make_unique<Api>(std::move(transport), std::move(options), *environment_.ids);
  return api_.get();
}

Result<Catalog*> Session::Names() {
  if (!catalog_) {
    Api* api = TRY(this->api());
    const json::value models = TRY(api->Call("GET", Target("/v1/models")));
    const json::value views = TRY(api->Call("GET", Target("/v1/views")));
    catalog_ = TRY(ReadCatalog(models, views));
  }
  return &*catalog_;
}

Result<const Catalog*> Session::catalog() { return TRY(Names()); }

Result<const EntityInfo*> Session::Entity(const std::string& word) {
  Catalog* catalog = TRY(Names());
  EntityInfo* entity = TRY(catalog->Entity(word));
  if (!entity->loaded) {
    Api* api = TRY(this->api());
    Target target("/v1/models");
    target.Segment(entity->model);
    catalog->Load(TRY(api->Call("GET", target)));
    if (!entity->loaded) {
      return Fail(Code::kInternal,
                  "the server's model " + entity->model + " lacks " + entity->name);
    }
  }
  return entity;
}

Result<std::string> Session::ReadFile(const std::string& path) const {
  if (path == "-") return ReadAll(*environment_.in, "standard input");
  std::error_code problem;
  if (std::filesystem::is_directory(path, problem)) {
    return Fail(Code::kInvalidArgument, fmt::format("{} is a folder", path));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return Fail(Code::kNotFound,
                fmt::format("cannot read {}: {}", path,
                            std::filesystem::exists(path, problem) ? "permission denied"
                                                                   : "there is no such file"));
  }
  return ReadAll(file, path);
}

ReadFileFn Session::reader() const {
  return [this](const std::string& path) { return ReadFile(path); };
}

std::filesystem::path Session::contexts_file() const {
  std::string base = Getenv("XDG_CONFIG_HOME");
  if (base.empty()) {
    const std::string home = Getenv("HOME");
    base = home.empty() ? std::string(".config") : home + "/.config";
  }
  return std::filesystem::path(base) / "tenon" / "contexts.toml";
}

}  // namespace tenon::cli
