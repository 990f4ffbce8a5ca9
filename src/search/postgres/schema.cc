#include "search/postgres/schema.h"

#include <fmt/format.h>

#include <array>

#include "record/sql.h"
#include "store/migrations/postgres_migrate.h"

namespace tenon::search {
namespace {

constexpr std::string_view kTables = R"(
CREATE TABLE {s}.version (number bigint NOT NULL);
INSERT INTO {s}.version VALUES ({v});
CREATE TABLE {s}.indexes (generation bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  digest text NOT NULL, ready boolean NOT NULL DEFAULT false, position bigint NOT NULL DEFAULT 0,
  "row" text NOT NULL DEFAULT '', touched_at timestamptz NOT NULL DEFAULT now());
CREATE UNIQUE INDEX indexes_ready ON {s}.indexes (digest) WHERE ready;
CREATE TABLE {s}.parts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  generation bigint NOT NULL, tenant uuid NOT NULL, entity text COLLATE "C" NOT NULL,
  docs bigint NOT NULL DEFAULT 0, next bigint NOT NULL DEFAULT 0,
  UNIQUE (generation, tenant, entity));
CREATE INDEX parts_tenant ON {s}.parts (tenant);
CREATE TABLE {s}.docs (id bigint PRIMARY KEY, part bigint NOT NULL, tenant uuid NOT NULL,
  key text COLLATE "C" NOT NULL, words bytea NOT NULL, facets bigint[] NOT NULL,
  body tsvector NOT NULL, UNIQUE (part, key));
CREATE INDEX docs_body ON {s}.docs USING gin (body);
CREATE TABLE {s}.texts (id bigint PRIMARY KEY, tenant uuid NOT NULL, texts json NOT NULL);
CREATE TABLE {s}.names (part bigint, name text COLLATE "C", id bigint, tenant uuid NOT NULL,
  PRIMARY KEY (part, name, id));
CREATE TABLE {s}.terms (part bigint, term text COLLATE "C", tenant uuid NOT NULL,
  docs bigint NOT NULL, labels bigint NOT NULL, PRIMARY KEY (part, term)) WITH (fillfactor = 80);
CREATE TABLE {s}.grams (part bigint, gram bigint, size smallint, term text COLLATE "C",
  tenant uuid NOT NULL, PRIMARY KEY (part, gram, size, term));
CREATE TABLE {s}.facet_values (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  part bigint NOT NULL, facet text COLLATE "C" NOT NULL, value text COLLATE "C" NOT NULL,
  tenant uuid NOT NULL, docs bigint NOT NULL DEFAULT 0, UNIQUE (part, facet, value));
)";

// found, tallied: by the GIN index, which collects every match before it gives the first;
// ..._walking: the rows one after the other, which is sooner done when a good part of them match.
// tallied counts the facet values of the rows, and as value 0 the rows. plpgsql, for the plan is
// then kept. The tenant is asked for once: for each row it would be a third of the time.
constexpr std::string_view kFunctions = R"(
CREATE OR REPLACE FUNCTION {s}.found(q tsquery, most bigint)
RETURNS TABLE (id bigint, key text, words bytea, facets bigint[])
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 500 SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET max_parallel_workers_per_gather = 0 AS $f$
#variable_conflict use_column
DECLARE asking uuid := {t};
BEGIN
  RETURN QUERY SELECT d.id, d.key, d.words, d.facets FROM {s}.docs d WHERE d.body @@ q
    AND d.tenant = asking LIMIT most;
END $f$;
CREATE OR REPLACE FUNCTION {s}.found_walking(q tsquery, most bigint, first bigint, last bigint,
  budget bigint)
RETURNS TABLE (id bigint, key text, words bytea, facets bigint[])
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 500 SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET max_parallel_workers_per_gather = 0 AS $f$
#variable_conflict use_column
DECLARE asking uuid := {t};
BEGIN
  RETURN QUERY SELECT w.id, w.key, w.words, w.facets FROM (
      SELECT d.* FROM {s}.docs d WHERE d.id BETWEEN first AND last AND d.tenant = asking
        ORDER BY d.id LIMIT budget) w
    WHERE w.body @@ q LIMIT most;
