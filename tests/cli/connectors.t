Connectors: tried before they are active, and seen as users of Kafka Connect know them. The server's own tags are what is
polled.

  $ export ENCRYPTION_KEY=$(printf 'a%.0s' {1..64})
  $ start --set net.allow=127.0.0.1
  $ tenon connectors
  $ tenon -q create tags name=red
  $ tenon create connector_configs -o json -f - >made <<END
  > {"name": "tags", "type": "http", "config": {"url": "$TENON_URL/v1/tags", "api_key": "$TENON_API_KEY",
  >   "item_path": "items", "poll_interval": "PT1H", "fields": {"name": "name"}}}
  > END
  $ grep -c "$TENON_API_KEY" made
  $ id=$(sed -n 's/^ *"connector_id": "\([^"]*\)".*/\1/p' made)
  $ tenon connectors activate tags
  $ tenon connectors validate tags 2>said
  $ tenon tasks watch $(sed 's/^task \([^ ]*\) .*/\1/' said) | tail -1
  $ tenon connectors activate tags
  $ until tenon get connector_configs/$id -o json | grep -q '"last_heartbeat": "'; do read -rt 0.05 <> <(:); done
  $ tenon list graph_nodes --fields type,properties
  $ tenon connectors status tags | sed 's/RUNNING  [^ ]*  /RUNNING  WORKER  /'
  $ tenon connectors lag tags | sed 's/seconds.*/seconds/'
  $ tenon connectors --status active

A key that pushes here and does nothing else.

  $ key=$(tenon connectors key tags)
  $ TENON_API_KEY=$key call POST /v1/connector_configs/$id:push -H 'Content-Type: application/json' -d '{"items": [{"id": "a", "name": "pushed"}, {"name": "keyless"}]}'
  $ TENON_API_KEY=$key tenon connectors
  $ tenon connectors errors tags --rejects
  $ tenon -q connectors key tags >newer
  $ TENON_API_KEY=$key tenon connectors
  $ tenon keys list | grep -c push

Stopped, begun again, and wrong.

  $ tenon connectors pause tags
  $ tenon connectors status tags | head -1
  $ tenon connectors resume tags
  $ tenon connectors restart tags
  $ tenon connectors pause nothing
  $ tenon create connector_configs -o json -f - >made <<END
  > {"name": "videos", "type": "kafka", "config": {"brokers": ["10.0.0.1:9092"], "topics": ["videos"], "password": "s3cr3t"}}
  > END
  $ grep -c s3cr3t made
  $ tenon connectors validate videos 2>said
  $ tenon tasks watch $(sed 's/^task \([^ ]*\) .*/\1/' said) | tail -1
  $ tenon connectors errors videos -o json | grep -v '"worker"\|"id"'
  $ tenon connectors status videos | sed 's/FAILED  [^ ]*/FAILED  WORKER/'
  $ tenon connectors lag videos
  $ stop
