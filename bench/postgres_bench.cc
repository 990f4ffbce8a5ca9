// ./dev bench postgres: Tenon over a PostgreSQL of its own, beside pgbench and COPY on the same
// tables of the same server, in turns.
//
// Usage: postgres_bench BINARY WORK_DIR [ROWS]
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "http/client.h"
#include "http/url.h"
#include "load.h"
#include "rows.h"
#include "server_process.h"
#include "store/postgres/test_server.h"

namespace tenon::bench {
namespace {

constexpr int kClients = 32;
constexpr int kSeconds = 4;
constexpr int kTurns = 3;
constexpr const char* kDatabase = "bench";
constexpr const char* kTwin = "twin";

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Pair {
  double ratio = 0, ours = 0, theirs = 0;
};

// The middle one of several turns.
Pair Middle(std::vector<Pair> turns) {
  std::ranges::sort(turns, {}, &Pair::ratio);
  return turns[turns.size() / 2];
}

void Report(const std::string& what, const std::string& figures, double ratio,
            std::string_view aim) {
  fmt::print("{:<44} {}\n{:<44} ratio {:.2f}, aim {}\n", what, figures, "", ratio, aim);
}

class Bench {
 public:
  Bench(testing::PostgresServer& postgres, const ServerProcess& server, std::string work)
      : postgres_(postgres), server_(server), work_(std::move(work)) {}

  Result<void> Run(std::int64_t rows) {
    tenant_ = TRY(Ask("SELECT id FROM tenants WHERE slug = 'default'"));
    TRY(MakeKey());
    user_ = TRY(Ask("SELECT id FROM users WHERE tenant_id = '" + tenant_ + "' LIMIT 1"));
    TRY(Import(rows));
    TRY(postgres_.Run(kDatabase, "ANALYZE"));
    TRY(Posts());
    TRY(Gets());
    return Lists();
  }

 private:
  Result<std::string> Ask(const std::string& sql) { return postgres_.Ask(kDatabase, sql); }

  // A program's key: of a tenant, so that its requests run as the application's role.
  Result<void> MakeKey() {
    const auto post = [&](const std::string& path, const std::string& body) -> Result<json::value> {
      const auto client = TRY(http::Client::Create({.base_url = server_.url()}));
      const auto answer = TRY(client->Send("POST", path + "?tenant=default", headers_, body));
      if (answer.status != 201) return Fail(Code::kInternal, answer.body);
      return ParseJson(answer.body);
    };
    headers_.Set("Authorization", "Bearer " + server_.key());
    headers_.Set("Content-Type", "application/json");
    const json::value user =
        TRY(post("/v1/users", R"({"email":"bench@example.com","name":"bench","roles":["admin"]})"));
    const json::value key =
        TRY(post("/v1/api_keys", R"({"name":"bench","roles":["admin"],"user_id":")" +
                                     std::string(user.at("id").as_string()) + "\"}"));
    key_ = key.at("key").as_string();
    headers_.Set("Authorization", "Bearer " + key_);
    return {};
  }

  // What a command prints; kInternal when it fails.
  static Result<std::string> Command(const std::string& command) {
    FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) return Fail(Code::kInternal, command);
    std::string said;
    std::array<char, 4096> piece{};
    while (const std::size_t n = std::fread(piece.data(), 1, piece.size(), pipe)) {
      said.append(piece.data(), n);
    }
    if (::pclose(pipe) != 0) return Fail(Code::kInternal, command + ": " + said);
    return said;
  }

  // Transactions a second of a script, as the application's role, prepared, over the socket.
  Result<double> PgBench(const std::string& name, const std::string& script, int clients) {
    const std::string file = work_ + "/" + name + ".sql";
    std::ofstream(file) << script;
    const std::string said = TRY(Command(fmt::format(
        "PGOPTIONS='-c role=tenon_app' pgbench --no-vacuum --protocol=prepared --client={} "
        "--jobs=1 --time={} --file={} 'host={} port={} user=postgres dbname={}'",
        clients, kSeconds, file, postgres_.directory(), postgres_.port(), kDatabase)));
    const std::size_t at = said.find("tps = ");
    if (at == std::string::npos) return Fail(Code::kInternal, said);
    return std::atof(said.c_str() + at + 6);
  }

