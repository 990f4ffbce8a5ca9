The log: watch, audit, views.

  $ start
  $ tenon watch tags --limit 2 > watched & watcher=$!
  $ until [ "$(curl -s $TENON_URL/metrics | sed -n 's/^tenon_streams //p')" = 1 ]; do :; done
  $ tag=$(tenon -q create tags name=one category=x)
  $ tenon -q create assets type=TABLE name=a qualified_name=a | wc -l
  1
  $ tenon -q update tags $tag name=uno | wc -l
  1
  $ wait $watcher
  $ cat watched
  <time>  Tag <uuid>  CREATE  name=one
  <time>  Tag <uuid>  UPDATE  name=uno
  $ tenon watch tags --from beginning --limit 1 -o json
  {"specversion":"1.0","id":"<uuid>","source":"/v1/tags","type":"tenon.tags.create","subject":"<uuid>","time":"<time>","datacontenttype":"application/json","data":{"position":"<position>","id":"<uuid>","tenant_id":"<uuid>","entity":"Tag","table":"tags","key":"<uuid>","action":"CREATE","user_id":"<uuid>","time":"<time>","before":null,"after":{"category":"x","created_at":"<time>","description":null,"id":"<uuid>","name":"one","tenant_id":"<uuid>"},"metadata":{}}}
  $ tenon watch tags --from beginning --limit 1 --filter 'name = "uno"'
  <time>  Tag <uuid>  UPDATE  name=uno

  $ tenon audit list
  timestamp            action  entity_type  entity_id                             user_id                               ip_address
  <time>  UPDATE  TAG          <uuid>  <uuid>  127.0.0.1
  <time>  CREATE  ASSET        <uuid>  <uuid>  127.0.0.1
  <time>  CREATE  TAG          <uuid>  <uuid>  127.0.0.1
  <time>  CREATE  API_KEY      <uuid>  <uuid>  -
  <time>  CREATE  USER         <uuid>  <uuid>  -
  <time>  CREATE  TENANT       <uuid>  <uuid>  -
  <time>  CREATE  USER         <uuid>  <uuid>  -
  $ tenon audit list --entity tags --limit 1 -o ndjson | grep -o '"action":"[A-Z]*"'
  "action":"UPDATE"
  $ tenon audit list --entity Tag --action CREATE --since 1h | wc -l
  2
  $ tenon audit list --since yesterday
  error: --since takes a duration such as 24h or a time such as <time>, not 'yesterday'
  [2]
  $ tenon audit list --entity tgas
  error: there is no entity 'tgas'; did you mean tags?
  [6]
  $ tenon audit checkpoint -o point.json
  wrote point.json; keep it where nobody who can change the data can change it
  $ cat point.json
  {"time":"<time>","heads":[{"tenant_id":"<uuid>","position":"<position>","seal":"<sha256>"}],"signature":"<sha256>"}
  $ tenon audit verify --checkpoint point.json
  whole: 7 rows of the audit log verified
  $ tenon audit verify --checkpoint missing.json
  error: cannot read missing.json: there is no such file
  [6]
  $ echo '{}' > empty.json; tenon audit verify --checkpoint empty.json
  error: checkpoint: this server did not sign it, or it was changed
  [3]

  $ tenon view | head -n 5
  view                     parameters                     description
  asset_lineage_out        root uuid                      What an asset points at
  asset_lineage_in         root uuid                      What points at an asset
  asset_search             term text, rows int            Assets by a pattern in name or description, the latest first
  asset_details            asset uuid                     An asset with its columns, tags and neighbours
  $ tenon view most_depended_on
  id                                    type   name  qualified_name  dependents
  <uuid>  TABLE  a     a               0
  $ tenon view most_depended_on -o json
  [
    {
      "id": "<uuid>",
      "type": "TABLE",
      "name": "a",
      "qualified_name": "a",
      "dependents": 0
    }
  ]
  $ stop

Whoever changes the log is found, and so is who cuts it off and doctors its end.

  $ cp -r data cut
  $ sqlite3 data/tenon.db "UPDATE audits SET action = 'DELETE' WHERE action = 'UPDATE'"
  $ tenon audit verify --data data
  broken: altered or reordered: it does not follow from the row before it in its tenant (audit row <uuid>)
  [1]
  $ tenon doctor --data data | grep -A 1 chain
  error    audit chain: row 9: altered or reordered: it does not follow from the row before it in its tenant
             somebody or something changed the log; compare with a backup
  $ tenon doctor --data data > /dev/null
  [1]
  $ cat > cut.sql <<'END'
  > CREATE TEMP TABLE newest AS SELECT * FROM audit_seals ORDER BY seq DESC LIMIT 1;
  > DELETE FROM audit_seals WHERE seq IN (SELECT seq FROM newest);
  > DELETE FROM audits WHERE id IN (SELECT audit_id FROM newest);
  > UPDATE audit_heads SET (seq, seal) = (SELECT s.seq, s.seal FROM audit_seals s
  >   WHERE s.tenant_id = audit_heads.tenant_id ORDER BY s.seq DESC LIMIT 1);
  > END
  $ sqlite3 cut/tenon.db < cut.sql
  $ tenon audit verify --data cut
  whole: 6 rows of the audit log verified
  $ tenon audit verify --data cut --checkpoint point.json
  broken: truncated: the checkpoint has this row and the log has not
  [1]
