Where the search index is kept: in a file of the node, or in the database for all nodes.

  $ TENON_SEARCH_INDEX=elastic tenon serve
  error: the configuration is wrong
    TENON_SEARCH_INDEX: search.index is one of auto, embedded, postgres, not 'elastic'
  [2]
  $ TENON_SEARCH_INDEX=postgres tenon serve
  <time> info migrated to catalog.0001: create 23 tables
  <time> info migrated to deployments.0001: create 3 tables
  <time> info migrated to design.0001: create 10 tables
  <time> info migrated to graph.0001: create 6 tables
  <time> info migrated to workflows.0001: create 6 tables
  error: search.index = postgres needs store = postgres
  [2]
  $ start
  $ tenon create tags name=first -q >/dev/null
  $ tenon search first --consistent
  first  tags  <uuid>
  First administrator  users  <uuid>
  $ stop
  $ ls data | grep search
  search.db

Over PostgreSQL it is a schema of the database, unless the database's owner may not make one or somebody wants files.

  $ [ -x "$SOURCES/build/tests/test_postgres" ] || skip "the tests' PostgreSQL is not built"
  $ coproc pg { exec "$SOURCES/build/tests/test_postgres" 2>/dev/null; }
  $ read -ru "${pg[0]}" place || skip "PostgreSQL 15 is not installed"
  $ export TENON_STORE=postgres TENON_DATABASE_URL="postgresql://postgres@/postgres?host=${place%:*}&port=${place##*:}"
  $ rm -r data
  $ start
  $ tenon create tags name=first -q >/dev/null
  $ tenon search first --consistent
  first  tags  <uuid>
  First administrator  users  <uuid>
  $ tenon doctor --data data | grep 'search index'
  ok       search index: in the schema "tenon_search", one for all nodes
  $ stop
  $ ls data | grep search
  [1]

  $ export TENON_SEARCH_INDEX=embedded
  $ start
  $ tenon search first --consistent
  first  tags  <uuid>
  First administrator  users  <uuid>
  $ tenon doctor --data data | grep 'search index'
  [1]
  $ stop
  $ ls data | grep search
  search.db

Without the schema the doctor says what to do, as an error to whom nothing else will do.

  $ drop() { psql -qXh "${place%:*}" -p "${place##*:}" -U postgres -c 'DROP SCHEMA tenon_search CASCADE' postgres 2>/dev/null; }
  $ drop
  $ TENON_SEARCH_INDEX=auto tenon doctor --data data | grep -A1 'search index'
  warning  search index: there is no schema "tenon_search": each node keeps a file of its own
             tenon migrate makes it
  $ TENON_SEARCH_INDEX=postgres tenon doctor --data data | grep -A1 'search index'
  error    search index: there is no schema "tenon_search": each node keeps a file of its own
             tenon migrate makes it
  $ exec {pg[1]}>&-
