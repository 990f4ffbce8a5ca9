Imports and exports.

  $ start
  $ cat > status <<'END'
  > Package: libc6
  > Status: install ok installed
  > Section: libs
  > Installed-Size: 12000
  > Maintainer: GNU Libc Maintainers <libc@example.org>
  > Architecture: amd64
  > Version: 2.36-9
  > Depends: libgcc-s1
  > Description: GNU C Library
  >  It is what everything stands on.
  >
  > Package: libgcc-s1
  > Status: install ok installed
  > Section: libs
  > Architecture: amd64
  > Version: 12.2.0
  > Depends: gcc-12-base (= 12.2.0), libc6 (>= 2.35) | libc6.1
  > Description: GCC support library
  >
  > Package: gcc-base
  > Status: install ok installed
  > Section: libs
  > Architecture: amd64
  > Version: 12.2.0
  > Provides: gcc-12-base (= 12.2.0)
  > Description: base
  >
  > Package: old
  > Status: deinstall ok config-files
  > Section: oldlibs
  > Architecture: amd64
  > Version: 1
  > Description: was removed
  > END
  $ tenon import dpkg --status status --dry-run
  reading  3 rows  <rate>  <took>
  packages  100 %  3 of 3 rows  <rate>  <took>
  sections  100 %  1 of 1 rows  <rate>  <took>
  tags  100 %  3 of 3 rows  <rate>  <took>
  dependencies  100 %  3 of 3 rows  <rate>  <took>
  10 rows would be sent, 0 cannot be read
  $ tenon import dpkg --status status
  reading  3 rows  <rate>  <took>
  packages  100 %  3 of 3 rows  <rate>  <took>
  sections  100 %  1 of 1 rows  <rate>  <took>
  tags  100 %  3 of 3 rows  <rate>  <took>
  dependencies  100 %  3 of 3 rows  <rate>  <took>
  job <ulid>: 10 written, 0 unchanged, 0 failed in <took>
  $ tenon import dpkg --status status
  reading  3 rows  <rate>  <took>
  packages  100 %  3 of 3 rows  <rate>  <took>
  sections  100 %  1 of 1 rows  <rate>  <took>
  tags  100 %  3 of 3 rows  <rate>  <took>
  dependencies  100 %  3 of 3 rows  <rate>  <took>
  job <ulid>: 0 written, 10 unchanged, 0 failed in <took>
  $ tenon list assets --order-by name --fields name,type,qualified_name
  name       type     qualified_name
  gcc-base   PACKAGE  pkg:deb/debian/gcc-base
  libc6      PACKAGE  pkg:deb/debian/libc6
  libgcc-s1  PACKAGE  pkg:deb/debian/libgcc-s1
  $ tenon list relationships --expand source_asset,target_asset -o ndjson | grep -o '"name":"[^"]*"'
  "name":"libc6"
  "name":"libgcc-s1"
  "name":"libgcc-s1"
  "name":"gcc-base"
  "name":"libgcc-s1"
  "name":"libc6"
  $ tenon view most_depended_on rows=2 | cut -c 39-
  type     name      qualified_name           dependents
  PACKAGE  gcc-base  pkg:deb/debian/gcc-base  1
  PACKAGE  libc6     pkg:deb/debian/libc6     1
  $ sed -i 's/2.36-9/2.36-10/' status
  $ tenon import dpkg --status status
  reading  3 rows  <rate>  <took>
  packages  100 %  3 of 3 rows  <rate>  <took>
  sections  100 %  1 of 1 rows  <rate>  <took>
  tags  100 %  3 of 3 rows  <rate>  <took>
  dependencies  100 %  3 of 3 rows  <rate>  <took>
  job <ulid>: 1 written, 9 unchanged, 0 failed in <took>
  $ tenon import dpkg --status missing
  reading  0 rows  <rate>  <took>
  job <ulid> stopped; go on with --resume <ulid>
  error: cannot open missing: No such file or directory
  [6]
  $ echo nonsense > nonsense; tenon import dpkg --status nonsense
  line 1: line 1: expected 'Name: value'
  reading  1 rows  <rate>  1 failed (100.0 %)  <took>
  job <ulid> stopped; go on with --resume <ulid>
  error: nonsense names no installed package
  [2]

