#include "record/postgres_functions.h"

#include <fmt/format.h>

#include <string_view>

#include "base/text.h"
#include "record/sql.h"
#include "record/text_case.h"

namespace tenon {
namespace {

constexpr char32_t kCodePointMax = 0x10FFFF;

std::string Utf8(char32_t c) {
  std::string out;
  const auto push = [&](char32_t bits) { out += static_cast<char>(bits); };
  if (c < 0x80) {
    push(c);
  } else if (c < 0x800) {
    push(0xC0 | (c >> 6));
    push(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    push(0xE0 | (c >> 12));
    push(0x80 | ((c >> 6) & 0x3F));
    push(0x80 | (c & 0x3F));
  } else {
    push(0xF0 | (c >> 18));
    push(0x80 | ((c >> 12) & 0x3F));
    push(0x80 | ((c >> 6) & 0x3F));
    push(0x80 | (c & 0x3F));
  }
  return out;
}

// translate() maps character by character, which is what the simple case tables do.
std::string CaseFunction(std::string_view name, std::string (*map)(std::string_view)) {
  std::string from;
  std::string to;
  for (char32_t c = 1; c <= kCodePointMax; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    const std::string text = Utf8(c);
    const std::string mapped = map(text);
    if (mapped == text || CountCodePoints(mapped) != 1) continue;
    from += text;
    to += mapped;
  }
  return fmt::format(
      "CREATE OR REPLACE FUNCTION {}(t text) RETURNS text IMMUTABLE STRICT PARALLEL SAFE LANGUAGE "
      "sql RETURN translate(t, {}, {});\n",
      name, QuoteText(from), QuoteText(to));
}

struct Definition {
  std::string_view signature;  // name(arguments)
  std::string_view result;
  std::string_view body;  // one SQL expression
};

// Every one is IMMUTABLE STRICT: null in, null out.
constexpr Definition kDefinitions[] = {
    // A pattern that ends in a lone escape matches nothing; PostgreSQL's LIKE would be an error.
    {"tenon_like(t text, pattern text)", "boolean",
     R"(CASE WHEN length(substring(pattern from '\\*$')) % 2 = 1 THEN FALSE
          ELSE t LIKE pattern END)"},
    {"tenon_starts_with(t text, prefix text)", "boolean", "starts_with(t, prefix)"},
    {"tenon_substr(t text, start numeric)", "text",
     "CASE WHEN start = trunc(start) THEN "
     "substr(t, least(greatest(start, 1), 2147483647)::int) END"},
    {"tenon_substr(t text, start numeric, n numeric)", "text",
     "CASE WHEN start = trunc(start) AND n = trunc(n) THEN substr(t, "
     "least(greatest(start, 1), 1000000000)::int, least(greatest(n, 0), 1000000000)::int) END"},
    {"tenon_int(x numeric)", "bigint",
     "CASE WHEN x BETWEEN -9223372036854775808 AND 9223372036854775807 THEN x::bigint END"},
    {"tenon_add(a bigint, b bigint)", "bigint", "tenon_int(a::numeric + b::numeric)"},
    {"tenon_sub(a bigint, b bigint)", "bigint", "tenon_int(a::numeric - b::numeric)"},
    {"tenon_mul(a bigint, b bigint)", "bigint", "tenon_int(a::numeric * b::numeric)"},
    {"tenon_div(a bigint, b bigint)", "bigint",
     "CASE WHEN b <> 0 THEN tenon_int(trunc(a::numeric / b::numeric)) END"},
    // Numbers out of JSON: whole ones overflow as others do.
    {"tenon_whole(a numeric, b numeric)", "boolean",
     "tenon_int(a) IS NOT NULL AND a = trunc(a) AND tenon_int(b) IS NOT NULL AND b = trunc(b)"},
    {"tenon_add(a numeric, b numeric)", "numeric",
     "CASE WHEN tenon_whole(a, b) THEN tenon_int(a + b)::numeric ELSE a + b END"},
    {"tenon_sub(a numeric, b numeric)", "numeric",
     "CASE WHEN tenon_whole(a, b) THEN tenon_int(a - b)::numeric ELSE a - b END"},
    {"tenon_mul(a numeric, b numeric)", "numeric",
     "CASE WHEN tenon_whole(a, b) THEN tenon_int(a * b)::numeric ELSE a * b END"},
    {"tenon_div(a numeric, b numeric)", "numeric",
     "CASE WHEN b = 0 THEN NULL WHEN a = trunc(a) AND b = trunc(b) THEN trunc(a / b) "
     "ELSE a / b END"},
    {"tenon_floor_div(a bigint, b bigint)", "bigint", "floor(a::numeric / b::numeric)::bigint"},
    {"tenon_neg(a bigint)", "bigint", "tenon_int(-(a::numeric))"},
    {"tenon_neg(a numeric)", "numeric", "-a"},
    {"tenon_neg(a double precision)", "double precision", "-a"},
    {"tenon_abs(a bigint)", "bigint", "tenon_int(abs(a::numeric))"},
    {"tenon_abs(a numeric)", "numeric", "abs(a)"},
    {"tenon_abs(a double precision)", "double precision", "abs(a)"},
    {"tenon_round(a bigint, digits numeric)", "bigint", "a"},
    {"tenon_round(a numeric, digits numeric)", "numeric",
     "round(a, least(greatest(digits, 0), 15)::int)"},
    {"tenon_round(a double precision, digits numeric)", "double precision",
     "CASE WHEN abs(a) < 1e15 THEN round(a::numeric, "
     "least(greatest(digits, 0), 15)::int)::double precision ELSE a END"},
    {"tenon_time_ok(t timestamptz)", "timestamptz",
     "CASE WHEN t >= '0001-01-01 00:00:00+00' AND t < '10000-01-01 00:00:00+00' THEN t END"},
    {"tenon_time_diff(a timestamptz, b timestamptz)", "bigint",
     "((extract(epoch from a) - extract(epoch from b)) * 1000000)::bigint"},
    {"tenon_duration_scale(us bigint, n bigint, divide boolean)", "bigint",
     "CASE WHEN divide THEN tenon_div(us, n) ELSE tenon_mul(us, n) END"},
    {"tenon_duration_scale(us bigint, n numeric, divide boolean)", "bigint",
     "CASE WHEN NOT divide THEN tenon_int(trunc(us * n)) "
     "WHEN n <> 0 THEN tenon_int(trunc(us / n)) END"},
    {"tenon_micros(d interval)", "bigint", "(extract(epoch from d) * 1000000)::bigint"},
    {"tenon_uuid(t text)", "uuid",
     "CASE WHEN t ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN t::uuid END"},
    {"tenon_json_bool(j jsonb)", "boolean",
     "CASE WHEN jsonb_typeof(j) = 'boolean' THEN j::boolean END"},
    {"tenon_json_number(j jsonb)", "numeric",
     "CASE WHEN jsonb_typeof(j) = 'number' THEN j::numeric END"},
    {"tenon_json_text(j jsonb)", "text",
     "CASE WHEN jsonb_typeof(j) = 'string' THEN j #>> '{}' END"},
    {"tenon_json_decimal(j jsonb)", "numeric",
     "CASE WHEN jsonb_typeof(j) = 'number' THEN j::numeric "
     "WHEN jsonb_typeof(j) = 'string' AND (j #>> '{}') ~ '^[+-]?[0-9]{1,18}([.][0-9]{1,18})?$' "
     "THEN (j #>> '{}')::numeric END"},
    {"tenon_json_length(j jsonb)", "bigint",
     "CASE jsonb_typeof(j) WHEN 'array' THEN jsonb_array_length(j) "
     "WHEN 'string' THEN length(j #>> '{}') END"},
    {"tenon_json_member(list jsonb, x jsonb)", "boolean",
     "jsonb_typeof(list) = 'array' AND list @> x"},
    {"tenon_decimal_op(sign text, a numeric, sa int, b numeric, sb int, s int)", "numeric",
     "(SELECT CASE WHEN abs(r) * 10::numeric ^ s <= 9223372036854775807 THEN r END FROM (SELECT "
     "round(CASE sign WHEN '+' THEN a + b WHEN '-' THEN a - b WHEN '*' THEN a * b ELSE "
     "CASE WHEN b <> 0 THEN round(a, 20) / b END END, s) AS r) AS q)"},
};

// What can fail inside, and is null then.
constexpr std::string_view kGuarded = R"(
CREATE OR REPLACE FUNCTION tenon_time_add(t timestamptz, us bigint) RETURNS timestamptz
IMMUTABLE STRICT PARALLEL SAFE LANGUAGE plpgsql
SET search_path FROM CURRENT AS $f$
BEGIN
  RETURN tenon_time_ok(t + make_interval(secs => trunc(us / 1000000)) +
                       (us % 1000000) * interval '1 microsecond');
EXCEPTION WHEN datetime_field_overflow OR interval_field_overflow OR numeric_value_out_of_range THEN
  RETURN NULL;
END $f$;
CREATE OR REPLACE FUNCTION tenon_time(t text) RETURNS timestamptz
IMMUTABLE STRICT PARALLEL SAFE LANGUAGE plpgsql
SET search_path FROM CURRENT AS $f$
BEGIN
  IF t !~* '^[0-9]{4}-[0-9]{2}-[0-9]{2}[t ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(z|[+-][0-9]{2}:[0-9]{2})$'
     OR substr(t, 18, 2) = '60' THEN RETURN NULL; END IF;
  RETURN tenon_time_ok(t::timestamptz);
EXCEPTION WHEN OTHERS THEN
  RETURN NULL;
END $f$;
CREATE OR REPLACE FUNCTION tenon_micros(t text) RETURNS bigint
IMMUTABLE STRICT PARALLEL SAFE LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $f$
BEGIN
  IF t !~ '^-?P([0-9]+W)?([0-9]+D)?(T([0-9]+H)?([0-9]+M)?([0-9]+([.][0-9]+)?S)?)?$'
     OR t ~ '[PT]$' THEN RETURN NULL; END IF;
  RETURN CASE WHEN t LIKE '-%' THEN -1 ELSE 1 END *
         (extract(epoch from ltrim(t, '-')::interval) * 1000000)::bigint;
EXCEPTION WHEN OTHERS THEN
  RETURN NULL;
END $f$;
CREATE OR REPLACE FUNCTION tenon_add(a double precision, b double precision)
RETURNS double precision IMMUTABLE STRICT PARALLEL SAFE LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $f$
BEGIN RETURN a + b; EXCEPTION WHEN numeric_value_out_of_range THEN RETURN NULL; END $f$;
CREATE OR REPLACE FUNCTION tenon_sub(a double precision, b double precision)
RETURNS double precision IMMUTABLE STRICT PARALLEL SAFE LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $f$
BEGIN RETURN a - b; EXCEPTION WHEN numeric_value_out_of_range THEN RETURN NULL; END $f$;
CREATE OR REPLACE FUNCTION tenon_mul(a double precision, b double precision)
RETURNS double precision IMMUTABLE STRICT PARALLEL SAFE LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $f$
BEGIN RETURN a * b; EXCEPTION WHEN numeric_value_out_of_range THEN RETURN
  CASE WHEN abs(a) < 1 OR abs(b) < 1 THEN 0 END; END $f$;
CREATE OR REPLACE FUNCTION tenon_fdiv(a double precision, b double precision)
RETURNS double precision IMMUTABLE STRICT PARALLEL SAFE LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $f$
BEGIN RETURN CASE WHEN b <> 0 THEN a / b END; EXCEPTION WHEN numeric_value_out_of_range THEN RETURN
  CASE WHEN abs(a) < 1 OR abs(b) > 1 THEN 0 END; END $f$;
CREATE OR REPLACE FUNCTION tenon_div(a double precision, b double precision)
RETURNS double precision IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
RETURN tenon_fdiv(a, b);
)";

// Pieces of concat(): null is nothing.
constexpr std::string_view kTexts = R"(
CREATE OR REPLACE FUNCTION tenon_text(x boolean) RETURNS text IMMUTABLE PARALLEL SAFE LANGUAGE sql
  RETURN coalesce(x::text, '');
CREATE OR REPLACE FUNCTION tenon_text(x bigint) RETURNS text IMMUTABLE PARALLEL SAFE LANGUAGE sql
  RETURN coalesce(x::text, '');
CREATE OR REPLACE FUNCTION tenon_text(x numeric) RETURNS text IMMUTABLE PARALLEL SAFE LANGUAGE sql
  RETURN coalesce(x::text, '');
CREATE OR REPLACE FUNCTION tenon_text(x double precision) RETURNS text IMMUTABLE PARALLEL SAFE
  LANGUAGE sql
  RETURN coalesce(x::text, '');
CREATE OR REPLACE FUNCTION tenon_text(x timestamptz) RETURNS text IMMUTABLE PARALLEL SAFE
  LANGUAGE sql
  RETURN coalesce(to_char(x AT TIME ZONE 'UTC',
    'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '');
CREATE OR REPLACE FUNCTION tenon_text(x jsonb) RETURNS text IMMUTABLE PARALLEL SAFE LANGUAGE sql
  RETURN coalesce(x #>> '{}', '');
CREATE OR REPLACE FUNCTION tenon_text(us bigint, kind text) RETURNS text IMMUTABLE PARALLEL SAFE
  LANGUAGE sql RETURN (
  SELECT CASE WHEN us IS NULL THEN '' WHEN us = 0 THEN 'PT0S' ELSE
    CASE WHEN us < 0 THEN '-' ELSE '' END || 'P' ||
    CASE WHEN d > 0 THEN d || 'D' ELSE '' END ||
    CASE WHEN h > 0 OR m > 0 OR s > 0 THEN 'T' ELSE '' END ||
    CASE WHEN h > 0 THEN h || 'H' ELSE '' END || CASE WHEN m > 0 THEN m || 'M' ELSE '' END ||
    CASE WHEN s > 0 THEN trim_scale(s::numeric / 1000000) || 'S' ELSE '' END END
  FROM (SELECT abs(us) / 86400000000 AS d, abs(us) / 3600000000 % 24 AS h,
               abs(us) / 60000000 % 60 AS m, abs(us) % 60000000 AS s) AS parts);
)";

}  // namespace

std::string PostgresFunctions() {
  std::string out = CaseFunction("tenon_fold", Fold);
  out += CaseFunction("tenon_lower", ToLower);
  out += CaseFunction("tenon_upper", ToUpper);
  for (const Definition& definition : kDefinitions) {
    out += fmt::format(
        "CREATE OR REPLACE FUNCTION {} RETURNS {} IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql "
        "RETURN {};\n",
        definition.signature, definition.result, definition.body);
  }
  out += kGuarded;
  out += kTexts;
  return out;
}

}  // namespace tenon
