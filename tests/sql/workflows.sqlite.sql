CREATE TABLE "workflow_executions" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "correlation_id" TEXT NOT NULL,
  "workflow_type" TEXT NOT NULL CONSTRAINT "ck_workflow_executions_workflow_type" CHECK (length("workflow_type") <= 100),
  "current_state" TEXT NOT NULL DEFAULT 'PENDING' CONSTRAINT "ck_workflow_executions_current_state" CHECK ("current_state" IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED')),
  "namespace" TEXT NOT NULL CONSTRAINT "ck_workflow_executions_namespace" CHECK (length("namespace") <= 100),
  "started_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "completed_at" TEXT,
  "execution_time_ms" INTEGER CONSTRAINT "ck_workflow_executions_execution_time_ms" CHECK ("execution_time_ms" >= 0),
  "error_message" TEXT,
  "metadata" TEXT NOT NULL DEFAULT '{}' CONSTRAINT "ck_workflow_executions_metadata" CHECK (json_valid("metadata")),
  PRIMARY KEY ("id")
) STRICT;
CREATE UNIQUE INDEX "uq_workflow_executions_tenant_id_id" ON "workflow_executions" ("tenant_id", "id");
CREATE INDEX "idx_workflow_executions_correlation" ON "workflow_executions" ("correlation_id");
CREATE INDEX "idx_workflow_executions_namespace" ON "workflow_executions" ("namespace");
CREATE INDEX "idx_workflow_executions_state" ON "workflow_executions" ("current_state");
CREATE INDEX "idx_workflow_executions_started" ON "workflow_executions" ("started_at" DESC);
CREATE INDEX "idx_workflow_executions_workflow_type_started_at" ON "workflow_executions" ("workflow_type", "started_at" DESC);
CREATE UNIQUE INDEX "uq_workflow_executions_correlation_id" ON "workflow_executions" ("tenant_id", "correlation_id");

CREATE TABLE "workflow_steps" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "workflow_id" TEXT NOT NULL,
  "step_name" TEXT NOT NULL CONSTRAINT "ck_workflow_steps_step_name" CHECK (length("step_name") <= 200),
  "step_order" INTEGER NOT NULL CONSTRAINT "ck_workflow_steps_step_order" CHECK ("step_order" >= 0),
  "status" TEXT NOT NULL DEFAULT 'PENDING' CONSTRAINT "ck_workflow_steps_status" CHECK ("status" IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED', 'SKIPPED')),
  "execution_time_ms" INTEGER CONSTRAINT "ck_workflow_steps_execution_time_ms" CHECK ("execution_time_ms" >= 0),
  "step_data" TEXT NOT NULL DEFAULT '{}' CONSTRAINT "ck_workflow_steps_step_data" CHECK (json_valid("step_data")),
  "error_message" TEXT,
  "started_at" TEXT,
  "completed_at" TEXT,
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_workflow_steps_workflow_id" FOREIGN KEY ("tenant_id", "workflow_id") REFERENCES "workflow_executions" ("tenant_id", "id")
) STRICT;
CREATE INDEX "idx_workflow_steps_workflow" ON "workflow_steps" ("workflow_id");
CREATE INDEX "idx_workflow_steps_status" ON "workflow_steps" ("status");
CREATE INDEX "idx_workflow_steps_created" ON "workflow_steps" ("created_at" DESC);
CREATE INDEX "idx_workflow_steps_workflow_order" ON "workflow_steps" ("workflow_id", "step_order");

CREATE TABLE "fsm_transitions" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "entity_id" TEXT NOT NULL,
  "entity_type" TEXT NOT NULL CONSTRAINT "ck_fsm_transitions_entity_type" CHECK (length("entity_type") <= 100),
  "from_state" TEXT CONSTRAINT "ck_fsm_transitions_from_state" CHECK (length("from_state") <= 100),
  "to_state" TEXT NOT NULL CONSTRAINT "ck_fsm_transitions_to_state" CHECK (length("to_state") <= 100),
  "transition_event" TEXT NOT NULL CONSTRAINT "ck_fsm_transitions_transition_event" CHECK (length("transition_event") <= 100),
  "transition_data" TEXT NOT NULL DEFAULT '{}' CONSTRAINT "ck_fsm_transitions_transition_data" CHECK (json_valid("transition_data")),
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "actor" TEXT,
  PRIMARY KEY ("id")
) STRICT;
CREATE INDEX "idx_fsm_transitions_entity" ON "fsm_transitions" ("entity_id", "entity_type");
CREATE INDEX "idx_fsm_transitions_type" ON "fsm_transitions" ("entity_type");
CREATE INDEX "idx_fsm_transitions_created" ON "fsm_transitions" ("created_at" DESC);
CREATE INDEX "idx_fsm_transitions_states" ON "fsm_transitions" ("from_state", "to_state");

