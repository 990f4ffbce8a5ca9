A server over PostgreSQL: two settings, and the same commands.

  $ [ -x "$SOURCES/build/tests/test_postgres" ] || skip "the tests' PostgreSQL is not built"
  $ coproc pg { exec "$SOURCES/build/tests/test_postgres" 2>/dev/null; }
  $ read -ru "${pg[0]}" place || skip "PostgreSQL 15 is not installed"
  $ url="postgresql://postgres@/postgres?host=${place%:*}&port=${place##*:}"

Nothing is there yet, and then what should be is not.

  $ TENON_STORE=postgres tenon serve
  $ TENON_STORE=postgres TENON_DATABASE_URL=postgresql://tenon:secret@localhost:1/x TENON_DATABASE_WAIT=0s tenon serve 2>&1 | head -n 1 | cut -c 1-45
  $ TENON_DATABASE_URL='postgresql://tenon:secret@db/x?sslpassword=hidden' tenon config 2>/dev/null | grep '^database_url' | sed 's/  */ /g'
  $ export TENON_STORE=postgres TENON_DATABASE_URL="$url"
  $ tenon list tags --data data

  $ start
  $ tenon create tags name=first -q >/dev/null
  $ tenon list tags --fields name,category
  $ tenon create tags name=first 2>&1 | head -n 1
  $ tenon audit verify | sed 's/[0-9]* rows/N rows/'
  $ tenon doctor --data data | grep -E '^[a-z]+ +(durability|roles|grants|row-level security|tables|audit chain)' | sed 's/[0-9]* rows/N rows/'
  $ tenon backup --data data -o x.db
  $ tenon restore x.db --data data
  $ stop

All is there after a restart, and commands may go without a server.

  $ start
  $ tenon list tags --fields name -o ndjson
  $ stop
  $ env -u TENON_URL tenon list tags --data data --fields name -o ndjson
  $ exec {pg[1]}>&-
