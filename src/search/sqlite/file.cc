#include "search/sqlite/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "search/sqlite/statement.h"
#include "store/sqlite/file.h"

namespace tenon::search {
namespace {

// Raised whenever an older file cannot be read as it is.
constexpr std::int64_t kFormat = 1;

constexpr std::string_view kSchema = R"sql(
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE parts (id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, entity TEXT NOT NULL,
  docs INTEGER NOT NULL DEFAULT 0, next INTEGER NOT NULL DEFAULT 0, UNIQUE (tenant, entity));
CREATE TABLE docs (id INTEGER PRIMARY KEY, key TEXT NOT NULL, words BLOB NOT NULL,
  texts BLOB NOT NULL);
CREATE TABLE doc_keys (part INTEGER, key TEXT, id INTEGER, PRIMARY KEY (part, key)) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5 (body, content='', columnsize=0, detail=none,
  tokenize="ascii tokenchars '=@'");
CREATE TABLE names (part INTEGER, name TEXT, id INTEGER, PRIMARY KEY (part, name, id))
  WITHOUT ROWID;
CREATE TABLE terms (part INTEGER, term TEXT, docs INTEGER, PRIMARY KEY (part, term)) WITHOUT ROWID;
CREATE TABLE grams (part INTEGER, gram INTEGER, size INTEGER, term TEXT,
  PRIMARY KEY (part, gram, size, term)) WITHOUT ROWID;
CREATE TABLE doc_facets (id INTEGER PRIMARY KEY, facets BLOB NOT NULL);
CREATE TABLE facet_values (id INTEGER PRIMARY KEY, part INTEGER, facet TEXT, value TEXT,
  docs INTEGER NOT NULL DEFAULT 0, UNIQUE (part, facet, value));
)sql";

ConnectionOptions WriterOptions() {
  ConnectionOptions options;
  options.cache_kib = 32768;
  return options;
}

Result<std::string> ReadMeta(Connection& connection, std::string_view key) {
  Bound query = TRY(Bound::Prepare(connection, "SELECT value FROM meta WHERE key = ?1"));
  query.Text(key);
  if (!TRY(query.Step())) return std::string();
  return std::string(query.Bytes(0));
}

Result<void> WriteMeta(Connection& connection, std::string_view key, std::string_view value) {
  Bound write = TRY(Bound::Prepare(connection, "INSERT OR REPLACE INTO meta VALUES (?1, ?2)"));
  return write.Text(key).Text(value).Run();
}

Result<bool> IsUsable(Connection& connection, const std::string& digest) {
  // A look at the schema and the FTS5 table's own header: cheap, and finds a file that is none.
  TRY(connection.QueryInt("SELECT count(*) FROM sqlite_schema"));
  if (TRY(ReadMeta(connection, "format")) != std::to_string(kFormat)) return false;
  if (TRY(ReadMeta(connection, "digest")) != digest) return false;
  if (TRY(ReadMeta(connection, "position")).empty()) return false;
  TRY(connection.QueryInt(
      "SELECT count(*) FROM (SELECT rowid FROM words WHERE words MATCH 'a' LIMIT 1)"));
  return true;
}

}  // namespace

Result<std::unique_ptr<Connection>> CreateFile(const std::string& path, const std::string& digest) {
  RemoveFile(path);
  // Made here, for nobody else to read: it holds the texts of every tenant. What SQLite keeps
  // beside it takes the same mode.
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return Fail(Code::kUnavailable, "cannot make " + path);
  ::close(fd);
  auto connection = TRY(Connection::Open(path, WriterOptions()));
  // Nothing is lost with an unfinished one: it is begun anew.
  TRY(
      connection->Run("PRAGMA page_size = 4096; PRAGMA journal_mode = OFF;"
                      "PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
                      "PRAGMA cache_size = -65536;"));
  TRY(connection->Run(kSchema));
  TRY(connection->Run("INSERT INTO words (words, rank) VALUES ('hashsize', 8388608)"));
  TRY(WriteMeta(*connection, "format", std::to_string(kFormat)));
  TRY(WriteMeta(*connection, "digest", digest));
  return connection;
}

Result<void> SealFile(std::unique_ptr<Connection> connection, const std::string& path) {
  // One segment is read fastest, and later ones are merged into it little by little.
  TRY(connection->Run("INSERT INTO words (words) VALUES ('optimize')"));
  TRY(connection->Run("INSERT INTO words (words, rank) VALUES ('hashsize', 1048576)"));
  connection.reset();
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool durable = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (!durable) return Fail(Code::kUnavailable, "cannot write " + path);
  return {};
}

Result<std::unique_ptr<Connection>> OpenFile(const std::string& path, const std::string& digest) {
  std::unique_ptr<Connection> none;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return none;
  auto connection = Connection::Open(path, WriterOptions());
  if (!connection) return none;
  // What a crash loses, the log still has: its position is lost with it. Set before anything is
  // read: a connection has SQLite's log open from its first read on, and must have it open to
  // remove it at the end.
  const auto set = (*connection)
                       ->Run(
                           "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                           "PRAGMA journal_size_limit = 67108864;");
  const auto usable = set ? IsUsable(**connection, digest) : Result<bool>(false);
  if (!usable || !*usable) return none;
  sqlite3_wal_autocheckpoint((*connection)->handle(), 8000);
  return *std::move(connection);
}

Result<std::unique_ptr<Connection>> OpenReader(const std::string& path) {
  ConnectionOptions options;
  options.read_only = true;
  options.cache_kib = 8192;
  return Connection::Open(path, options);
}

Result<LogPlace> ReadPlace(Connection& connection) {
  LogPlace place;
  place.position = std::strtoll(TRY(ReadMeta(connection, "position")).c_str(), nullptr, 10);
  place.row = TRY(ReadMeta(connection, "row"));
  return place;
}

Result<void> WritePlace(Connection& connection, const LogPlace& place) {
  TRY(WriteMeta(connection, "row", place.row));
  return WriteMeta(connection, "position", std::to_string(place.position));
}

void RemoveFile(const std::string& path) {
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    std::filesystem::remove(path + suffix, ignored);
  }
}

}  // namespace tenon::search