CSV with rows that are rejected.

  $ cat > tables.csv <<'END'
  > table,kind,owner
  > orders,TABLE,sales
  > "quoted, name",TABLE,"says ""hi"""
  > ,TABLE,nobody
  > too,many,cells,here
  > customers,TABLE,sales
  > END
  $ tenon import csv tables.csv --entity assets --map table=name --map table=qualified_name --map kind=type --map owner=metadata.owner --rejects rejects.ndjson
  line 5: has 4 cells where the titles are 3
  assets, line 4: 2 fields are wrong; name: a value is required; qualified_name: a value is required
  assets  100 %  5 rows  <rate>  2 failed (40.0 %)  <took>
  job <ulid>: 3 written, 0 unchanged, 2 failed in <took>
  [3]
  $ cat rejects.ndjson
  {"line":5,"offset":85,"reason":"has 4 cells where the titles are 3","text":"too,many,cells,here"}
  {"line":4,"offset":71,"reason":"2 fields are wrong","errors":[{"path":"name","code":"required","message":"a value is required"},{"path":"qualified_name","code":"required","message":"a value is required"}],"row":{"type":"TABLE","metadata":{"owner":"nobody"},"id":"<uuid>"}}
  $ tenon import csv tables.csv --entity assets --map table=name --map table=qualified_name --map kind=type --map owner=metadata.owner
  line 5: has 4 cells where the titles are 3
  assets, line 4: 2 fields are wrong; name: a value is required; qualified_name: a value is required
  assets  100 %  5 rows  <rate>  2 failed (40.0 %)  <took>
  job <ulid>: 0 written, 3 unchanged, 2 failed in <took>
  name a file with --rejects to keep every rejected row and its reason
  [3]
  $ tenon list assets --filter 'metadata.owner = "sales"' --fields name --order-by name
  name
  customers
  orders
  $ tenon list migration_jobs --fields source,status,rows_written,rows_failed
  error: fields: migration_jobs has no field 'rows_written'
  [2]
  $ tenon import csv tables.csv
  error: name the entity of the rows: --entity E
  [2]
  $ tenon import csv tables.csv --entity asets
  error: there is no entity 'asets'; did you mean assets?
  [6]
  $ tenon import csv tables.csv --entity assets
  error: no column goes to a field of Asset; map them with --map COLUMN=FIELD, such as --map table=name
  [2]
  $ tenon import csv tables.csv --entity assets --map tabel=name
  error: no column goes to a field of Asset; map them with --map COLUMN=FIELD, such as --map table=name
  [2]
  $ tenon import csv tables.csv --entity assets --map table=nam
  error: --map table=nam: Asset has no field 'nam'; did you mean name?
  [2]
  $ tenon import csv tables.csv --entity assets --map table
  error: --map takes SOURCE=FIELD, not 'table'
  [2]
  $ tenon import csv missing.csv --entity assets
  error: cannot open $WORK/run/missing.csv: No such file or directory
  [6]
  $ tenon import csv
  error: FILE is missing: name the file to read, - for standard input
  [2]
  $ tenon import csv tables.csv --entity assets --delimiter ';;'
  error: --delimiter takes one ASCII character or tab, not ';;'
  [2]
  $ tenon import csv tables.csv --entity assets --delimiter ''
  error: --delimiter takes one ASCII character or tab, not ''
  [2]
  $ tenon import csv tables.csv --entity assets --map table=name --map nocol=type
  error: --map nocol=type: the file has no column 'nocol'; it has table, kind, owner
  [2]
  $ printf 'caf\xe9;type\na;b;c\n' > latin.csv
  $ tenon import csv latin.csv --entity tags --delimiter ';'
  error: no column goes to a field of Tag; map them with --map COLUMN=FIELD, such as --map caf\xe9=name
  [2]
  $ tenon import csv latin.csv --entity tags --delimiter ';' --map 'caf\xe9=name' --rejects rejects.ndjson -q
  job <ulid>: 0 written, 0 unchanged, 1 failed in <took>
  [3]
  $ cat rejects.ndjson
  {"line":2,"offset":10,"reason":"has 3 cells where the titles are 2","text":"a;b;c"}
  $ gzip -k tables.csv; tenon import csv tables.csv.gz --entity assets
  error: $WORK/run/tables.csv.gz is gzip: zcat tables.csv.gz | tenon import csv -
  [2]
  $ : > nothing.csv; tenon import csv nothing.csv --entity assets --map a=name
  error: the file is empty
  [2]
  $ printf 'a\tT\nb\tT\n' | tenon import csv - --entity tags --delimiter tab --no-header --map 1=name --map 2=category
  tags  0 rows  <rate>  <took>
  job <ulid> stopped; go on with --resume <ulid>
  error: standard input cannot be read again from an earlier place; import it from a file
  [2]