CREATE TABLE "bridge_states" (
  "bridge_id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "namespace" TEXT NOT NULL CONSTRAINT "ck_bridge_states_namespace" CHECK (length("namespace") <= 100),
  "total_workflows_processed" INTEGER NOT NULL DEFAULT 0 CONSTRAINT "ck_bridge_states_total_workflows_processed" CHECK ("total_workflows_processed" >= 0),
  "total_items_aggregated" INTEGER NOT NULL DEFAULT 0 CONSTRAINT "ck_bridge_states_total_items_aggregated" CHECK ("total_items_aggregated" >= 0),
  "aggregation_metadata" TEXT NOT NULL DEFAULT '{}' CONSTRAINT "ck_bridge_states_aggregation_metadata" CHECK (json_valid("aggregation_metadata")),
  "current_fsm_state" TEXT NOT NULL DEFAULT 'IDLE' CONSTRAINT "ck_bridge_states_current_fsm_state" CHECK ("current_fsm_state" IN ('IDLE', 'ACTIVE', 'PAUSED', 'FAILED')),
  "last_aggregation_timestamp" TEXT,
  "error_message" TEXT,
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "updated_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  PRIMARY KEY ("bridge_id")
) STRICT;
CREATE INDEX "idx_bridge_states_namespace" ON "bridge_states" ("namespace");
CREATE INDEX "idx_bridge_states_state" ON "bridge_states" ("current_fsm_state");
CREATE INDEX "idx_bridge_states_last_aggregation" ON "bridge_states" ("last_aggregation_timestamp" DESC);
CREATE INDEX "idx_bridge_states_namespace_state" ON "bridge_states" ("namespace", "current_fsm_state");

CREATE TABLE "node_registrations" (
  "node_id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "node_type" TEXT NOT NULL CONSTRAINT "ck_node_registrations_node_type" CHECK (length("node_type") <= 100),
  "node_version" TEXT NOT NULL CONSTRAINT "ck_node_registrations_node_version" CHECK (length("node_version") <= 50),
  "capabilities" TEXT NOT NULL DEFAULT '[]' CONSTRAINT "ck_node_registrations_capabilities" CHECK (json_valid("capabilities")),
  "endpoints" TEXT NOT NULL DEFAULT '{}' CONSTRAINT "ck_node_registrations_endpoints" CHECK (json_valid("endpoints")),
  "metadata" TEXT NOT NULL DEFAULT '{}' CONSTRAINT "ck_node_registrations_metadata" CHECK (json_valid("metadata")),
  "health_status" TEXT NOT NULL DEFAULT 'HEALTHY',
  "last_heartbeat" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "name" TEXT CONSTRAINT "ck_node_registrations_name" CHECK (length("name") <= 200),
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "updated_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  PRIMARY KEY ("node_id")
) STRICT;
CREATE INDEX "idx_node_registrations_health" ON "node_registrations" ("health_status");
CREATE INDEX "idx_node_registrations_type" ON "node_registrations" ("node_type");
CREATE INDEX "idx_node_registrations_heartbeat" ON "node_registrations" ("last_heartbeat" DESC);
CREATE INDEX "idx_node_registrations_type_health" ON "node_registrations" ("node_type", "health_status");

CREATE TABLE "metadata_stamps" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "workflow_id" TEXT,
  "file_hash" TEXT NOT NULL CONSTRAINT "ck_metadata_stamps_file_hash" CHECK (length("file_hash") <= 128),
  "stamp_data" TEXT NOT NULL DEFAULT '{}' CONSTRAINT "ck_metadata_stamps_stamp_data" CHECK (json_valid("stamp_data")),
  "namespace" TEXT NOT NULL CONSTRAINT "ck_metadata_stamps_namespace" CHECK (length("namespace") <= 100),
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_metadata_stamps_workflow_id" FOREIGN KEY ("tenant_id", "workflow_id") REFERENCES "workflow_executions" ("tenant_id", "id")
) STRICT;
CREATE INDEX "idx_metadata_stamps_workflow" ON "metadata_stamps" ("workflow_id");
CREATE INDEX "idx_metadata_stamps_hash" ON "metadata_stamps" ("file_hash");
CREATE INDEX "idx_metadata_stamps_namespace" ON "metadata_stamps" ("namespace");
CREATE INDEX "idx_metadata_stamps_created" ON "metadata_stamps" ("created_at" DESC);
CREATE INDEX "idx_metadata_stamps_namespace_created" ON "metadata_stamps" ("namespace", "created_at" DESC);

CREATE TRIGGER "tg_workflow_steps_workflow_id_deleted" AFTER DELETE ON "workflow_executions"
BEGIN
  DELETE FROM "workflow_steps" WHERE "tenant_id" = OLD."tenant_id" AND "workflow_id" = OLD."id";
END;

CREATE TRIGGER "tg_bridge_states_updated" AFTER UPDATE ON "bridge_states"
WHEN NEW."updated_at" IS OLD."updated_at" AND NEW."updated_at" IS NOT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
BEGIN
  UPDATE "bridge_states" SET "updated_at" = (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')) WHERE rowid = NEW.rowid;
END;

CREATE TRIGGER "tg_node_registrations_enums_insert" BEFORE INSERT ON "node_registrations"
BEGIN
  SELECT RAISE(ABORT, 'enum: node_registrations.health_status') WHERE NEW."health_status" NOT IN ('HEALTHY', 'DEGRADED', 'UNHEALTHY');
END;

CREATE TRIGGER "tg_node_registrations_enums_update" BEFORE UPDATE OF "health_status" ON "node_registrations"
BEGIN
  SELECT RAISE(ABORT, 'enum: node_registrations.health_status') WHERE NEW."health_status" NOT IN ('HEALTHY', 'DEGRADED', 'UNHEALTHY');
END;

CREATE TRIGGER "tg_node_registrations_updated" AFTER UPDATE ON "node_registrations"
WHEN NEW."updated_at" IS OLD."updated_at" AND NEW."updated_at" IS NOT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
BEGIN
  UPDATE "node_registrations" SET "updated_at" = (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')) WHERE rowid = NEW.rowid;
END;

CREATE TRIGGER "tg_metadata_stamps_workflow_id_deleted" AFTER DELETE ON "workflow_executions"
BEGIN
  UPDATE "metadata_stamps" SET "workflow_id" = NULL WHERE "tenant_id" = OLD."tenant_id" AND "workflow_id" = OLD."id";
END;
