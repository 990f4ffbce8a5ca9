// What the writer costs over raw SQLite: the same three inserts, through Submit with 32 jobs always
// in flight, and by hand in groups of 32. Both fsync every commit; both are counted afterwards.
#include <fmt/format.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <semaphore>

#include "store/sqlite/sqlite_store.h"

namespace {

using namespace tenon;  // NOLINT: a program, not a header
using std::chrono::steady_clock;

constexpr int kInFlight = 32;
constexpr const char* kSchema =
    "CREATE TABLE a (id TEXT NOT NULL PRIMARY KEY, tenant TEXT NOT NULL, name TEXT NOT NULL "
    "CHECK (length(name) <= 255), metadata TEXT NOT NULL CHECK (json_valid(metadata)), at TEXT NOT "
    "NULL) STRICT; CREATE UNIQUE INDEX ua ON a (tenant, id); CREATE INDEX na ON a (tenant, name);"
    "CREATE TABLE b (id TEXT NOT NULL PRIMARY KEY, tenant TEXT NOT NULL, state TEXT NOT NULL CHECK "
    "(json_valid(state)), at TEXT NOT NULL) STRICT; CREATE INDEX ib ON b (tenant, at DESC);"
    "CREATE TABLE c (seq INTEGER PRIMARY KEY, tenant TEXT NOT NULL, seal TEXT NOT NULL) STRICT;"
    "CREATE INDEX ic ON c (tenant, seq);";
constexpr const char* kInsertA = "INSERT INTO a VALUES (?1, ?2, ?3, ?4, ?5)";
constexpr const char* kInsertB = "INSERT INTO b VALUES (?1, ?2, ?3, ?4)";
constexpr const char* kInsertC = "INSERT INTO c (tenant, seal) VALUES (?1, ?2)";

struct Sample {
  Uuid id, tenant;
  std::string json = R"({"section":"libs","size":12345,"maintainer":"Someone","priority":"opt"})";
  std::string state = std::string(R"({"id":"0192d0c4-0000-7000-8000-000000000001","name":")") +
                      std::string(300, 'x') + "\"}";
  std::string seal = std::string(64, 'a');
};

Sample MakeSample(std::uint64_t n) {
  Sample sample;
  for (std::size_t i = 0; i < 8; ++i) {
    sample.id.bytes[i] = static_cast<std::uint8_t>(n >> (56 - 8 * i));
  }
  return sample;
}

Result<void> WriteSample(Transaction& t, const Sample& s, Time now) {
  const Value a[] = {Value(s.id), Value(s.tenant), Value("name"), Value(s.json), Value(now)};
  const Value b[] = {Value(s.id), Value(s.tenant), Value(s.state), Value(now)};
  const Value c[] = {Value(s.tenant), Value(s.seal)};
  TRY(t.Execute(kInsertA, a));
  TRY(t.Execute(kInsertB, b));
  TRY(t.Execute(kInsertC, c));
  return {};
}

// Rows by key, in an order that the page cache cannot guess.
void PointReads(Store& store, int count) {
  std::uint64_t next = 1;
  std::size_t bytes = 0;
  model::Type json;
  json.kind = model::TypeKind::kJson;
  std::string out;
  const auto start = steady_clock::now();
  for (int i = 0; i < count; ++i) {
    next = next * 6364136223846793005u + 1442695040888963407u;
    const Value id(MakeSample((next >> 33) % static_cast<std::uint64_t>(count)).id);
    const Result<void> read = store.Read({}, [&](Reader& reader) {
      return reader.Query("SELECT id, name, metadata, at FROM a WHERE id = ?1", {&id, 1},
                          [&](const Row& row) -> Result<bool> {
                            out.clear();
                            row.AppendJson(2, json, out);
                            bytes += out.size();
                            return false;
                          });
    });
    if (!read) std::exit(1);
  }
  const double seconds = std::chrono::duration<double>(steady_clock::now() - start).count();
  fmt::print("  {:.0f} point reads/s on one thread ({} bytes)\n", count / seconds, bytes);
}

double ThroughStore(const std::string& directory, int count) {
  SqliteOptions options;
  options.directory = directory;
  auto store = std::move(*SqliteStore::Open(options));
  if (!store->ChangeSchema([](SchemaTransaction& t) { return t.RunScript(kSchema); })) std::exit(1);
  SystemClock clock;
  std::counting_semaphore<kInFlight> slots(kInFlight);
  const auto start = steady_clock::now();
  for (int i = 0; i < count; ++i) {
    slots.acquire();
    WriteJob job;
    job.work = [&clock, sample = MakeSample(static_cast<std::uint64_t>(i))](Transaction& t) {
      return WriteSample(t, sample, clock.Now());
    };
    job.done = [&slots](Result<void> result) {
      if (!result) {
        fmt::print("failed: {}\n", result.error().message);
        std::exit(1);
      }
      slots.release();
    };
    store->Submit(std::move(job));
  }
  for (int i = 0; i < kInFlight; ++i) slots.acquire();
  const double seconds = std::chrono::duration<double>(steady_clock::now() - start).count();
  const StoreStats stats = store->Stats();
  fmt::print("  {:.1f} jobs a commit, log {} KiB\n",
             static_cast<double>(stats.jobs) / static_cast<double>(stats.commits),
             stats.wal_bytes / 1024);
  PointReads(*store, count);
  return count / seconds;
}

void BindText(sqlite3_stmt* s, int i, const std::string& text) {
  sqlite3_bind_text(s, i, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

double Raw(const std::string& directory, int count) {
  sqlite3* db = nullptr;
  sqlite3_open((directory + "/raw.db").c_str(), &db);
  sqlite3_exec(db,
               "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA "
               "synchronous = FULL; PRAGMA secure_delete = FAST; PRAGMA cache_size = -8192",
               nullptr, nullptr, nullptr);
  sqlite3_exec(db, kSchema, nullptr, nullptr, nullptr);
  sqlite3_stmt* a = nullptr;
  sqlite3_stmt* b = nullptr;
  sqlite3_stmt* c = nullptr;
  sqlite3_prepare_v2(db, kInsertA, -1, &a, nullptr);
  sqlite3_prepare_v2(db, kInsertB, -1, &b, nullptr);
  sqlite3_prepare_v2(db, kInsertC, -1, &c, nullptr);
  SystemClock clock;
  const std::string name = "name";
  const auto start = steady_clock::now();
  for (int i = 0; i < count; ++i) {
    if (i % kInFlight == 0) sqlite3_exec(db, "BEGIN", nullptr, nullptr, nullptr);
    const Sample s = MakeSample(static_cast<std::uint64_t>(i));
    const std::string id = s.id.ToString();
    const std::string tenant = s.tenant.ToString();
    const std::string now = FormatTime(clock.Now());
    BindText(a, 1, id), BindText(a, 2, tenant), BindText(a, 3, name);
    BindText(a, 4, s.json), BindText(a, 5, now);
    BindText(b, 1, id), BindText(b, 2, tenant), BindText(b, 3, s.state), BindText(b, 4, now);
    BindText(c, 1, tenant), BindText(c, 2, s.seal);
    for (sqlite3_stmt* statement : {a, b, c}) {
      if (sqlite3_step(statement) != SQLITE_DONE) std::exit(1);
      sqlite3_reset(statement);
    }
    if (i % kInFlight == kInFlight - 1) sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr);
  }
  if (sqlite3_get_autocommit(db) == 0) sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr);
  const double seconds = std::chrono::duration<double>(steady_clock::now() - start).count();
  for (sqlite3_stmt* statement : {a, b, c}) sqlite3_finalize(statement);
  sqlite3_close(db);
  return count / seconds;
}

std::int64_t CountRows(const std::string& path) {
  sqlite3* db = nullptr;
  sqlite3_stmt* statement = nullptr;
  sqlite3_open(path.c_str(), &db);
  sqlite3_prepare_v2(db,
                     "SELECT (SELECT count(*) FROM a) + (SELECT count(*) FROM b) + (SELECT "
                     "count(*) FROM c)",
                     -1, &statement, nullptr);
  const bool row = sqlite3_step(statement) == SQLITE_ROW;
  const std::int64_t count = row ? sqlite3_column_int64(statement, 0) : -1;
  sqlite3_finalize(statement);
  sqlite3_close(db);
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 100000;
  const auto directory = std::filesystem::temp_directory_path() / "tenon_store_bench";
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  const double raw = Raw(directory.string(), count);
  const double store = ThroughStore(directory.string(), count);
  const bool whole = CountRows((directory / "raw.db").string()) == 3 * count &&
                     CountRows((directory / "tenon.db").string()) == 3 * count;
  std::filesystem::remove_all(directory);
  fmt::print("raw SQLite {:.0f}/s, store {:.0f}/s, ratio {:.2f}; rows {}\n", raw, store,
             store / raw, whole ? "as written" : "MISSING");
  return whole ? 0 : 1;
}
