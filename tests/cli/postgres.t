A server over PostgreSQL: two settings, and the same commands.

  $ [ -x "$SOURCES/build/tests/test_postgres" ] || skip "the tests' PostgreSQL is not built"
  $ coproc pg { exec "$SOURCES/build/tests/test_postgres" 2>/dev/null; }
  $ read -ru "${pg[0]}" place || skip "PostgreSQL 15 is not installed"
  $ url="postgresql://postgres@/postgres?host=${place%:*}&port=${place##*:}"

Nothing is there yet, and then what should be is not.

  $ TENON_STORE=postgres tenon serve
  error: the configuration is wrong
    TENON_STORE: store = postgres needs database_url (TENON_DATABASE_URL), such as postgresql://tenon@db.example.com/tenon?sslmode=verify-full
  [2]
  $ TENON_STORE=postgres TENON_DATABASE_URL=postgresql://tenon:secret@localhost:1/x TENON_DATABASE_WAIT=0s tenon serve 2>&1 | head -n 1 | cut -c 1-45
  error: cannot connect to the database: connec
  $ TENON_STORE=postgres TENON_DATABASE_URL=postgresql://tenon:se%cret@localhost/x tenon serve
  error: the database URL cannot be read: invalid percent-encoded token; write postgresql://USER@HOST/DATABASE, and %XX for special characters
  [2]
  $ TENON_STORE=postgres TENON_DATABASE_URL=postgresql://tenon@localhost/x?ssl=on tenon serve
  error: the database URL cannot be read: invalid URI query parameter: "ssl"
  [2]
  $ TENON_DATABASE_URL='postgresql://tenon:secret@db/x?sslpassword=hidden' tenon config 2>/dev/null | grep '^database_url' | sed 's/  */ /g'
  database_url postgresql://tenon:****@db/x?sslpassword=**** TENON_DATABASE_URL
  $ export TENON_STORE=postgres TENON_DATABASE_URL="$url"
  $ tenon list tags --data data
  error: the database has no tables of Tenon yet; 'tenon serve' or 'tenon migrate' makes them
  [6]

The doctor looks and changes nothing: neither what is not there yet, nor what is behind its models.

  $ names() { psql -qXAtd "$url" -c "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname !~ '^pg_' UNION SELECT nspname, '' FROM pg_namespace ORDER BY 1, 2"; }
  $ names >empty
  $ tenon doctor --data data | grep tables
  note     tables: there are none yet
  $ names | diff empty -

  $ start
  $ tenon create tags name=first -q >/dev/null
  $ tenon list tags --fields name,category
  name   category
  first  general
  $ tenon create tags name=first 2>&1 | head -n 1
  error: tags has a row with the same category, name: <uuid>
  $ tenon audit verify | sed 's/[0-9]* rows/N rows/'
  whole: N rows of the audit log verified
  $ tenon doctor --data data | grep -E '^[a-z]+ +(durability|roles|grants|row-level security|tables|audit chain)' | sed 's/[0-9]* rows/N rows/'
  error    durability: fsync = off, full_page_writes = off: a crash of the server's machine loses or breaks what was answered
  ok       roles: tenon_app and tenon_system are there
  ok       grants: the server's roles may do what they need
  ok       row-level security: forced on every table of tenants
  ok       tables: at the models' version
  ok       audit chain: whole, N rows
  $ cat > more.tenon <<'END'
  > model more
  > entity Extra {
  >   id uuid key
  >   name text(20)
  > }
  > END
  $ psql -qXd "$url" -c 'DROP SCHEMA tenon_search CASCADE' 2>/dev/null
  $ names >made
  $ TENON_MODELS=more.tenon tenon doctor --data data --reconcile | grep -A1 -E '^[a-z]+ +(tables|search index|reconcile)'
  warning  tables: 1 migration behind the models
             tenon plan shows them, tenon migrate applies them
  warning  search index: there is no schema "tenon_search": each node keeps a file of its own
             tenon migrate makes it
  --
  error    reconcile: not done: the store is not at the models' version; look at tenon plan, then run tenon migrate
  $ names | diff made -

Between the two halves of a migration a node whose login owns nothing starts, and nothing is missing.

  $ psql -qXd "$url" -c 'CREATE ROLE node LOGIN IN ROLE tenon_app, tenon_system'
  $ export TENON_MODELS=more.tenon
  $ tenon migrate --data data -q >/dev/null; sed -i 's/name text(20)/title text(40) was name/' more.tenon
  $ TENON_DATABASE_URL=${url/postgres@/node@} tenon serve --data other
  error: the store is not at the models' version; look at tenon plan, then set database.owner_url (TENON_DATABASE_OWNER_URL) to a login that owns the tables, or let a DBA run 'tenon migrate' with it
  [10]
  $ tenon migrate --data data -q >/dev/null
  $ tenon doctor --data data | grep -A1 tables:
  note     tables: at the models' version, and made for the one before it too: more
             when no node of the version before runs: tenon migrate --contract
  $ stop
  $ TENON_DATABASE_URL=${url/postgres@/node@} start
  $ call POST /v1/extras -d '{"title": "x"}' -H 'Content-Type: application/json' | tail -n 1
  201
  $ unset TENON_MODELS
  $ tenon backup --data data -o x.db
  error: the rows are in PostgreSQL, not in a file of the data directory: back it up with pg_dump --format=custom --file=FILE DATABASE_URL, as a login with BYPASSRLS, or with base backups and WAL archiving; see docs/operations.md, "PostgreSQL"
  [2]
  $ tenon restore x.db --data data
  error: the rows are in PostgreSQL, not in a file of the data directory: restore it with pg_restore into an empty database; see docs/operations.md, "PostgreSQL"
  [2]
  $ stop

All is there after a restart, and commands may go without a server.

  $ start
  $ tenon list tags --fields name -o ndjson
  {"name":"first"}
  $ stop
  $ env -u TENON_URL tenon list tags --data data --fields name -o ndjson
  {"name":"first"}
  $ exec {pg[1]}>&-
