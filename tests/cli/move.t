Moving a data directory to PostgreSQL, and serving from there.

  $ command -v psql > /dev/null && [ -n "$test_postgres" ] || skip "no private PostgreSQL server"
  $ export PGHOST=${test_postgres%:*} PGPORT=${test_postgres##*:} PGUSER=postgres
  $ psql -qc 'CREATE ROLE moved LOGIN CREATEROLE' -c 'CREATE DATABASE moved OWNER moved TEMPLATE template0'
  $ url=postgresql://moved@127.0.0.1:$PGPORT/moved
  $ tenon migrate --to $url
  error: there is no data directory ./data; tenon serve --data ./data makes it
  [10]
  $ start
  $ tenon create tags name=before
  <uuid>
  Tag created
  $ tenon migrate --to $url
  error: the data directory ./data is in use by process <pid>; stop it first, or give another directory with --data
  [10]
  $ stop
  $ tenon migrate --to nowhere
  error: the URL of --to cannot be read: it is no URL; write postgresql://USER@HOST/DATABASE, and %XX for special characters
  [2]
  $ tenon migrate --to postgresql://moved@127.0.0.1:1/moved
  error: cannot connect to the database: connection to server at "127.0.0.1", port 1 failed: Connection refused; Is the server running on that host and accepting TCP/IP connections?
    try again in <took>
  [10]
  $ tenon migrate --to $url --drop tags
  error: --to moves all rows and goes with --models only
  [2]

Who serves from the database before the move is told of it, while nothing is lost.

  $ TENON_STORE=postgres TENON_DATABASE_URL=$url tenon serve 2>&1 | grep -v migrated
  error: the database is empty, and the rows of ./data/tenon.db are not in it: 'tenon migrate --data ./data --to URL' moves them; to begin anew, serve with another data directory
  $ tenon migrate --to $url 2>&1 | grep -v ' of .* rows'
  table               rows
  tenants             2
  users               3
  tags                1
  audits              7
  api_keys            1
  audit_seals         7
  audit_heads         2
  idempotency_keys    1
  follower_positions  2
  engine_meta         1
  moved 27 rows to database moved on 127.0.0.1; the audit chain is whole up to log position 7
  to serve from there: TENON_STORE=postgres TENON_DATABASE_URL=... with this data directory
  $ tenon migrate --to $url
  error: the database already has 2 rows in tenants, and no move into it has begun: move into an empty database, which no server has served from
  [7]
  $ export TENON_STORE=postgres TENON_DATABASE_URL=$url
  $ start
  $ tenon list tags --fields name
  name
  before
  $ tenon create tags name=after
  <uuid>
  Tag created
  $ tenon audit verify
  whole: 6 rows of the audit log verified
  $ stop
  $ tenon plan
  the data directory matches the models: nothing to do
  $ unset TENON_STORE TENON_DATABASE_URL
  $ start; grep -c 'were moved to database moved on 127.0.0.1' server.log
  1
  $ stop
  $ psql -qc 'DROP DATABASE moved WITH (FORCE)' -c 'DROP ROLE moved'
