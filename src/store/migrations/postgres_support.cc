#include "store/migrations/postgres_support.h"

#include <fmt/format.h>

#include "record/postgres_functions.h"

namespace tenon {
namespace {

// RFC 9562, section 5.7: 48 bits of milliseconds, the version, random bits. gen_random_uuid() has
// the variant right, and of the version (4, 0100) two bits are missing to 7.
constexpr std::string_view kUuid7 = R"(
CREATE OR REPLACE FUNCTION tenon_uuid7() RETURNS uuid VOLATILE PARALLEL SAFE LANGUAGE sql
RETURN encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING
  substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
  FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid;
)";

// The order in which log rows were written, for the sealer (log/sealer.h): the first key of
// audit_pending.
constexpr std::string_view kAuditOrder = "CREATE SEQUENCE IF NOT EXISTS audit_order;\n";

// The months are those of UTC. Runs as the owner, for the system's role, which calls it by the
// clock. Rows of the month that went to the default partition meanwhile move over. ATTACH takes a
// weaker lock than PARTITION OF, so that readers and writers go on.
constexpr std::string_view kMakePartitions = R"(
CREATE OR REPLACE FUNCTION tenon_month_start(month timestamp) RETURNS uuid IMMUTABLE STRICT
PARALLEL SAFE LANGUAGE sql
RETURN rpad(lpad(to_hex((extract(epoch FROM month) * 1000)::bigint), 12, '0'), 32, '0')::uuid;
CREATE OR REPLACE FUNCTION tenon_make_partitions(parent text, ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET lock_timeout = '5s' AS $f$
DECLARE
  home text;
  key text;
  month timestamp;
  name text;
  part text;
  rest text;
  within text;
  moved boolean;
  made integer := 0;
BEGIN
  IF ahead IS NULL OR ahead NOT BETWEEN 0 AND 120 THEN
    RAISE EXCEPTION 'tenon_make_partitions: % months ahead; 0 to 120 are possible', ahead;
  END IF;
  SELECT n.nspname, a.attname INTO home, key FROM pg_partitioned_table p
    JOIN pg_class c ON c.oid = p.partrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
    WHERE c.oid = to_regclass(quote_ident(parent)) AND p.partstrat = 'r'
      AND a.atttypid = 'uuid'::regtype;
  IF key IS NULL THEN
    RAISE EXCEPTION 'tenon_make_partitions: % is not partitioned by month', parent;
  END IF;
  rest := format('%I.%I', home, parent || '_default');
  -- One at a time; keeps out neither readers nor writers.
  EXECUTE format('LOCK TABLE %I.%I IN SHARE UPDATE EXCLUSIVE MODE', home, parent);
  FOR n IN 0..ahead LOOP
    month := date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => n);
    name := left(parent, 50) || to_char(month, '"_y"YYYY"m"MM');
    part := format('%I.%I', home, name);
    CONTINUE WHEN to_regclass(part) IS NOT NULL;
    within := format('%I >= %L AND %1$I < %3$L', key, tenon_month_start(month),
                     tenon_month_start(month + interval '1 month'));
    EXECUTE format('CREATE TABLE %s (LIKE %I.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part,
                   home, parent);
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', part);
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %s WHERE %s)', rest, within) INTO moved;
    IF moved THEN
      EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', rest);
      EXECUTE format('WITH moved AS (DELETE FROM %s WHERE %s RETURNING *) '
                     'INSERT INTO %s SELECT * FROM moved', rest, within, part);
    END IF;
    EXECUTE format('ALTER TABLE %I.%I ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', home,
                   parent, part, tenon_month_start(month),
                   tenon_month_start(month + interval '1 month'));
    made := made + 1;
  END LOOP;
  RETURN made;
END $f$;
REVOKE ALL ON FUNCTION tenon_make_partitions(text, integer) FROM PUBLIC;
CREATE OR REPLACE FUNCTION tenon_drop_partitions(parent text, keep integer) RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '5s' AS $f$
DECLARE
  first timestamp := date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => keep);
  part record;
  key text;
  gone integer := 0;
