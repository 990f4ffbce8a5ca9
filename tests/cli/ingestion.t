Imports in the command line and in the server, and the tasks that run them.

  $ mkdir target
  $ cat > target/manifest.json <<'END'
  > {"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
  >   "dbt_version": "1.10.0", "project_name": "shop", "adapter_type": "postgres"},
  >  "nodes": {
  >   "model.shop.orders": {"resource_type": "model", "name": "orders", "package_name": "shop",
  >     "tags": ["daily"], "config": {"materialized": "view"}, "columns": {"id": {"name": "id", "data_type": "bigint"}},
  >     "depends_on": {"nodes": ["source.shop.raw.orders"]}},
  >   "model.shop.gone": {"resource_type": "model", "name": "gone", "package_name": "shop",
  >     "depends_on": {"nodes": ["model.shop.orders"]}}},
  >  "sources": {"source.shop.raw.orders": {"resource_type": "source", "name": "raw_orders", "package_name": "shop"}}}
  > END
  $ start --set ingest.import_roots=$PWD/target
  $ tenon -q import dbt --target target
  job <ulid>: 8 written, 0 unchanged, 0 failed in <took>
  $ tenon -q import dbt --target target
  job <ulid>: 0 written, 8 unchanged, 0 failed in <took>
  $ tenon list assets --fields type,name,qualified_name --order-by name
  type   name        qualified_name
  TABLE  gone        dbt://shop/model.shop.gone
  VIEW   orders      dbt://shop/model.shop.orders
  TABLE  raw_orders  dbt://shop/source.shop.raw.orders

A model that is no longer there, read by the server.

  $ python3 - <<'END'
  > import json
  > m = json.load(open("target/manifest.json"))
  > del m["nodes"]["model.shop.gone"]
  > json.dump(m, open("target/manifest.json", "w"))
  > END
  $ tenon -q import dbt --target $PWD/target --on-server -o json > started
  $ task=$(sed -n 's/.*"task_id": "\([^"]*\)".*/\1/p' started) job=$(sed -n 's/.*"job_id": "\([^"]*\)".*/\1/p' started)
  $ tenon tasks watch $task | tail -1
  <uuid>  BULK_INGESTION  COMPLETED
  $ tenon list assets --fields name --order-by name
  name
  orders
  raw_orders
  $ tenon import log $job
  <time>  info  started dbt
  <time>  info  reading
  <time>  info  shop: manifest v12 of dbt 1.10.0, 2 nodes
  <time>  info  nodes
  <time>  info  columns
  <time>  info  tags
  <time>  info  lineage
  <time>  info  succeeded: 0 written, 6 unchanged, 0 rejected, 2 ended
  $ tenon import log $job --rejects

What the server does not read.

  $ tenon import dbt --target target --on-server --dry-run
  error: --dry-run does not go with --on-server
  [2]
  $ tenon -q import dbt --target /etc --on-server -o json > started
  $ task=$(sed -n 's/.*"task_id": "\([^"]*\)".*/\1/p' started)
  $ tenon tasks watch $task | tail -1
  <uuid>  BULK_INGESTION  FAILED  /etc/manifest.json is not in a folder that the server may read (ingest.import_roots)
  $ tenon import dbt --target target --on-server
  job <ulid>, task <uuid>
  follow it with: tenon tasks watch <uuid>
  $ tenon import dbt
  error: the options of dbt are wrong
    options.manifest: is required, or target with the folder it lies in
  [3]
  $ tenon import postgres --url postgresql://app:hunter2@db.example/shop
  error: the options of postgres are wrong
    options.url: must hold no password, which everybody who reads the job would see; give it as the job's secret (PGPASSWORD on the command line)
  [3]
  $ tenon import http --url ftp://example.org --next sometimes
  error: the options of custom-http are wrong
    options.url: <*>
    options.next: is none, link, cursor, offset or page
  [3]
  $ tenon -q create tags name=red >/dev/null
  $ mkdir -p items
  $ tenon -q import http --url $TENON_URL/v1/tags --items items --item-key id --map name=properties.title \
  >   --set type=DOCUMENT --header "Authorization: Bearer $TENON_API_KEY"
  job <ulid>: 2 written, 0 unchanged, 0 failed in <took>
  $ tenon -q import http --url http://127.0.0.1:1/ --entity tagz
  error: there is no entity 'tagz'; did you mean tags?
  [6]
  $ echo '{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v99.json"}}' > m.json
  $ tenon -q import dbt --manifest m.json
  error: $WORK/run/m.json: version 99 of dbt's manifest is not known; known are 1 to 12
  [3]

A manifest without nodes takes nothing away, and one that lost some says how many rows it ended.

  $ sed 's/"nodes"/"knots"/' target/manifest.json > m.json
  $ tenon -q import dbt --manifest m.json
  error: $WORK/run/m.json: it is no dbt manifest: it has no nodes
  [3]
  $ tenon -q import dbt --target m.json
  error: $WORK/run/m.json is a file, not a folder with manifest.json in it
  [2]
  $ sed 's/"nodes": {.*"sources"/"nodes": {}, "sources"/' target/manifest.json > m.json
  $ tenon -q import dbt --manifest m.json
  job <ulid>: 0 written, 1 unchanged, 0 failed, <*> ended in <took>

Tasks.

  $ tenon create background_tasks type=SOMEBODY_ELSES -o json > made
  $ task=$(sed -n 's/^ *"id": "\([^"]*\)".*/\1/p' made)
  $ tenon tasks --type SOMEBODY_ELSES
  id                                    type            status   progress  priority  retry_count  created_at           error_message
  <uuid>  SOMEBODY_ELSES  PENDING  0         0         0            <time>  -
  $ tenon tasks cancel $task --reason 'not needed'
  task <uuid> is cancelled
  $ tenon tasks watch $task
  <uuid>  SOMEBODY_ELSES  CANCELLED
  [1]
  $ tenon tasks rerun $task
  task <uuid> will run again
  $ tenon tasks resolve $task
  error: task <uuid> is of type SOMEBODY_ELSES, which workers do; only REMEDIATION tasks are a person's to resolve
  [7]
  $ tenon create background_tasks type=REMEDIATION 'payload={"what": "broker away", "try": ["restart it"]}' -o json > made
  $ task=$(sed -n 's/^ *"id": "\([^"]*\)".*/\1/p' made)
  $ tenon tasks --type REMEDIATION
  id                                    type         status   progress  priority  retry_count  created_at           error_message
  <uuid>  REMEDIATION  PENDING  0         0         0            <time>  -
  
  <uuid>  broker away
    - restart it
    - then: tenon tasks resolve <uuid>
  $ tenon tasks resolve $task --note restarted
  task <uuid> is resolved
  $ stop