  Result<double> Load(const MakeRequest& make, int status) {
    LoadOptions options;
    options.port = server_.port();
    options.connections = kClients;
    options.seconds = kSeconds;
    const auto result =
        TRY(RunLoad(options, make,
                    [status](std::uint64_t, int got, std::string_view) { return got == status; }));
    if (result.errors > 0) return Fail(Code::kInternal, result.first_error);
    fmt::print("    {}\n", Describe(result));
    return result.per_second;
  }
  [[nodiscard]] std::string HeaderLines() const {
    return "Authorization: Bearer " + key_ + "\r\nContent-Type: application/json\r\n";
  }

  // The statements of a create, as Tenon sends them, with values of the same size.
  [[nodiscard]] std::string CreateScript(int turn) const {
    return fmt::format(
        "BEGIN ISOLATION LEVEL SERIALIZABLE;\n"
        "SELECT set_config('tenon.tenant', '{0}', true), pg_current_xact_id()::text;\n"
        "INSERT INTO assets (id, tenant_id, type, name, qualified_name, description, metadata, "
        "version, created_by, created_at, updated_at) SELECT tenon_uuid7(), '{0}', 'TABLE', "
        "'hand', 'hand.' || gen_random_uuid() || '.{2}', 'Row of the benchmark, as long as "
        "descriptions are, about so long', '{{\"owner\":\"team-1\",\"tier\":1,\"columns\":12}}', "
        "1, '{1}', now(), now();\n"
        "INSERT INTO audits (id, tenant_id, entity_type, entity_id, action, user_id, after_state, "
        "metadata, ip_address, user_agent, \"timestamp\") VALUES (tenon_uuid7(), '{0}', 'ASSET', "
        "gen_random_uuid(), 'CREATE', '{1}', '{{\"columns\":12,\"created_at\":"
        "\"2026-11-21T09:00:00.000000Z\",\"created_by\":\"{1}\",\"description\":\"Row of the "
        "benchmark, as long as descriptions are, about so long\",\"id\":\"{1}\",\"metadata\":"
        "{{\"columns\":12,\"owner\":\"team-1\",\"tier\":1}},\"name\":\"hand\",\"tenant_id\":"
        "\"{0}\",\"type\":\"TABLE\",\"version\":1}}', '{{}}', '127.0.0.1', NULL, now());\n"
        "INSERT INTO audit_pending (ordinal, tenant_id, audit_id, salt, payload_digest) VALUES "
        "(nextval('audit_order'), '{0}', gen_random_uuid(), md5(random()::text), "
        "md5(random()::text) || md5(random()::text));\n"
        "COMMIT;\n",
        tenant_, user_, turn);
  }

  Result<void> Posts() {
    std::vector<Pair> turns;
    for (int turn = 0; turn < kTurns; ++turn) {
      const std::string prefix = fmt::format("post{}", turn);
      const double ours = TRY(Load(
          bench::Post("/v1/assets", HeaderLines(),
                      [prefix](std::uint64_t n, std::string& out) { AppendAsset(prefix, n, out); }),
          201));
      const double theirs = TRY(PgBench("create", CreateScript(turn), kClients));
      // Rows that no engine wrote are nobody's log.
      TRY(postgres_.Run(kDatabase,
                        "DELETE FROM audit_pending p WHERE NOT EXISTS (SELECT 1 FROM audits a "
                        "WHERE a.id = p.audit_id)"));
      turns.push_back({ours / theirs, ours, theirs});
    }
    const Pair middle = Middle(turns);
    Report(
        fmt::format("POST, durable, audited, {} connections", kClients),
        fmt::format("{:.0f}/s; pgbench, the same statements {:.0f}/s", middle.ours, middle.theirs),
        middle.ratio, ">= 0.5");
    return {};
  }