BEGIN
  IF keep IS NULL OR keep NOT BETWEEN 1 AND 1200 THEN
    RAISE EXCEPTION 'tenon_drop_partitions: % months to keep; 1 to 1200 are possible', keep;
  END IF;
  SELECT a.attname INTO key FROM pg_partitioned_table p
    JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
    WHERE p.partrelid = to_regclass(quote_ident(parent)) AND p.partstrat = 'r'
      AND a.atttypid = 'uuid'::regtype;
  IF key IS NULL THEN
    RAISE EXCEPTION 'tenon_drop_partitions: % is not partitioned by month', parent;
  END IF;
  FOR part IN SELECT c.oid::regclass AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = to_regclass(quote_ident(parent)) AND c.relname ~ '_y\d{4}m\d{2}$'
      AND to_date(right(c.relname, 7), 'YYYY"m"MM') < first ORDER BY 1
  LOOP
    EXECUTE format('DROP TABLE %s', part.name);
    gone := gone + 1;
  END LOOP;
  EXECUTE format('DELETE FROM %I WHERE %I < %L', parent || '_default', key,
                 tenon_month_start(first));
  RETURN gone;
END $f$;
REVOKE ALL ON FUNCTION tenon_drop_partitions(text, integer) FROM PUBLIC;
DO $do$ BEGIN
  EXECUTE format('ALTER FUNCTION tenon_make_partitions(text, integer) '
                 'SET search_path = pg_catalog, %I, pg_temp', current_schema());
END $do$;
)";

// The views of PostgreSQL's statistics with the names that the seeds' monitoring statements give
// two of their columns. They are used by sessions that put our schema before pg_catalog.
constexpr std::string_view kStatistics = R"(
CREATE OR REPLACE VIEW pg_stat_user_tables AS SELECT relid, schemaname, relname, relname AS tablename,
  seq_scan, seq_tup_read, idx_scan, idx_tup_fetch, n_tup_ins, n_tup_upd, n_tup_del, n_live_tup,
  n_dead_tup FROM pg_catalog.pg_stat_user_tables;
CREATE OR REPLACE VIEW pg_stat_user_indexes AS SELECT relid, indexrelid, schemaname, relname,
  relname AS tablename, indexrelname, indexrelname AS indexname, idx_scan, idx_tup_read,
  idx_tup_fetch FROM pg_catalog.pg_stat_user_indexes;
)";

}  // namespace

std::string PostgresSupportSql() {
  std::string sql = PostgresFunctions();
  sql += kUuid7;
  sql += kAuditOrder;
  sql += kMakePartitions;
  sql += kStatistics;
  sql += fmt::format(
      "CREATE OR REPLACE FUNCTION tenon_functions_version() RETURNS integer IMMUTABLE "
      "PARALLEL SAFE LANGUAGE sql RETURN {};\n",
      kPostgresFunctionsVersion);
  return sql;
}

const std::vector<std::string_view>& LeakproofFunctions() {
  // None of them fails over a row's value, except that LIKE refuses a pattern which ends in an
  // escape once a row's text has matched all before it.
  static const std::vector<std::string_view> kFunctions = {
      "jsonb_contains(jsonb, jsonb)",
      "jsonb_contained(jsonb, jsonb)",
      "jsonb_exists(jsonb, text)",
      "jsonb_exists_any(jsonb, text[])",
      "jsonb_exists_all(jsonb, text[])",
      "jsonb_extract_path(jsonb, text[])",
      "jsonb_extract_path_text(jsonb, text[])",
      "jsonb_object_field(jsonb, text)",
      "jsonb_object_field_text(jsonb, text)",
      "jsonb_typeof(jsonb)",
      "jsonb_eq(jsonb, jsonb)",
      "ts_match_vq(tsvector, tsquery)",
      "ts_match_qv(tsquery, tsvector)",
      "textlike(text, text)",
      "texticlike(text, text)",
      "numeric_eq(numeric, numeric)",
      "numeric_ne(numeric, numeric)",
      "numeric_lt(numeric, numeric)",
      "numeric_le(numeric, numeric)",
      "numeric_gt(numeric, numeric)",
      "numeric_ge(numeric, numeric)",
  };
  return kFunctions;
}

std::string LeakySql() {
  std::string list;
  for (const std::string_view function : LeakproofFunctions()) {
    list += fmt::format("{}'pg_catalog.{}'::regprocedure", list.empty() ? "" : ", ", function);
  }
  return fmt::format(
      "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.oid = ANY (ARRAY[{}]) AND NOT "
      "p.proleakproof ORDER BY 1",
      list);
}

std::string LeakproofSql() {
  std::string sql;
  for (const std::string_view function : LeakproofFunctions()) {
    sql += fmt::format("ALTER FUNCTION pg_catalog.{} LEAKPROOF;\n", function);
  }
  return sql;
}

}  // namespace tenon
