#include "app/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "app/config_settings.h"

namespace tenon {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    folder_ =
        fs::temp_directory_path() / (std::string("tenon-config-") +
                                     testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    sources_.working_directory = folder_.string();
  }
  ~ConfigTest() override { fs::remove_all(folder_); }

  void File(const std::string& name, const std::string& text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  std::string Path(const std::string& name) { return (folder_ / name).string(); }

  // Every error as "place: message" lines, with the folder's name cut out.
  std::string Errors() {
    Result<Config> config = LoadConfig(sources_);
    if (config) return "none";
    std::string out;
    for (const FieldError& field : config.error().fields) {
      std::string line = field.path + ": " + field.message + "\n";
      if (const auto at = line.find(folder_.string() + "/"); at != std::string::npos) {
        line.erase(at, folder_.string().size() + 1);
      }
      out += line;
    }
    return out;
  }
  std::string SourceOf(const Config& config, const std::string& key) {
    for (const ConfigEntry& entry : config.entries) {
      if (entry.key == key) return entry.source;
    }
    return "no such setting";
  }
  std::string ShownOf(const Config& config, const std::string& key) {
    for (const ConfigEntry& entry : config.entries) {
      if (entry.key == key) return entry.value;
    }
    return "no such setting";
  }

  fs::path folder_;
  ConfigSources sources_;
};

TEST_F(ConfigTest, DefaultsNeedNothing) {
  Result<Config> config = LoadConfig(sources_);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->data, "./data");
  EXPECT_EQ(config->host, "127.0.0.1");
  EXPECT_EQ(config->port, 7400);
  EXPECT_EQ(SourceOf(*config, "listen"), "default");
  EXPECT_EQ(config->entries.size(), Settings().size());
  EXPECT_TRUE(config->warnings.empty());
}

TEST_F(ConfigTest, FlagsWinOverEnvironmentOverFile) {
  File("tenon.toml",
       "listen = \"1.1.1.1:1\"\nstore = \"sqlite\"\n[cache]\nbytes = \"64MiB\"\nttl = \"2h\"\n"
       "[log]\nlevel = \"warn\"\n");
  sources_.environment = {{"TENON_LISTEN", "2.2.2.2:2"}, {"TENON_LOG_LEVEL", "error"}};
  sources_.flags = {{"listen", "[::1]:3"}};
  Result<Config> config = LoadConfig(sources_);
  ASSERT_TRUE(config) << Errors();
  EXPECT_EQ(config->host, "::1");
  EXPECT_EQ(config->port, 3);
  EXPECT_EQ(config->log.level, "error");
  EXPECT_EQ(config->cache.bytes, 64 << 20);
  EXPECT_EQ(config->cache.ttl, std::chrono::hours(2));
  EXPECT_EQ(SourceOf(*config, "listen"), "flag");
  EXPECT_EQ(SourceOf(*config, "log.level"), "TENON_LOG_LEVEL");
  EXPECT_EQ(SourceOf(*config, "cache.ttl"), Path("tenon.toml") + ":5");
  EXPECT_EQ(ShownOf(*config, "cache.ttl"), "2h");
}

TEST_F(ConfigTest, FilesAreLookedForInOrder) {
  File("data/tenon.toml", "listen = \"127.0.0.1:1\"\n");
  sources_.flags = {{"data", Path("data")}};
  EXPECT_EQ(LoadConfig(sources_)->port, 1);
  File("tenon.toml", "listen = \"127.0.0.1:2\"\n");
  EXPECT_EQ(LoadConfig(sources_)->port, 2);
  File("other.toml", "listen = \"127.0.0.1:3\"\n");
  sources_.environment["TENON_CONFIG"] = Path("other.toml");
  EXPECT_EQ(LoadConfig(sources_)->port, 3);
  File("named.toml", "listen = \"127.0.0.1:4\"\n");
  sources_.file = Path("named.toml");
  EXPECT_EQ(LoadConfig(sources_)->port, 4);
  sources_.file = Path("missing.toml");
  EXPECT_EQ(Errors(), "missing.toml: there is no such configuration file\n");
}

TEST_F(ConfigTest, EveryWrongKeyIsNamedWithItsLineAndTheNearest) {
  File("tenon.toml",
       "lisen = \"a:1\"\n\n[limits]\nbody_bites = 5\nconnections = 0\n[colour]\nred = 1\n"
       "[log]\nlevel = \"loud\"\naccess = \"often\"\n[http]\ncors_origins = [[1]]\n");
  EXPECT_EQ(Errors(),
            "tenon.toml:6: 'colour' is no setting; tenon config lists them\n"
            "tenon.toml:12: http.cors_origins cannot be written like this\n"
            "tenon.toml:4: 'limits.body_bites' is no setting; did you mean limits.body_bytes?\n"
            "tenon.toml:5: limits.connections is a whole number from 1 to 1000000, not '0'\n"
            "tenon.toml:1: 'lisen' is no setting; did you mean listen?\n"
            "tenon.toml:10: log.access is true or false, not 'often'\n"
            "tenon.toml:9: log.level is one of debug, info, warn, error, not 'loud'\n");
}