NDJSON, out and in again.

  $ tenon export assets -o assets.ndjson
  6 rows in assets.ndjson
  $ wc -l < assets.ndjson
  6
  $ tenon export tags --format csv | cut -d , -f 3- | cut -c 1-30
  name,category,description,crea
  libs,section,Debian packages o
  $ tenon export --all -o all.ndjson
  95 rows in all.ndjson
  $ grep -c . all.ndjson
  95
  $ tenon export
  error: name one ENTITY, or take everything with --all
  [2]
  $ tenon export assets --all
  error: name one ENTITY, or take everything with --all
  [2]
  $ tenon export asets
  error: there is no entity 'asets'; did you mean assets?
  [6]
  $ tenon export assets --format xml
  error: --format takes ndjson, csv, not 'xml'
  [2]
  $ tenon export assets --filter 'nme = "x"'
  error: assets: Asset has no field 'nme'
    1 | nme = "x"
      | ^~~ did you mean name?
  [2]
  $ tenon export assets -o nowhere/assets.ndjson
  error: cannot write nowhere/assets.ndjson
  [10]
  $ tenon import ndjson assets.ndjson --entity assets
  assets  100 %  6 rows  <rate>  <took>
  job <ulid>: 0 written, 6 unchanged, 0 failed in <took>
  $ grep -Ev '"entity":"(MigrationJob|Tenant)"' all.ndjson | tenon import ndjson -
  left out 1 row of api_keys, which the server alone makes
  left out 48 rows of audits, which the server alone makes
  rows  36 rows  <rate>  <took>
  job <ulid>: 0 written, 36 unchanged, 0 failed in <took>
  $ { head -n 1 assets.ndjson; echo '{"name": '; echo '{"name": "x", "nmae": 1}'; echo '5'; } > wrong.ndjson
  $ tenon import ndjson wrong.ndjson --entity assets --rejects rejects.ndjson
  line 2: line 1, column 10: the document ends too early
  line 4: is not an object
  assets, line 3: 3 fields are wrong; nmae: Asset has no field 'nmae'; did you mean 'name'?; type: a value is required; qualified_name: a value is required
  assets  100 %  4 rows  <rate>  3 failed (75.0 %)  <took>
  job <ulid>: 0 written, 1 unchanged, 3 failed in <took>
  [3]
  $ cat rejects.ndjson
  {"line":2,"offset":630,"reason":"line 1, column 10: the document ends too early","text":"{\"name\": "}
  {"line":4,"offset":665,"reason":"is not an object","text":"5"}
  {"line":3,"offset":640,"reason":"3 fields are wrong","errors":[{"path":"nmae","code":"unknown","message":"Asset has no field 'nmae'; did you mean 'name'?"},{"path":"type","code":"required","message":"a value is required"},{"path":"qualified_name","code":"required","message":"a value is required"}],"row":{"name":"x","nmae":1,"id":"<uuid>"}}
  $ tenon -q import ndjson wrong.ndjson --entity assets --map nmea=name --dry-run
  [3]
  $ tenon import ndjson wrong.ndjson --entity assets --map nmea=name --dry-run 2>&1 | grep nmea
  --map nmea: no row has a member 'nmea'
  $ tenon import ndjson wrong.ndjson
  line 1: names no entity; give one for all with --entity
  line 2: line 1, column 10: the document ends too early
  line 3: names no entity; give one for all with --entity
  line 4: is not an object
  rows    0 %  4 rows  <rate>  4 failed (100.0 %)  <took>
  job <ulid>: 0 written, 0 unchanged, 4 failed in <took>
  name a file with --rejects to keep every rejected row and its reason
  [3]

An import that was interrupted goes on where it was, one row later if it was just reading one.

  $ seq 1 30000 | sed 's/.*/{"name":"n&","category":"many"}/' > many.ndjson
  $ mkfifo pipe; { head -n 10000 many.ndjson; until_line go gate; tail -n +10001 many.ndjson; } > pipe & feeder=$!
  $ tenon import ndjson pipe --entity tags > first 2>&1 & importer=$!
  $ until [ "$(tenon list tags --filter 'category = "many"' --count)" -ge 8000 ]; do :; done
  $ kill -INT $importer; echo go > gate; wait $importer
  [130]
  $ cat first
  ...
  job <ulid> stopped; go on with --resume <ulid>
  $ job=$(grep -o '01[0-9A-Z]\{24\}' first | head -n 1)
  $ wait $feeder
  [141]
  $ tenon import ndjson many.ndjson --entity tags --resume $job 2>&1 | sed 's/20,000/19,999/'
  tags  100 %  19,999 rows  <rate>  <took>
  job <ulid>: 19,999 written, 0 unchanged, 0 failed in <took>
  $ tenon list tags --filter 'category = "many"' --count
  30000
  $ tenon import ndjson many.ndjson --entity tags --resume 01ARZ3NDEKTSV4RRFFQ69G5FAV
  error: there is no migration_jobs <ulid>
  [6]
  $ tenon import ndjson --resume nonsense
  error: there is no migration_jobs nonsense; its key is job_id (ulid)
  [6]
  $ stop

Without a server, into a directory, and with no server to talk to.

  $ unset TENON_URL TENON_API_KEY
  $ tenon import ndjson assets.ndjson --entity assets
  error: cannot reach http://127.0.0.1:<port>: connection refused
  hint: start a server with: tenon serve --data ./data; or name another with --url
  [10]
  $ tenon import csv tables.csv --entity tags --map table=name --map kind=category --data data
  columns left out: owner
  line 5: has 4 cells where the titles are 3
  tags, line 4: name: a value is required
  tags  100 %  5 rows  <rate>  2 failed (40.0 %)  <took>
  job <ulid>: 3 written, 0 unchanged, 2 failed in <took>
  name a file with --rejects to keep every rejected row and its reason
  [3]
  $ tenon list tags --data data --filter 'category = "TABLE"' --fields name --order-by name
  name
  customers
  orders
  quoted, name
  $ tenon create tags name=inside category=x --data data
  <uuid>
  Tag created
  $ tenon audit verify --data data
  whole: 30,073 rows of the audit log verified
  $ tenon list tags --data nowhere
  error: there is no data directory nowhere; tenon serve --data nowhere makes it
  [10]