END $f$;
CREATE OR REPLACE FUNCTION {s}.tallied(q tsquery, most bigint)
RETURNS TABLE (value bigint, rows bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET max_parallel_workers_per_gather = 0 AS $f$
DECLARE asking uuid := {t};
BEGIN
  RETURN QUERY SELECT v, count(*) FROM (SELECT d.facets FROM {s}.docs d WHERE d.body @@ q
      AND d.tenant = asking LIMIT most) f,
    unnest(f.facets || 0::bigint) v GROUP BY v;
END $f$;
CREATE OR REPLACE FUNCTION {s}.tallied_walking(q tsquery, most bigint, first bigint, last bigint,
  budget bigint)
RETURNS TABLE (value bigint, rows bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET max_parallel_workers_per_gather = 0 AS $f$
DECLARE asking uuid := {t};
BEGIN
  RETURN QUERY SELECT v, count(*) FROM (SELECT w.facets FROM (
        SELECT d.* FROM {s}.docs d WHERE d.id BETWEEN first AND last AND d.tenant = asking
          ORDER BY d.id LIMIT budget) w
      WHERE w.body @@ q LIMIT most) f,
    unnest(f.facets || 0::bigint) v GROUP BY v;
END $f$;
CREATE OR REPLACE FUNCTION {s}.counted(q tsquery, most bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET max_parallel_workers_per_gather = 0 AS $f$
DECLARE asking uuid := {t};
BEGIN
  RETURN (SELECT count(*) FROM (SELECT FROM {s}.docs d WHERE d.body @@ q
    AND d.tenant = asking LIMIT most) c);
END $f$;
CREATE OR REPLACE FUNCTION {s}.settle() RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $f$
SELECT gin_clean_pending_list('{s}.docs_body'::regclass);
$f$;
)";

// The tenant of the transaction; null, which no row has, where none is set.
constexpr std::string_view kAsking = "nullif(current_setting('tenon.tenant', true), '')::uuid";

constexpr std::array kTenantTables = {"parts", "docs",  "texts",       "names",
                                      "terms", "grams", "facet_values"};
constexpr std::array kOwnTables = {"version", "indexes"};
constexpr std::array kFunctionNames = {
    "found(tsquery, bigint)",   "found_walking(tsquery, bigint, bigint, bigint, bigint)",
    "tallied(tsquery, bigint)", "tallied_walking(tsquery, bigint, bigint, bigint, bigint)",
    "counted(tsquery, bigint)", "settle()"};

std::string Filled(std::string_view text, const std::string& schema) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto rest = text.substr(at);
    if (rest.starts_with("{s}")) {
      out += schema, at += 3;
    } else if (rest.starts_with("{v}")) {
      out += std::to_string(kSearchSchemaVersion), at += 3;
    } else if (rest.starts_with("{t}")) {
      out += kAsking, at += 3;
    } else {
      out += text[at++];
    }
  }
  return out;
}

std::string RightsSql(const std::string& schema, const PostgresRoles& roles) {
  const std::string app = QuoteName(roles.application), system = QuoteName(roles.system);
  std::string sql = fmt::format("GRANT USAGE ON SCHEMA {} TO {}, {};\n", schema, app, system);
  const auto table = [&](std::string_view name) {
    sql += fmt::format(
        "REVOKE ALL ON {0}.{1} FROM PUBLIC;\nGRANT SELECT ON {0}.{1} TO {2};\n"
        "GRANT SELECT, INSERT, UPDATE, DELETE ON {0}.{1} TO {3};\n",
        schema, name, app, system);
  };
  for (const char* name : kOwnTables) table(name);
  for (const char* name : kTenantTables) {
    table(name);
    sql += fmt::format(
        "ALTER TABLE {0}.{1} ENABLE ROW LEVEL SECURITY;\n"
        "DROP POLICY IF EXISTS tenant_isolation ON {0}.{1};\n"
        "CREATE POLICY tenant_isolation ON {0}.{1} FOR SELECT USING "
        "(tenant = (SELECT {3}));\n"  // in a sub-select it is asked for once
        "DROP POLICY IF EXISTS tenant_system ON {0}.{1};\n"
        "CREATE POLICY tenant_system ON {0}.{1} TO {2} USING (true) WITH CHECK (true);\n",
        schema, name, system, kAsking);
  }
  for (const char* name : kFunctionNames) {
    sql += fmt::format(
        "REVOKE ALL ON FUNCTION {0}.{1} FROM PUBLIC;\n"
        "GRANT EXECUTE ON FUNCTION {0}.{1} TO {2}{3};\n",
        schema, name, system,
        std::string_view(name).starts_with("settle") ? std::string() : ", " + app);
  }
  return sql;
}