TEST_F(ConfigTest, ABrokenFileSaysItsLine) {
  File("tenon.toml", "listen = \"a:1\"\nlog = {\n");
  EXPECT_THAT(Errors(), testing::StartsWith("tenon.toml:2: "));
}

TEST_F(ConfigTest, FlagsAndVariablesAreChecked) {
  sources_.environment["TENON_HTTP_IDLE_TIMEOUT"] = "soon";
  sources_.flags = {{"lisen", "x"}, {"listen", "nowhere:99999"}};
  EXPECT_EQ(
      Errors(),
      "TENON_HTTP_IDLE_TIMEOUT: http.idle_timeout is a duration from PT1S to P1D, such as 30s "
      "or 24h, not 'soon'\n"
      "--set lisen: 'lisen' is no setting; did you mean listen?\n"
      "flag: listen is HOST:PORT or [IPV6]:PORT, not 'nowhere:99999'\n");
}

TEST_F(ConfigTest, ForeignVariablesAreWarnedOf) {
  sources_.environment = {{"TENON_LISEN", "x"},
                          {"TENON_PORT_7400_TCP_ADDR", "10.0.0.1"},
                          {"TENON_URL", "http://x"},
                          {"PATH", "/bin"}};
  Result<Config> config = LoadConfig(sources_);
  ASSERT_TRUE(config);
  EXPECT_THAT(config->warnings,
              ElementsAre("TENON_LISEN is no setting and is not used; did you mean TENON_LISTEN?",
                          "TENON_PORT_7400_TCP_ADDR is no setting and is not used"));
}

TEST_F(ConfigTest, SecretsAreMaskedAndStayOutOfFiles) {
  sources_.environment = {{"ENCRYPTION_KEY", std::string(64, 'a')},
                          {"TENON_DATABASE_URL", "postgres://me:secret@db/tenon"}};
  Result<Config> config = LoadConfig(sources_);
  ASSERT_TRUE(config) << Errors();
  EXPECT_EQ(config->encryption_key, std::string(64, 'a'));
  EXPECT_EQ(ShownOf(*config, "encryption_key"), "****");
  EXPECT_EQ(ShownOf(*config, "database_url"), "postgres://me:****@db/tenon");
  File("tenon.toml", "encryption_key = \"x\"\n");
  EXPECT_EQ(Errors(),
            "tenon.toml:1: encryption_key does not belong into a file; set the variable "
            "ENCRYPTION_KEY\n");
}

TEST_F(ConfigTest, WhatGoesTogetherIsCheckedTogether) {
  sources_.environment = {{"ENCRYPTION_KEY_PREVIOUS", "short"},
                          {"TENON_TLS_KEY", "key.pem"},
                          {"TENON_JWT_ISSUER", "https://id.example"},
                          {"TENON_JWT_GROUP_ROLES", "ops=admin, broken"}};
  EXPECT_EQ(Errors(),
            "TENON_TLS_KEY: tls.certificate and tls.key go together\n"
            "ENCRYPTION_KEY_PREVIOUS: is 64 hex digits; make one with: openssl rand -hex 32\n"
            "ENCRYPTION_KEY_PREVIOUS: ENCRYPTION_KEY_PREVIOUS needs ENCRYPTION_KEY, the key in "
            "force\n"
            "TENON_JWT_ISSUER: jwt.issuer needs jwt.audience\n"
            "TENON_JWT_ISSUER: jwt.issuer needs jwt.jwks_url, jwt.jwks_file or jwt.hs256_secret\n"
            "TENON_JWT_GROUP_ROLES: jwt.group_roles holds GROUP=ROLE, not 'broken'\n");
}

TEST_F(ConfigTest, PathsOfAFileAreRelativeToIt) {
  File("etc/tenon.toml", "data = \"store\"\nmodels = [\"own.tenon\", \"/abs/more\"]\n");
  sources_.file = Path("etc/tenon.toml");
  Result<Config> config = LoadConfig(sources_);
  ASSERT_TRUE(config) << Errors();
  EXPECT_EQ(config->data, Path("etc/store"));
  EXPECT_THAT(config->models, ElementsAre(Path("etc/own.tenon"), "/abs/more"));
  sources_.flags = {{"models", "a"}, {"models", "b"}};
  EXPECT_THAT(LoadConfig(sources_)->models, ElementsAre("a", "b"));
}

TEST_F(ConfigTest, VariablesAreNamedAfterTheirKeys) {
  for (const Setting& setting : Settings()) {
    if (!setting.file) continue;
    std::string name = "TENON_";
    for (char c : setting.key) {
      name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    EXPECT_EQ(setting.variable, name);
  }
}

TEST_F(ConfigTest, EverySettingIsDocumented) {
  std::ifstream file(fs::path(TENON_SOURCE_DIR) / "docs/operations.md");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  for (const Setting& setting : Settings()) {
    EXPECT_THAT(text, HasSubstr("`" + std::string(setting.key) + "`"));
  }
}

}  // namespace
}  // namespace tenon
