OpenLineage: events from a file, and what was changed by whom.

  $ start
  $ event() { echo '{"eventType":"'$1'","eventTime":"'$2'","producer":"p","run":{"runId":"0193480a-0000-7000-8000-000000000001"},"job":{"namespace":"nightly","name":"load"},"inputs":[{"namespace":"db","name":"raw"}],"outputs":[{"namespace":"db","name":"mart"}]}'; }
  $ event COMPLETE 2026-11-21T02:10:00Z > events.ndjson
  $ event START 2026-11-21T02:00:00 >> events.ndjson
  $ echo 'no event' >> events.ndjson
  $ echo '{"eventTime":"2026-11-21T02:00:00Z","producer":"p","job":{"name":"lost"}}' >> events.ndjson
  $ tenon import openlineage events.ndjson
  line 3: line 1, column 1: unexpected 'n'
  line 4: this is no OpenLineage event that can be kept: job.namespace is required
  events  100 %  4 rows  <rate>  2 failed (50.0 %)  <took>
  job <ulid>: 2 written, 0 unchanged, 2 failed in <took>
  name a file with --rejects to keep every rejected row and its reason
  [3]
  $ tenon list workflow_executions -o json --fields current_state,execution_time_ms
  [
    {
      "current_state": "COMPLETED",
      "execution_time_ms": 600000
    }
  ]
  $ tenon list assets --fields type,qualified_name
  type     qualified_name
  DATASET  db/mart
  DATASET  db/raw
  JOB      job:nightly/load
  $ tenon import openlineage --dry-run events.ndjson
  line 3: line 1, column 1: unexpected 'n'
  events  100 %  4 rows  <rate>  1 failed (25.0 %)  <took>
  3 rows would be sent, 1 cannot be read
  name a file with --rejects to keep every rejected row and its reason
  [3]
  $ event FAIL 2026-11-22T02:10:00Z > event.json
  $ tenon -q import openlineage event.json
  job <ulid>: 1 written, 0 unchanged, 0 failed in <took>
  $ tenon list workflow_executions --fields current_state,error_message
  current_state  error_message
  FAILED         failed; the client gave no reason

  $ tag=$(tenon -q create tags name=one category=x)
  $ tenon -q update tags $tag name=two | wc -l
  1
  $ tenon -q update tags $tag description='the second' | wc -l
  1
  $ tenon audit list --entity tags --field name -o ndjson | grep -o '"action":"[A-Z]*"'
  "action":"UPDATE"
  "action":"CREATE"
  $ tenon audit list --entity tags --field description --since 1h | wc -l
  3
  $ tenon audit list --field name --until 1h
  $ tenon audit show $(tenon audit list --entity tags --field description --limit 1 -o ndjson | grep -o '"id":"[^"]*"' | head -n 1 | cut -d'"' -f4)
  what    UPDATE TAG <uuid>
  who     <uuid>
  when    <time>
  from    127.0.0.1
  with    tenon-cli/0.1.0
  @@ -1,7 +1,7 @@
   {
     "category": "x",
     "created_at": "<time>",
  -  "description": null,
  +  "description": "the second",
     "id": "<uuid>",
     "name": "two",
     "tenant_id": "<uuid>"
  $ tenon audit export --entity tags --state position --file log.ndjson
  3 log rows; go on with --after <position>
  $ wc -l < log.ndjson
  3
  $ tenon -q delete tags $tag
  $ tenon audit export --entity tags --state position --file log.ndjson
  1 log rows; go on with --after <position>
  $ wc -l < log.ndjson
  4
  $ tail -n 1 log.ndjson | grep -o '"action":"[A-Z]*"'
  "action":"DELETE"

  $ id=$(tenon -q create tenants name=Acme slug=acme)
  $ tenon -q --tenant acme create assets type=TABLE name=treasure qualified_name=treasure | wc -l
  1
  $ tenon tenants erase acme --yes
  error: close the tenant first: nobody may work in it while it goes
  [7]
  $ tenon --tenant acme do tenants $id close | wc -l
  Tenant close done: status is DELETED
  1
  $ tenon tenants erase acme
  error: this cannot be undone: confirm it with --yes
  [2]
  $ tenon tenants erase acme --reason 'ticket 7' --yes
  2 rows erased, 8 rows of the log lost their payload; tenon audit verify still holds
  $ tenon audit verify
  whole: 27 rows of the audit log verified
