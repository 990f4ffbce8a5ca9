Models: check, fmt, models, plan, migrate, rollback, a sixth model.

  $ tenon check
  5 models, 49 entities, 52 views: no errors
  $ cat > oncall.tenon <<'END'
  > model oncall "Incidents"
  >
  > entity Incident in incidents "Something is broken" {
  >   id        uuid       key
  >   title     text(200)  search
  >   asset_id  uuid?      -> Asset as incidents on delete null
  >   state     enum(OPEN, RESOLVED)
  >   lifecycle state {
  >     initial OPEN
  >     on resolve OPEN -> RESOLVED { takes cause text }
  >   }
  > }
  > END
  $ tenon check oncall.tenon
  6 models, 50 entities, 52 views: no errors
  $ tenon check missing.tenon
  error: cannot read missing.tenon: No such file or directory
  [6]
  $ sed 's/-> Asset /-> Asett /; s/text(200)/txt(200)/' oncall.tenon > wrong.tenon
  $ tenon check wrong.tenon
  wrong.tenon:5:13: error: expected a type, not 'txt'
    5 |   title     txt(200)  search
      |             ^~~ did you mean text?
  wrong.tenon:6:27: error: there is no entity Asett
    6 |   asset_id  uuid?      -> Asett as incidents on delete null
      |                           ^~~~~
  2 errors in 6 files
  [1]
  $ head -c 100000 /dev/zero | tr '\0' '{' > brackets.tenon; tenon check brackets.tenon | head -n 3 | cut -c 1-100
  brackets.tenon:1:1: error: expected 'model NAME "description"' at the start of the file, not '{'
    1 | {{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{
      | ^
  1 error in 6 files
  $ mkdir empty; tenon check empty
  error: empty holds no .tenon file
  [6]

Formatting.

  $ tenon fmt --check oncall.tenon
  oncall.tenon
  [1]
  $ sed 's/  */ /g' oncall.tenon > loose.tenon
  $ tenon fmt --check loose.tenon
  loose.tenon
  [1]
  $ tenon fmt loose.tenon
  formatted loose.tenon
  $ tenon fmt loose.tenon
  $ cmp loose.tenon oncall.tenon
  loose.tenon oncall.tenon differ: byte 230, line 8
  [1]
  $ sed 's/  */ /g' oncall.tenon | tenon fmt - | cmp - oncall.tenon
  - oncall.tenon differ: byte 230, line 8
  [1]
  $ tenon fmt wrong.tenon
  wrong.tenon:5:13: error: expected a type, not 'txt'
    5 |   title     txt(200)  search
      |             ^~~ did you mean text?
  [2]
  $ echo 'entity' | tenon fmt -
  standard input:1:1: error: expected 'model NAME "description"' at the start of the file, not 'entity'
    1 | entity
      | ^~~~~~
  [2]
  $ tenon fmt missing.tenon
  error: cannot read missing.tenon: No such file or directory
  [6]

What a server holds; without one there is nobody to ask.

  $ tenon models | head -n 4
  error: cannot reach http://127.0.0.1:<port>: connection refused
  hint: start a server with: tenon serve --data ./data; or name another with --url

A data directory and its models.

  $ mkdir shop; mv oncall.tenon shop; rm *.tenon
  $ tenon plan
  catalog.0001
    create table tenants
    create table users
    create table tags
    create table audits
    create table background_tasks
    create table api_keys
    create table webhook_subscriptions
    create table webhook_deliveries
    create table audit_seals
    create table audit_heads
    create table audit_pending
    create table idempotency_keys
    create table leases
    create table follower_positions
    create table webhook_queue
    create table lineage_events
    create table lineage_marks
    create table engine_meta
    create table assets
    create table relationships
    create table asset_tags
    create table user_assets
    create table schemas
  deployments.0001
    create table deployments
    create table operator_actions
    create table execution_logs
  design.0001
    create table component_artifacts
    create table design_artifacts
    create table sync_operations
    create table undo_stack_entries
    create table credential_records
    create table notification_events
    create table coverage_reports
    create table stories
    create table browser_test_sessions
    create table drift_queue
  graph.0001
    create table migration_jobs
    create table graph_nodes
    create table graph_edges
    create table migration_job_lines
    create table connector_configs
    create table connector_reports
  workflows.0001
    create table workflow_executions
    create table workflow_steps
    create table fsm_transitions
    create table bridge_states
    create table node_registrations
    create table metadata_stamps
  migrate would bring the data to workflows.0001
  $ tenon migrate
  catalog.0001
    create table tenants
    create table users
    create table tags
    create table audits
    create table background_tasks
    create table api_keys
    create table webhook_subscriptions
    create table webhook_deliveries
    create table audit_seals
    create table audit_heads
    create table audit_pending
    create table idempotency_keys
    create table leases
    create table follower_positions
    create table webhook_queue
    create table lineage_events
    create table lineage_marks
    create table engine_meta
    create table assets
    create table relationships
    create table asset_tags
    create table user_assets
    create table schemas
  deployments.0001
    create table deployments
    create table operator_actions
    create table execution_logs
  design.0001
    create table component_artifacts
    create table design_artifacts
    create table sync_operations
    create table undo_stack_entries
    create table credential_records
    create table notification_events
    create table coverage_reports
    create table stories
    create table browser_test_sessions
    create table drift_queue
  graph.0001
    create table migration_jobs
    create table graph_nodes
    create table graph_edges
    create table migration_job_lines
    create table connector_configs
    create table connector_reports
  workflows.0001
    create table workflow_executions
    create table workflow_steps
    create table fsm_transitions
    create table bridge_states
    create table node_registrations
    create table metadata_stamps
  the data is at workflows.0001
  $ tenon plan
  the data directory matches the models: nothing to do
  $ tenon plan --models shop
  oncall.0001
    create table incidents
  migrate would bring the data to oncall.0001
  $ tenon plan --models shop --sql | grep -c 'CREATE'
  migrate would bring the data to oncall.0001
  3
  $ tenon migrate --models shop --dry-run
  oncall.0001
    create table incidents
        CREATE TABLE "incidents" (
          "id" TEXT NOT NULL,
          "tenant_id" TEXT NOT NULL,
          "title" TEXT NOT NULL CONSTRAINT "ck_incidents_title" CHECK (length("title") <= 200),
          "asset_id" TEXT,
          "state" TEXT NOT NULL DEFAULT 'OPEN' CONSTRAINT "ck_incidents_state" CHECK ("state" IN ('OPEN', 'RESOLVED')),
          PRIMARY KEY ("id"),
          CONSTRAINT "fk_incidents_asset_id" FOREIGN KEY ("tenant_id", "asset_id") REFERENCES "assets" ("tenant_id", "id")
        ) STRICT;
        CREATE INDEX "idx_incidents_asset_id" ON "incidents" ("asset_id");
        CREATE TRIGGER "tg_incidents_asset_id_deleted" AFTER DELETE ON "assets"
        BEGIN
          UPDATE "incidents" SET "asset_id" = NULL WHERE "tenant_id" = OLD."tenant_id" AND "asset_id" = OLD."id";
        END;
  this would bring the data to oncall.0001
  $ tenon migrate --models shop
  oncall.0001
    create table incidents
  the data is at oncall.0001
  $ tenon migrate --models shop
  the data directory matches the models: nothing to do
  $ start --models shop
  $ tenon create incidents title='No light'
  <uuid>
  Incident created
  $ tenon list incidents --fields title,state
  title     state
  No light  OPEN
  $ tenon models incidents
  Incident in incidents: Something is broken
  
  field      type                  marks     description
  id         uuid                  key
  tenant_id  uuid                  tenant    The tenant that the row belongs to
  title      text(200)
  asset_id   uuid?                 -> Asset
  state      enum(OPEN, RESOLVED)
  
  event    from  to        takes
  resolve  OPEN  RESOLVED  cause
  $ tenon models incidents -o json | head -c 60; echo
  {
    "name": "Incident",
    "table": "incidents",
    "model": "
  $ tenon plan --models shop
  error: the data directory ./data is in use by process <pid>; stop it first, or give another directory with --data
  [10]
  $ stop

A field more, one fewer: what would lose data is left out until it is asked for by name.

  $ sed -i 's/^  title .*/&\n  severity int = 3/; /asset_id/d' shop/oncall.tenon
  $ tenon plan --models shop
  oncall.0002
    keep column incidents.asset_id, no longer in the model; add column incidents.severity; drop index idx_incidents_asset_id; change references of incidents
    incidents.asset_id left the models; it is kept  (dropped only by: tenon migrate --drop incidents.asset_id)
  migrate would bring the data to oncall.0002
  $ tenon migrate --models shop
  oncall.0002
    keep column incidents.asset_id, no longer in the model; add column incidents.severity; drop index idx_incidents_asset_id; change references of incidents
    incidents.asset_id left the models; it is kept  (dropped only by: tenon migrate --drop incidents.asset_id)
  the data is at oncall.0002
  $ tenon migrate --models shop --drop incidents.asset
  error: there is no column incidents.asset to drop
  [2]
  $ tenon migrate --models shop --drop incidents.asset_id
  oncall.0003
    drop column incidents.asset_id  (loses data)
  the data is at oncall.0003
  $ tenon plan --models shop
  the data directory matches the models: nothing to do
  $ start --models shop
  $ tenon list incidents --fields title,state,severity
  title     state  severity
  No light  OPEN          3
  $ stop
  $ tenon rollback --models shop --dry-run
  oncall.0003
    undo: drop column incidents.asset_id
  the data stays at oncall.0003
  $ tenon rollback --models shop
  oncall.0003
    undo: drop column incidents.asset_id
  the data is at oncall.0002
  $ tenon rollback --models shop --to oncall.0001
  oncall.0002
    undo: keep column incidents.asset_id, no longer in the model; add column incidents.severity; drop index idx_incidents_asset_id; change references of incidents
  the data is at oncall.0001
  $ tenon rollback --to nowhere.0001
  error: no migration nowhere.0001 was applied
  [6]
  $ tenon plan --data missing
  catalog.0001
    create table tenants
    create table users
    create table tags
    create table audits
    create table background_tasks
    create table api_keys
    create table webhook_subscriptions
    create table webhook_deliveries
    create table audit_seals
    create table audit_heads
    create table audit_pending
    create table idempotency_keys
    create table leases
    create table follower_positions
    create table webhook_queue
    create table lineage_events
    create table lineage_marks
    create table engine_meta
    create table assets
    create table relationships
    create table asset_tags
    create table user_assets
    create table schemas
  deployments.0001
    create table deployments
    create table operator_actions
    create table execution_logs
  design.0001
    create table component_artifacts
    create table design_artifacts
    create table sync_operations
    create table undo_stack_entries
    create table credential_records
    create table notification_events
    create table coverage_reports
    create table stories
    create table browser_test_sessions
    create table drift_queue
  graph.0001
    create table migration_jobs
    create table graph_nodes
    create table graph_edges
    create table migration_job_lines
    create table connector_configs
    create table connector_reports
  workflows.0001
    create table workflow_executions
    create table workflow_steps
    create table fsm_transitions
    create table bridge_states
    create table node_registrations
    create table metadata_stamps
  migrate would bring the data to workflows.0001
  $ tenon migrate --models nowhere
  error: nowhere cannot be read
  [2]