  Result<void> Gets() {
    const std::string all = TRY(Ask(
        "SELECT string_agg(id::text, ' ') FROM (SELECT id FROM assets WHERE name LIKE 'import%' "
        "ORDER BY md5(id::text) LIMIT 100000) t"));
    std::vector<std::string> ids;
    for (std::size_t at = 0; at < all.size(); at += 37) ids.push_back(all.substr(at, 36));
    TRY(postgres_.Run(kDatabase,
                      "DROP TABLE IF EXISTS point; CREATE TABLE point (n int PRIMARY KEY, id uuid);"
                      "INSERT INTO point SELECT row_number() OVER (), id FROM assets WHERE name "
                      "LIKE 'import%'; GRANT SELECT ON point TO tenon_app; ANALYZE point"));
    const std::string scope = fmt::format(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n"
        "SELECT set_config('tenon.tenant', '{}', true);\n",
        tenant_);
    const std::string row = fmt::format(
        "SELECT a.id, a.tenant_id, a.type, a.name, a.qualified_name, a.description, a.metadata, "
        "a.version, a.created_by, a.created_at, a.updated_at, a.deleted_at, a.job_id FROM assets a "
        "WHERE a.id = '{}' AND a.tenant_id = '{}';\n",
        ids.front(), tenant_);
    const std::string random = fmt::format("\\set n random(1, {})\n", ids.size());
    std::vector<Pair> bare, scoped;
    for (int turn = 0; turn < kTurns; ++turn) {
      const double ours = TRY(Load(GetRandom("/v1/assets/", ids, HeaderLines()), 200));
      const double point =
          TRY(PgBench("point", random + "SELECT id FROM point WHERE n = :n;\n", kClients));
      const double inside = TRY(PgBench("scoped", random + scope + row + "COMMIT;\n", kClients));
      bare.push_back({ours / point, ours, point});
      scoped.push_back({ours / inside, ours, inside});
    }
    Pair middle = Middle(bare);
    Report(
        "GET by id, no cache, 32 connections",
        fmt::format("{:.0f}/s; pgbench, a bare point select {:.0f}/s", middle.ours, middle.theirs),
        middle.ratio, ">= 0.6");
    middle = Middle(scoped);
    Report("",
           fmt::format("{:.0f}/s; pgbench, the row under row-level security {:.0f}/s", middle.ours,
                       middle.theirs),
           middle.ratio, "(for comparison)");
    return {};
  }

  Result<double> ImportOnce(std::int64_t rows, const std::string& prefix) {
    constexpr std::int64_t kBatch = 1000;
    std::atomic<std::int64_t> next{0};
    LoadOptions options;
    options.port = server_.port();
    options.connections = 4;
    options.warmup_seconds = 0;
    options.seconds = 600;
    options.requests_max = static_cast<std::uint64_t>(rows / kBatch);
    const auto start = Clock::now();
    const auto result =
        TRY(RunLoad(options,
                    bench::Post("/v1/assets:batch", HeaderLines(),
                                [&](std::uint64_t, std::string& out) {
                                  const std::int64_t from = next.fetch_add(kBatch);
                                  out +=
                                      R"({"atomic":false,"upsert":true,"answer":"keys","items":[)";
                                  for (std::int64_t i = from; i < from + kBatch; ++i) {
                                    if (i > from) out += ',';
                                    AppendAsset(prefix, static_cast<std::uint64_t>(i), out);
                                  }
                                  out += "]}";
                                }),
                    [](std::uint64_t, int status, std::string_view body) {
                      return status == 200 && body.find("\"status\":") == body.npos;
                    }));
    if (result.errors > 0) return Fail(Code::kInternal, "import: " + result.first_error);
    return static_cast<double>(rows) / SecondsSince(start);
  }

  [[nodiscard]] std::string Psql(const char* database) const {
    return fmt::format("psql -q -v ON_ERROR_STOP=1 'host={} port={} user=postgres dbname={}'",
                       postgres_.directory(), postgres_.port(), database);
  }

  // A second database like this one before the rows came: the same tables with their indexes,
  // references, checks and triggers.
  Result<void> MakeTwin() {
    TRY(postgres_.Run("postgres", fmt::format("CREATE DATABASE {} TEMPLATE template0", kTwin)));
    TRY(Command(fmt::format("pg_dump 'host={} port={} user=postgres dbname={}' | ",
                            postgres_.directory(), postgres_.port(), kDatabase) +
                Psql(kTwin)));
    return {};
  }

  // COPY of the rows that the import wrote before it answered, into the twin, as the superuser: so
  // without row-level security, which COPY knows nothing of.
  Result<double> CopyOnce() {
    TRY(postgres_.Run(kTwin, "TRUNCATE assets, audits, audit_pending CASCADE"));
    const auto save = [&](const std::string& rows, const std::string& file) {
      return Command(
          fmt::format("{} -c \"\\copy ({}) to '{}/{}.copy'\"", Psql(kDatabase), rows, work_, file));
    };
    TRY(save("SELECT * FROM assets WHERE name LIKE 'import%'", "assets"));
    TRY(
        save("SELECT a.* FROM audits a JOIN assets s ON s.id = a.entity_id WHERE s.name LIKE "
             "'import%'",
             "audits"));
    TRY(
        save("SELECT seq, s.tenant_id, audit_id, salt, payload_digest FROM audit_seals s JOIN "
             "audits a ON a.id = s.audit_id JOIN assets t ON t.id = a.entity_id WHERE t.name LIKE "
             "'import%'",
             "audit_pending"));
    std::string copy = Psql(kTwin);
    for (const char* table : {"assets", "audits", "audit_pending"}) {
      copy += fmt::format(" -c \"\\copy {0} from '{1}/{0}.copy'\"", table, work_);
    }
    const auto start = Clock::now();
    TRY(Command(copy));
    const double took = SecondsSince(start);
    return std::atof(TRY(postgres_.Ask(kTwin, "SELECT count(*) FROM assets")).c_str()) / took;
  }

