Connectors: tried before they are active, and seen as users of Kafka Connect know them. The server's own tags are what is
polled.

  $ export ENCRYPTION_KEY=$(printf 'a%.0s' {1..64})
  $ start --set net.allow=127.0.0.1
  $ tenon connectors
  no rows
  $ tenon -q create tags name=red >/dev/null
  $ tenon create connector_configs -o json -f - >made <<END
  > {"name": "tags", "type": "http", "config": {"url": "$TENON_URL/v1/tags", "api_key": "$TENON_API_KEY",
  >   "item_path": "items", "poll_interval": "PT1H", "fields": {"name": "name"}}}
  > END
  $ grep -c "$TENON_API_KEY" made
  0
  [1]
  $ id=$(sed -n 's/^ *"connector_id": "\([^"]*\)".*/\1/p' made)
  $ tenon connectors activate tags
  error: 'activate' is not allowed now: it needs validated_at is not null
    allowed events: validated, heartbeat, restart, poll, remediate
    state: draft
  [7]
  $ tenon connectors validate tags 2>said
  $ tenon tasks watch $(sed 's/^task \([^ ]*\) .*/\1/' said) | tail -1
  <uuid>  METADATA_SYNC  COMPLETED
  $ tenon connectors activate tags
  connector tags is active
  $ until tenon get connector_configs $id -o json | grep -q '"last_heartbeat": "'; do read -rt 0.05 <> <(:); done; true
  $ tenon list graph_nodes --fields type,properties
  type      properties
  DOCUMENT  {"name":"red","origin":"connector:<uuid>"}
  $ tenon connectors status tags | sed 's/RUNNING  [^ ]*  /RUNNING  WORKER  /'
  tags  http  RUNNING
    validated_at    <time>
    last_heartbeat  <time>
    heartbeat_due   <time>
    next_poll_at    <time>
    task 0  RUNNING  WORKER  <time>
  $ tenon connectors lag tags | sed 's/seconds.*/seconds/'
  last_heartbeat   <time>
  heartbeat_due    <time>
  next_poll_at     <time>
  age_seconds
  overdue_seconds
  $ tenon connectors --status active
  connector_id                          name  type  status  last_heartbeat       next_poll_at         error_message
  <uuid>  tags  http  active  <time>  <time>  -

A key that pushes here and does nothing else.

  $ key=$(tenon connectors key tags)
  this is the only time that the key is shown; it may push to this connector, and nothing else
  $ TENON_API_KEY=$key call POST /v1/connector_configs/$id:push -H 'Content-Type: application/json' -d '{"items": [{"id": "a", "name": "pushed"}, {"name": "keyless"}]}'
  {"written":1,"unchanged":0,"rejected":[{"item":1,"reason":"the item has no id, its key"}]}
  200
  $ TENON_API_KEY=$key tenon connectors
  error: this key may only push to its connector
  hint: ask an admin of the tenant for a key with the role: tenon keys create --roles ROLE
  [5]
  $ tenon connectors errors tags --rejects
  at                   where  item  reason
  <time>  -      1     the item has no id, its key
  $ tenon -q connectors key tags >newer
  $ TENON_API_KEY=$key tenon connectors
  error: the API key is not known, has expired or was revoked
  hint: the key was not accepted; list keys with tenon keys list under a valid one, or log in again: tenon login
  [4]
  $ tenon keys list | grep -c push
  1

Stopped, begun again, and wrong.

  $ tenon connectors pause tags
  connector tags is paused
  $ tenon connectors status tags | head -1
  tags  http  PAUSED
  $ tenon connectors resume tags
  connector tags goes on
  $ tenon connectors restart tags
  connector tags begins anew
  $ tenon connectors pause nothing
  error: there is no connector with the id or name nothing
  [6]
  $ tenon create connector_configs -o json -f - >made <<END
  > {"name": "videos", "type": "kafka", "config": {"brokers": ["10.0.0.1:9092"], "topics": ["videos"], "password": "s3cr3t"}}
  > END
  $ grep -c s3cr3t made
  0
  [1]
  $ tenon connectors validate videos 2>said
  $ tenon tasks watch $(sed 's/^task \([^ ]*\) .*/\1/' said) | tail -1
  <uuid>  METADATA_SYNC  FAILED  10.0.0.1 is a private address, which outbound requests may not reach; an operator can allow it with net.allow in tenon.toml
  $ tenon connectors errors videos -o json | grep -v '"worker"\|"id"'
  [
    {
      "at": "<time>",
      "code": "forbidden",
      "message": "10.0.0.1 is a private address, which outbound requests may not reach; an operator can allow it with net.allow in tenon.toml",
    }
  ]
  $ tenon connectors status videos | sed 's/FAILED  [^ ]*/FAILED  WORKER/'
  videos  kafka  UNASSIGNED
    task 0  FAILED  WORKER  <time>  10.0.0.1 is a private address, which outbound requests may not reach; an operator can allow it with net.allow in tenon.toml
  $ tenon connectors lag videos
  nothing was consumed yet
  $ stop
