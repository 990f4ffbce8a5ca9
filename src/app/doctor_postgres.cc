// What `tenon doctor` looks at in a PostgreSQL server. Everything is asked as the login that
// migrates, which sees the catalogs; nothing is changed.
#include <fmt/format.h>

#include <algorithm>

#include "app/doctor_parts.h"
#include "app/open_store.h"
#include "log/outbox_log.h"
#include "search/postgres/schema.h"
#include "store/migrations/migrate.h"
#include "store/migrations/postgres_migrate.h"
#include "store/migrations/postgres_support.h"
#include "store/postgres/postgres_store.h"

namespace tenon {
namespace {

using Level = cli::Finding::Level;
using Findings = std::vector<cli::Finding>;
using Texts = std::vector<std::string>;

constexpr std::string_view kSeeDocument = "see docs/postgresql.md, \"Roles\"";

// The first column of all rows.
Result<Texts> Column(Store& store, const std::string& sql, const std::vector<Value>& values = {}) {
  Texts out;
  TRY(ReadAsOwner(store, [&](Reader& reader) {
    out.clear();
    return reader.Query(sql, values, [&](const Row& row) -> Result<bool> {
      out.emplace_back(row.Text(0));
      return true;
    });
  }));
  return out;
}

// "a, b, c and 4 more"
std::string Some(const Texts& names) {
  constexpr std::size_t kShown = 3;
  const std::size_t shown = std::min(kShown, names.size());
  std::string text =
      fmt::format("{}", fmt::join(names.begin(), names.begin() + static_cast<long>(shown), ", "));
  if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

// A query that names what is wrong, and what to say then.
struct Check {
  Level level;
  std::string name;
  std::string sql;
  std::vector<Value> values;
  std::string wrong;  // with {} for the names
  std::string advice;
  std::string right;  // empty: nothing is said
};

void Look(Store& store, const Check& check, Findings& findings) {
  const auto found = Column(store, check.sql, check.values);
  if (!found) {
    findings.push_back({Level::kError, check.name, found.error().message, ""});
  } else if (!found->empty()) {
    findings.push_back({check.level, check.name,
                        fmt::format(fmt::runtime(check.wrong), Some(*found)), check.advice});
  } else if (!check.right.empty()) {
    findings.push_back({Level::kOk, check.name, check.right, ""});
  }
}

std::vector<Check> RoleChecks(const PostgresRoles& roles) {
  const std::vector<Value> both = {Value(roles.application), Value(roles.system)};
  return {
      {Level::kError, "roles",
       "SELECT r FROM unnest(ARRAY[$1::text, $2::text]) r WHERE NOT EXISTS (SELECT 1 FROM pg_roles "
       "WHERE rolname = r)",
       both, "{} not there: the server cannot start",
       "tenon migrate as a login with CREATEROLE makes them; " + std::string(kSeeDocument),
       roles.application + " and " + roles.system + " are there"},
      {Level::kError, "roles",
       "SELECT rolname FROM pg_roles WHERE rolname IN ($1, $2) AND (rolsuper OR rolbypassrls)",
       both, "{}: may see every tenant's rows (SUPERUSER or BYPASSRLS)",
       "ALTER ROLE ... NOSUPERUSER NOBYPASSRLS", ""},
      {Level::kError, "roles",
       "SELECT rolname FROM pg_roles WHERE rolname = $1 AND pg_has_role($1, $2, 'MEMBER')", both,
       "{} is a member of the system's role and so confined to no tenant",
       fmt::format("REVOKE {} FROM {}", roles.system, roles.application), ""},
      {Level::kError, "grants",
       "SELECT c.relname FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND "
       "c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'schema_migrator' AND "
       "EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1) AND EXISTS (SELECT 1 FROM pg_roles "
       "WHERE rolname = $2) AND (NOT has_table_privilege($1, c.oid, 'SELECT') OR NOT "
       "has_table_privilege($2, c.oid, 'SELECT')) ORDER BY 1",
       both, "the server may not read {}", "tenon migrate gives what is missing",
       "the server's roles may do what they need"},
      {Level::kError,
       "grants",
       "SELECT DISTINCT c.relname FROM pg_class c, aclexplode(c.relacl) g WHERE c.relnamespace = "
       "current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND g.grantee = 0 ORDER BY 1",
       {},
       "everybody (PUBLIC) has rights on {}",
       "REVOKE ALL ON ... FROM PUBLIC",
       ""},
      {Level::kError,
       "row-level security",
       "SELECT c.relname FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND "
       "c.relkind IN ('r', 'p') AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND "
       "p.polname = 'tenant_isolation') AND NOT (c.relrowsecurity AND c.relforcerowsecurity) "
       "ORDER BY 1",
       {},
       "off for {}",
       "ALTER TABLE ... ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
       "forced on every table of tenants"},
  };
}

std::vector<Check> ServerChecks() {
  return {
      {Level::kError,
       "durability",
       "SELECT name || ' = off' FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND "
       "setting = 'off'",
       {},
       "{}: a crash of the server's machine loses or breaks what was answered",
       "switch it on in postgresql.conf",
       "fsync and full_page_writes are on"},
      {Level::kWarning,
       "indexes",
       LeakySql(),
       {},
       "{} not leakproof: filters on JSON, text and numbers do not use their indexes",
       "a superuser marks them once: docs/postgresql.md, \"Indexes under row-level security\"",
       "operators may use theirs under row-level security"},
      {Level::kWarning,
       "indexes",
       "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT "
       "i.indisvalid AND c.relnamespace = current_schema()::regnamespace ORDER BY 1",
       {},
       "{} half built: they slow writes and serve nobody",
       "tenon migrate builds them again",
       ""},
      {Level::kWarning,
       "vacuum",
       "SELECT 'autovacuum = off' FROM pg_settings WHERE name = 'autovacuum' AND setting = 'off'",
       {},
       "{}: tables and indexes grow without end",
       "switch it on in postgresql.conf",
       ""},
      {Level::kWarning,
       "long transactions",
       "SELECT coalesce(nullif(application_name, ''), usename) || ' since ' || xact_start::text "
       "FROM pg_stat_activity WHERE datname = current_database() AND xact_start < now() - interval "
       "'1 hour'",
       {},
       "{}: vacuum waits for them",
       "end what nobody needs (pg_terminate_backend)",
       ""},
  };
}

// Needs: what this node may open, beside what others have.
void CheckConnections(Store& store, const PostgresOptions& options, Findings& findings) {
  const auto found = Column(store,
                            "SELECT (current_setting('max_connections')::int - "
                            "current_setting('superuser_reserved_connections')::int)::text");
  if (!found || found->empty()) return;
  const std::size_t ours = options.writers_max + options.readers_max + options.system_max + 2;
  const auto most = static_cast<std::size_t>(std::stoul(found->front()));
  if (ours * 2 > most) {
    findings.push_back({Level::kWarning, "connections",
                        fmt::format("this node may open {} of the server's {}", ours, most),
                        "lower database.writers and database.readers, or raise max_connections"});
  } else {
    findings.push_back({Level::kOk, "connections",
                        fmt::format("this node opens up to {} of the server's {}", ours, most),
                        ""});
  }
}

void CheckServer(Store& store, Findings& findings) {
  const auto about = Column(
      store,
      "SELECT 'PostgreSQL ' || current_setting('server_version') || ', database ' || "
      "current_database() || ', ' || pg_size_pretty(pg_database_size(current_database())) || ', ' "
      "|| coalesce((SELECT CASE WHEN s.ssl THEN s.version ELSE CASE WHEN "
      "coalesce(inet_server_addr() <<= '127.0.0.0/8' OR inet_server_addr() = '::1', true) THEN "
      "'a local connection' ELSE 'no TLS' END END FROM pg_stat_ssl s WHERE s.pid = "
      "pg_backend_pid()), '')");
  if (!about) {
    findings.push_back({Level::kError, "database", about.error().message, ""});
    return;
  }
  const std::string text = about->empty() ? "" : about->front();
  const bool plain = text.ends_with("no TLS");
  findings.push_back(
      {plain ? Level::kNote : Level::kOk, "database", text,
       plain ? "add sslmode=verify-full to the URL where the network is not yours" : ""});
}

void CheckTables(Store& store, const model::Model& model, Findings& findings) {
  const auto plan = PlanMigrations(store, model, {}, MigrationPhase::kExpand);
  if (!plan) {
    findings.push_back({Level::kError, "tables", plan.error().message, ""});
  } else if (!plan->migrations.empty()) {
    findings.push_back({Level::kWarning, "tables",
                        fmt::format("{} {} behind the models", plan->migrations.size(),
                                    plan->migrations.size() == 1 ? "migration" : "migrations"),
                        "tenon plan shows them, tenon migrate applies them"});
  } else if (!plan->contracts.empty()) {
    findings.push_back(
        {Level::kNote, "tables",
         "at the models' version, and made for the one before it too: " + Some(plan->contracts),
         "when no node of the version before runs: tenon migrate --contract"});
  } else {
    findings.push_back({Level::kOk, "tables", "at the models' version", ""});
  }
}

void CheckSearch(Store& store, const Config& config, const PostgresRoles& roles,
                 Findings& findings) {
  if (config.search.index == "embedded") return;
  search::SearchSchemaState state;
  const auto looked = ReadAsOwner(store, [&](Reader& reader) -> Result<void> {
    state = TRY(search::LookAtSearchSchema(reader, roles));
    return {};
  });
  if (!looked) {
    findings.push_back({Level::kError, "search index", looked.error().message, ""});
  } else if (state.version == search::kSearchSchemaVersion && state.granted) {
    findings.push_back(
        {Level::kOk, "search index", "in the schema " + state.name + ", one for all nodes", ""});
  } else {
    findings.push_back(
        {config.search.index == "postgres" ? Level::kError : Level::kWarning, "search index",
         state.version == 0
             ? fmt::format("there is no schema {}: each node keeps a file of its own", state.name)
             : fmt::format("the schema {} is of version {} and the server's of {}, or its roles "
                           "may not use it: each node keeps a file of its own",
                           state.name, state.version, search::kSearchSchemaVersion),
         state.may_make
             ? "tenon migrate makes it"
             : fmt::format("a superuser runs CREATE SCHEMA {} AUTHORIZATION <the owner of Tenon's "
                           "tables>, then tenon migrate fills it",
                           state.name)});
  }
}

void CheckLog(const PostgresOptions& options, Findings& findings) {
  auto store = PostgresStore::Open(options);
  if (!store) {
    findings.push_back({Level::kError, "login", store.error().message,
                        "the server cannot start so; " + std::string(kSeeDocument)});
    return;
  }
  SystemClock clock;
  SecureRandom random;
  IdSource ids(clock, random);
  OutboxLog log(**store, ids, random, {.seal = false});
  if (const auto opened = log.Open(); !opened) {
    findings.push_back({Level::kError, "audit chain", opened.error().message, ""});
  } else {
    CheckChainOf(log, findings);
  }
  log.Stop();
  (*store)->Close();
}

}  // namespace

void CheckPostgres(const Config& config, const model::Model* model, Findings& findings) {
  StorePlace place = PlaceOf(config);
  place.postgres->server.open_patience = std::chrono::milliseconds(0);
  place.postgres->server.writers_max = 1;
  const auto store = OpenForSchema(place);
  if (!store) {
    findings.push_back({Level::kError, "database", store.error().message, ""});
    return;
  }
  CheckServer(**store, findings);
  for (const Check& check : ServerChecks()) Look(**store, check, findings);
  CheckConnections(**store, PlaceOf(config).postgres->server, findings);
  const auto there = Column(**store, "SELECT 'yes' WHERE to_regclass('audits') IS NOT NULL");
  if (there && there->empty()) {
    findings.push_back(
        {Level::kNote, "tables", "there are none yet", "tenon serve or tenon migrate makes them"});
    return;
  }
  const auto moving = MoveIsUnderWay(**store);
  if (moving && *moving) {
    // Nothing else is as it will be.
    findings.push_back({Level::kError, "tables", "a data directory is being moved into them",
                        "let tenon migrate --to end, or run it again; to give that up, drop the "
                        "database"});
    return;
  }
  for (const Check& check : RoleChecks(place.postgres->roles())) Look(**store, check, findings);
  if (model != nullptr) CheckTables(**store, *model, findings);
  CheckSearch(**store, config, place.postgres->roles(), findings);
  (*store)->Close();
  CheckLog(place.postgres->server, findings);
}

}  // namespace tenon