  Result<void> Import(std::int64_t rows) {
    TRY(MakeTwin());
    const double ours = TRY(ImportOnce(rows, "import"));
    // All is sealed before it is copied.
    TRY(Send("/v1/changes?after=now&consistent=true&page_size=1"));
    std::vector<double> copies;
    for (int turn = 0; turn < kTurns; ++turn) copies.push_back(TRY(CopyOnce()));
    std::ranges::sort(copies);
    const double theirs = copies[kTurns / 2];
    Report(
        fmt::format("batch import of {} rows, audited", rows),
        fmt::format("{:.0f} rows/s; COPY into the same three tables {:.0f} rows/s", ours, theirs),
        ours / theirs, ">= 0.5");
    return {};
  }

  Result<std::string> Send(const std::string& target) {
    if (client_ == nullptr) client_ = TRY(http::Client::Create({.base_url = server_.url()}));
    auto answer = TRY(client_->Send("GET", target, headers_, ""));
    if (answer.status != 200) return Fail(Code::kInternal, answer.body);
    return std::move(answer.body);
  }

  Result<void> Lists() {
    const std::string target =
        "/v1/assets?page_size=50&order_by=" + http::PercentEncode("created_at desc") +
        "&filter=" + http::PercentEncode("type = \"TABLE\" and metadata.tier = 3");
    const std::string sql = fmt::format(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n"
        "SELECT set_config('tenon.tenant', '{0}', true);\n"
        "SELECT id, tenant_id, type, name, qualified_name, description, metadata, version, "
        "created_by, created_at, updated_at, deleted_at, job_id FROM assets WHERE tenant_id = "
        "'{0}' "
        "AND deleted_at IS NULL AND type = 'TABLE' AND metadata @> '{{\"tier\":3}}' ORDER BY "
        "created_at DESC, id DESC LIMIT 51;\nCOMMIT;\n",
        tenant_);
    std::vector<Pair> turns;
    for (int turn = 0; turn < kTurns; ++turn) {
      TRY(Send(target));
      constexpr int kLists = 100;
      const auto start = Clock::now();
      for (int i = 0; i < kLists; ++i) TRY(Send(target));
      const double ours = SecondsSince(start) / kLists;
      const double theirs = 1 / TRY(PgBench("list", sql, 1));
      turns.push_back({ours / theirs, ours, theirs});
    }
    const Pair middle = Middle(turns);
    Report("list with filter, one client",
           fmt::format("{:.2f} ms; the same SQL {:.2f} ms", middle.ours * 1e3, middle.theirs * 1e3),
           middle.ratio, "<= 1.5");
    return {};
  }

  testing::PostgresServer& postgres_;
  const ServerProcess& server_;
  const std::string work_;
  http::Headers headers_;
  std::unique_ptr<http::Client> client_;
  std::string key_, tenant_, user_;
};

Result<void> Main(const std::string& binary, const std::string& work, std::int64_t rows) {
  testing::PostgresServerOptions options;
  options.fsync = true;
  options.settings = {"shared_buffers=256MB", "max_wal_size=4GB", "checkpoint_timeout=15min"};
  const auto postgres = TRY(testing::PostgresServer::Launch(options));
  TRY(postgres->Run("postgres", fmt::format("CREATE DATABASE {} TEMPLATE template0", kDatabase)));
  ::setenv("TENON_STORE", "postgres", 1);
  ::setenv("TENON_DATABASE_URL", postgres->Url(kDatabase).c_str(), 1);
  ::setenv("TENON_CACHE_BYTES", "0", 1);
  const ServerProcess server = TRY(ServerProcess::Start(binary, work + "/postgres"));
  return Bench(*postgres, server, work).Run(rows);
}

}  // namespace
}  // namespace tenon::bench

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: {} BINARY WORK_DIR [ROWS]\n", argv[0]);
    return 2;
  }
  const auto done = tenon::bench::Main(argv[1], argv[2], argc > 3 ? std::atoll(argv[3]) : 100'000);
  if (done) return 0;
  fmt::print(stderr, "{}\n", done.error().message);
  return 1;
}
