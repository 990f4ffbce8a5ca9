The server: start, second process, port in use, what it refuses, and its end.

  $ tenon list assets
  error: cannot reach http://127.0.0.1:<port>: connection refused
  hint: start a server with: tenon serve --data ./data; or name another with --url
  [10]
  $ start
  $ cat server.out
  This is a fresh data directory. Its first key, shown this once and kept in ./data/admin.key:
  
    <key>
  
  $ ls data | grep -v '^search'
  admin.key
  tenon.db
  tenon.db-shm
  tenon.db-wal
  tenon.lock
  $ stat -c '%a %n' data data/admin.key data/tenon.db
  700 data
  600 data/admin.key
  600 data/tenon.db
  $ curl -s $TENON_URL/livez; echo; curl -s $TENON_URL/readyz; echo
  ok
  
  ready
  
  $ curl -s $TENON_URL/metrics | grep -c '^tenon_'
  96
  $ tenon serve
  error: the data directory ./data is in use by process <pid>; stop it first, or give another directory with --data
  [10]
  $ tenon migrate
  error: the data directory ./data is in use by process <pid>; stop it first, or give another directory with --data
  [10]
  $ tenon list assets --data data
  error: the data directory data is in use by process <pid>; stop it first, or give another directory with --data
  [10]
  $ mkdir other; tenon serve --data other --listen ${TENON_URL#http://} 2>&1 | tail -n 1; echo ${PIPESTATUS[0]}
  error: cannot listen on 127.0.0.1:<port>: the port is in use; stop the program that has it, or choose another with --listen HOST:PORT
  10
  $ tenon serve --data other --listen nonsense 2>&1 | tail -n 1; echo ${PIPESTATUS[0]}
  error: cannot listen on nonsense: Host not found (authoritative)
  2
  $ tenon serve --data other --listen 127.0.0.1:70000
  error: the configuration is wrong
    flag: listen is HOST:PORT or [IPV6]:PORT, not '127.0.0.1:<port>'
  [2]
  $ tenon serve --data other --listen 203.0.113.1:7400
  error: cannot listen on 203.0.113.1:7400: Cannot assign requested address
  [10]
  $ tenon serve --data other --store oracle
  error: the configuration is wrong
    flag: store is one of sqlite, postgres, not 'oracle'
  [2]
  $ tenon serve --data other --models missing.tenon
  error: missing.tenon cannot be read
  [2]
  $ tenon serve --data other --set limits.bodybytes=5
  error: the configuration is wrong
    --set limits.bodybytes: 'limits.bodybytes' is no setting; did you mean limits.body_bytes?
  [2]
  $ tenon serve --data other --set limits.body_bytes=lots
  error: the configuration is wrong
    flag: limits.body_bytes is a number of bytes from 1024 to 8388608, such as 8MiB, not 'lots'
  [2]
  $ tenon serve --data other --tls-certificate cert.pem
  error: the configuration is wrong
    flag: tls.certificate and tls.key go together
  [2]
  $ ENCRYPTION_KEY=short tenon serve --data other
  error: the configuration is wrong
    ENCRYPTION_KEY: is 64 hex digits; make one with: openssl rand -hex 32
  [2]
  $ ls other

SIGTERM: what was accepted is answered, streams end, the exit code is 0.

  $ tenon watch > watched 2>&1 & watcher=$!
  $ until [ "$(curl -s $TENON_URL/metrics | sed -n 's/^tenon_streams //p')" = 1 ]; do :; done
  $ tenon create tags name=last category=x
  <uuid>
  Tag created
  $ until_line last watched
  $ stop
  $ tail -n 2 server.log
  <time> info stopping signal=SIGTERM
  <time> info stopped
  $ kill $watcher; wait $watcher
  [143]
  $ sed 's/^.* Tag/Tag/' watched
  Tag <uuid>  CREATE  name=last
  $ ls data | grep -v '^search'
  admin.key
  tenon.db
  tenon.lock

The same data again, no key is made anew.

  $ start
  $ cat server.out
  $ tenon list tags --fields name
  name
  last

Killed without a warning, nothing is lost.

  $ tenon -q create tags name=kept category=x | wc -l
  1
  $ { kill -9 $server; wait $server; } 2>/dev/null
  [137]
  $ start
  $ tenon list tags --fields name --order-by name
  name
  kept
  last
  $ tenon audit verify
  whole: 6 rows of the audit log verified
  $ stop

Files that are no data, or no longer, are refused and not touched.

  $ mkdir foreign; echo 'my diary, page one of many: it was a dark and stormy night' > foreign/tenon.db; chmod 600 foreign/tenon.db
  $ tenon serve --data foreign
  error: foreign/tenon.db is not a data file of Tenon, or its beginning is damaged; it was left untouched. Move it away to start anew, or put the last backup in its place with `tenon restore`.
  [10]
  $ cat foreign/tenon.db
  my diary, page one of many: it was a dark and stormy night
  $ mkdir alien; sqlite3 alien/tenon.db 'CREATE TABLE recipes (name TEXT); PRAGMA user_version = 3;'
  $ tenon serve --data alien
  error: alien/tenon.db is a SQLite file of another program; it was left untouched. Give another directory with --data, or move the file away.
  [10]
  $ mkdir corrupt; cp data/tenon.db corrupt; chmod 600 corrupt/tenon.db
  $ printf 'garbage%.0s' $(seq 3000) | dd of=corrupt/tenon.db bs=4096 seek=1 conv=notrunc status=none
  $ sum=$(sha256sum < corrupt/tenon.db)
  $ tenon serve --data corrupt
  error: the data file is damaged; stop the server, keep a copy of the file, and put the last backup in its place with `tenon restore`
  [10]
  $ [ "$sum" = "$(sha256sum < corrupt/tenon.db)" ]
  $ mkdir short; head -c 3000 data/tenon.db > short/tenon.db
  $ tenon serve --data short
  error: short/tenon.db is damaged: <size> are there where its header counts <*>; it was left untouched. Put the last backup in its place with `tenon restore`; what is left can be read with `sqlite3 FILE .recover`.
  [10]
  $ touch file; tenon serve --data file
  error: file is not a directory
  [10]
  $ tenon doctor --data corrupt | cut -c 1-150
  ok       version: 0.1.0
  note     secrets: ENCRYPTION_KEY is not set: secrets are refused
             openssl rand -hex 32 makes a key
  ok       models: 5 files, 49 entities
  warning  data directory: corrupt may be read by others (mode 755)
             chmod 700 corrupt
  ok       disk: <size> are free
  error    data file: the data file is damaged; stop the server, keep a copy of the file, and put the last backup in its place with `tenon restore`
  ok       audit chain: whole, 8 rows

A newer binary wrote it.

  $ mkdir newer; cp data/tenon.db newer; sqlite3 newer/tenon.db 'PRAGMA user_version = 99'
  $ tenon serve --data newer
  error: newer/tenon.db was written by a newer version of Tenon (format 99, this one reads up to 1); it was left untouched. Use that version, or restore a backup made before the upgrade.
  [10]
  $ tenon list tags --data newer
  error: newer/tenon.db was written by a newer version of Tenon (format 99, this one reads up to 1); it was left untouched. Use that version, or restore a backup made before the upgrade.
  [10]
  $ sqlite3 newer/tenon.db 'PRAGMA user_version'
  99
