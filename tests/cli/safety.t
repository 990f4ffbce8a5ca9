Backup while serving, restore, doctor, reconcile.

  $ start
  $ tenon -q create tags name=before category=x | wc -l
  1
  $ tenon backup -o backup.db
  wrote backup.db (<size>) up to log position 7
  $ stat -c %a backup.db
  600
  $ tenon backup -o backup.db
  error: backup.db is there already; --force replaces it
  [7]
  $ tenon backup -o backup.db --force
  wrote backup.db (<size>) up to log position 7
  $ tenon backup
  error: name the file to write with -o FILE
  [2]
  $ tenon backup --data nowhere -o b.db
  error: there is no data file nowhere/tenon.db
  [6]
  $ tenon backup -o nowhere/b.db
  error: nowhere/b.db.part: unable to open database file: No such file or directory
  [10]
  $ ls *.db*
  backup.db
  $ tenon -q create tags name=after category=x | wc -l
  1
  $ tenon restore backup.db --data data
  error: the data directory data is in use by process <pid>; stop it first, or give another directory with --data
  [10]
  $ tenon restore backup.db
  error: name the data directory to restore into with --data DIR
  [2]
  $ tenon restore missing.db --data data
  error: there is no backup missing.db
  [6]
  $ tenon doctor | grep -v disk
  ok       version: 0.1.0
  note     secrets: ENCRYPTION_KEY is not set: secrets are refused
             openssl rand -hex 32 makes a key
  ok       models: 5 files, 49 entities
  ok       data directory: ./data, only its owner may read it
  note     admin key: ./data/admin.key holds the first key
             rotate it once you have keys of your own
  ok       data file: ./data/tenon.db, <size>, whole
  note     audit chain: not looked at: the data directory ./data is in use by process <pid>; stop it first, or give another directory with --data
             tenon audit verify asks the running server
  ok       server: http://127.0.0.1:<port> is ready
  ok       key: the key from TENON_API_KEY is accepted
  ok       follower graph: is up to date
  ok       follower search: is up to date
  ok       follower webhooks: is up to date
  ok       follower asset-watchers: is up to date
  $ tenon doctor -o json | head -n 6
  [
    {
      "level": "ok",
      "check": "version",
      "message": "0.1.0",
      "advice": ""
  $ tenon doctor --reconcile; echo
  ok       version: 0.1.0
  note     secrets: ENCRYPTION_KEY is not set: secrets are refused
             openssl rand -hex 32 makes a key
  ok       models: 5 files, 49 entities
  ok       data directory: ./data, only its owner may read it
  ok       disk: <size> are free
  note     admin key: ./data/admin.key holds the first key
             rotate it once you have keys of your own
  ok       data file: ./data/tenon.db, <size>, whole
  note     audit chain: not looked at: the data directory ./data is in use by process <pid>; stop it first, or give another directory with --data
             tenon audit verify asks the running server
  error    reconcile: not done: the data directory ./data is in use by process <pid>; stop it first, or give another directory with --data
  ok       server: http://127.0.0.1:<port> is ready
  ok       key: the key from TENON_API_KEY is accepted
  ok       follower graph: is up to date
  ok       follower search: is up to date
  ok       follower webhooks: is up to date
  ok       follower asset-watchers: is up to date
  
  $ stop
  $ tenon restore backup.db --data data
  error: data/tenon.db is there already; --force replaces it
  [7]
  $ tenon restore backup.db --data data --force
  restored backup.db into data: <size>, log position 7
  keys are those of the backup, without DIR/admin.key; make one: tenon keys create NAME --roles system --data data
  $ tenon restore backup.db --data fresh
  restored backup.db into fresh: <size>, log position 7
  keys are those of the backup, without DIR/admin.key; make one: tenon keys create NAME --roles system --data fresh
  $ ls fresh
  tenon.db
  tenon.lock
  $ start
  $ tenon list tags --fields name
  name
  before
  $ tenon audit verify
  whole: 5 rows of the audit log verified
  $ stop
  $ head -c 200000 backup.db > torn.db
  $ tenon restore torn.db --data torn
  error: torn.db is damaged: <size> are there where its header counts <*>; it was left untouched. Put the last backup in its place with `tenon restore`; what is left can be read with `sqlite3 FILE .recover`.
  [10]
  $ echo hello > text.db; tenon restore text.db --data torn
  error: text.db is not a data file of Tenon, or its beginning is damaged; it was left untouched. Move it away to start anew, or put the last backup in its place with `tenon restore`.
  [10]
  $ ls torn
  ls: cannot access 'torn': No such file or directory
  [2]

Rows changed in the sqlite3 shell are found, and logged.

  $ sqlite3 data/tenon.db "UPDATE tags SET name = 'by hand'"
  $ tenon doctor --data data --reconcile | grep reconcile
  warning  reconcile: tags <uuid> was changed outside (UPDATE: name); it is logged now
  ok       reconcile: rows that had been changed outside: 1
  $ tenon doctor --data data --reconcile | grep reconcile
  ok       reconcile: rows that had been changed outside: 0
  $ chmod 755 data; chmod 644 data/admin.key
  $ tenon doctor | grep -A 1 -E 'data directory|admin key'
  warning  data directory: ./data may be read by others (mode 755)
             chmod 700 ./data
  --
  error    admin key: ./data/admin.key may be read by others
             chmod 600 ./data/admin.key
  $ tenon doctor > /dev/null
  [1]
  $ tenon doctor --data nowhere | grep -A 1 directory
  note     data directory: nowhere is not there yet
             tenon serve --data nowhere makes it
