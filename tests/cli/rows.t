Rows of any entity: create, get, list, update, do, delete, restore, history.

  $ start

  $ asset=$(tenon create assets type=TABLE name=orders qualified_name=shop.orders)
  Asset created
  $ echo "$asset"
  <uuid>
  $ echo '{"name": "pii", "category": "Sensitive"}' | tenon create tags
  <uuid>
  Tag created
  $ printf 'name: gold\ncategory: Quality\n' > tag.yaml
  $ tenon create tags -f tag.yaml name=silver
  <uuid>
  Tag created
  $ tenon list tags --order-by name
  id                                    name    category   created_at
  <uuid>  pii     Sensitive  <time>
  <uuid>  silver  Quality    <time>
  $ tenon get assets $asset
  id              <uuid>
  tenant_id       <uuid>
  type            TABLE
  name            orders
  qualified_name  shop.orders
  description     -
  metadata        {}
  version         1
  created_by      <uuid>
  created_at      <time>
  updated_at      <time>
  deleted_at      -
  job_id          -
  $ tenon get assets $asset -o json
  {
    "id": "<uuid>",
    "tenant_id": "<uuid>",
    "type": "TABLE",
    "name": "orders",
    "qualified_name": "shop.orders",
    "description": null,
    "metadata": {},
    "version": 1,
    "created_by": "<uuid>",
    "created_at": "<time>",
    "updated_at": "<time>",
    "deleted_at": null,
    "job_id": null
  }
  $ tenon get assets $asset -o yaml --fields name,type
  name: orders
  type: TABLE

Updates merge; a version that is not the present one is refused.

  $ tenon update assets $asset description='All orders' metadata.owner=sales
  <uuid>
  Asset updated
  $ tenon update assets $asset metadata.team=core metadata.owner:=null
  <uuid>
  Asset updated
  $ tenon get assets $asset --fields version,description,metadata -o ndjson
  {"version":3,"description":"All orders","metadata":{"team":"core"}}
  $ tenon update assets $asset --if-match 1 name=x
  error: it was changed since: If-Match names "1", it is "3" now
  [8]
  $ tenon update assets $asset --if-match 3 name=orders2
  <uuid>
  Asset updated

Lists.

  $ for i in 1 2 3 4 5; do tenon -q create tags name=t$i category=T; done > ids
  $ wc -l < ids
  5
  $ tenon list tags --filter 'category = "T"' --order-by 'name desc' --fields name --limit 2
  name
  t5
  t4
  2 shown, there are more: --all, --limit N or --page-token <token>
  $ tenon list tags --filter 'category = "T"' --count
  5
  $ tenon list tags --filter 'category = "T"' --order-by name --fields name --limit 2 -o json
  [
    {
      "name": "t1"
    },
    {
      "name": "t2"
    }
  ]
  $ tenon list tags --all --fields name --order-by name -o ndjson
  {"name":"pii"}
  {"name":"silver"}
  {"name":"t1"}
  {"name":"t2"}
  {"name":"t3"}
  {"name":"t4"}
  {"name":"t5"}
  $ tenon list tags --filter 'category = "None"'
  no rows
  $ tenon list tags --filter 'category = "None"' -o json
  []

Events of a lifecycle.

  $ run=$(tenon -q create workflow_executions workflow_type=build correlation_id=0c7a2f1e-5a90-4f6a-9f0b-0d9e3a1c7b11)
  $ tenon do workflow_executions $run complete
  error: 'complete' is not allowed in state PENDING; allowed now: start
  [7]
  $ tenon do workflow_executions $run start
  <uuid>
  WorkflowExecution start done: current_state is PROCESSING
  $ tenon do workflow_executions $run fail
  error: error_message: a value is required
  [3]
  $ tenon do workflow_executions $run fail error_message="disk full"
  <uuid>
  WorkflowExecution fail done: current_state is FAILED
  $ tenon get workflow_executions $run --fields current_state,error_message
  current_state  FAILED
  error_message  disk full
  $ tenon history workflow_executions $run
  <time>  fail  by <uuid>
      PROCESSING -> FAILED
      completed_at: - -> <time>
      current_state: PROCESSING -> FAILED
      error_message: - -> disk full
      execution_time_ms: - -> <*>
  <time>  start  by <uuid>
      PENDING -> PROCESSING
      current_state: PENDING -> PROCESSING
      started_at: <time> -> <time>
  <time>  CREATE  by <uuid>
      correlation_id: <uuid>
      current_state: PENDING
      id: <uuid>
      metadata: {}
      namespace: default
      started_at: <time>
      tenant_id: <uuid>
      workflow_type: build

Deleting, looking at what was deleted, bringing it back.

  $ tenon delete assets $asset
  Asset <uuid> deleted; back with: tenon do assets <uuid> restore
  $ tenon get assets $asset
  error: there is no assets <uuid>
  [6]
  $ tenon get assets orders2
  error: there is no assets orders2; its key is id (uuid)
  [6]
  $ tenon get assets $asset --deleted --fields name
  name  orders2
  $ tenon list assets
  no rows
  $ tenon list assets --deleted --fields name
  name
  orders2
  $ tenon do assets $asset restore
  <uuid>
  Asset restore done
  $ tenon list assets --fields name
  name
  orders2
  $ tenon get assets $asset --as-of 2001-01-01T00:00:00Z
  error: there is no assets <uuid>
  [6]
  $ tenon delete tags $(head -n 2 ids)
  Tag <uuid> deleted
  Tag <uuid> deleted
  $ tenon delete tags $(head -n 1 ids)
  error: there is no tags <uuid>
  [6]

  $ stop