std::string DropSql(const std::string& schema) {
  std::string sql = "SET LOCAL client_min_messages = 'warning';\n";
  for (const char* name : kTenantTables) {
    sql += fmt::format("DROP TABLE IF EXISTS {}.{} CASCADE;\n", schema, name);
  }
  for (const char* name : kOwnTables) {
    sql += fmt::format("DROP TABLE IF EXISTS {}.{} CASCADE;\n", schema, name);
  }
  return sql;
}

}  // namespace

Result<std::string> SearchSchemaName(Reader& reader) {
  std::string name;
  TRY(reader.Query("SELECT current_schema()", {}, [&](const Row& row) -> Result<bool> {
    name = row.Text(0);
    return false;
  }));
  // Quoted: it stands in statements.
  return QuoteName((name.empty() || name == "public" ? "tenon" : name.substr(0, 50)) + "_search");
}

Result<SearchSchemaState> LookAtSearchSchema(Reader& reader, const PostgresRoles& roles) {
  SearchSchemaState state;
  state.name = TRY(SearchSchemaName(reader));
  const std::vector<Value> parameters = {Value(state.name), Value(roles.application),
                                         Value(roles.system)};
  bool there = false;
  TRY(reader.Query(
      "SELECT n.oid IS NOT NULL, to_regclass($1 || '.version') IS NOT NULL, "
      "CASE WHEN n.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE') "
      "ELSE pg_has_role(n.nspowner, 'USAGE') END, "
      "n.oid IS NOT NULL AND (SELECT count(*) = 2 AND bool_and(has_schema_privilege(r.oid, n.oid, "
      "'USAGE')) FROM pg_roles r WHERE r.rolname IN ($2, $3)) "
      "FROM (VALUES (1)) one LEFT JOIN pg_namespace n ON n.oid = to_regnamespace($1)",
      parameters, [&](const Row& row) -> Result<bool> {
        there = row.Int(1) != 0;
        state.may_make = row.Int(2) != 0;
        state.granted = row.Int(3) != 0;
        return false;
      }));
  if (!there) return state;
  TRY(reader.Query(fmt::format("SELECT max(number) FROM {}.version", state.name), {},
                   [&](const Row& row) -> Result<bool> {
                     state.version = row.Int(0);
                     return false;
                   }));
  return state;
}

Result<void> PrepareSearchSchema(Store& store, const PostgresRoles& roles) {
  SearchSchemaState state;
  bool exists = false;
  TRY(ReadAsOwner(store, [&](Reader& reader) -> Result<void> {
    state = TRY(LookAtSearchSchema(reader, roles));
    const Value name(state.name);
    return reader.Query("SELECT to_regnamespace($1) IS NOT NULL", std::span(&name, 1),
                        [&](const Row& row) -> Result<bool> {
                          exists = row.Int(0) != 0;
                          return false;
                        });
  }));
  if (state.version == kSearchSchemaVersion && state.granted) return {};
  if (!state.may_make) {
    return Fail(Code::kForbidden,
                fmt::format("the login may not make the schema {} for the search index; a "
                            "superuser runs once: CREATE SCHEMA {} AUTHORIZATION <the owner of "
                            "Tenon's tables>",
                            state.name, state.name));
  }
  std::string sql;
  if (state.version != kSearchSchemaVersion) {
    if (!exists) sql += fmt::format("CREATE SCHEMA {};\n", state.name);
    sql += DropSql(state.name) + Filled(kTables, state.name) + Filled(kFunctions, state.name);
  }
  sql += RightsSql(state.name, roles);
  return ChangeSchemaPatiently(
      store, [&](SchemaTransaction& transaction) { return transaction.RunScript(sql); });
}

}  // namespace tenon::search
