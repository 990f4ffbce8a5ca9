CREATE TABLE "workflow_executions" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "correlation_id" uuid NOT NULL,
  "workflow_type" varchar(100) COLLATE "C" NOT NULL,
  "current_state" text COLLATE "C" NOT NULL DEFAULT 'PENDING' CONSTRAINT "ck_workflow_executions_current_state" CHECK ("current_state" IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED')),
  "namespace" varchar(100) COLLATE "C" NOT NULL,
  "started_at" timestamptz NOT NULL DEFAULT now(),
  "completed_at" timestamptz,
  "execution_time_ms" bigint CONSTRAINT "ck_workflow_executions_execution_time_ms" CHECK ("execution_time_ms" >= 0),
  "error_message" text COLLATE "C",
  "metadata" jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "uq_workflow_executions_tenant_id_id" ON "workflow_executions" ("tenant_id", "id");
CREATE INDEX "idx_workflow_executions_correlation" ON "workflow_executions" ("correlation_id");
CREATE INDEX "idx_workflow_executions_namespace" ON "workflow_executions" ("namespace");
CREATE INDEX "idx_workflow_executions_state" ON "workflow_executions" ("current_state");
CREATE INDEX "idx_workflow_executions_started" ON "workflow_executions" ("started_at" DESC);
CREATE INDEX "idx_workflow_exec_metadata_gin" ON "workflow_executions" USING gin ("metadata");
CREATE INDEX "idx_workflow_executions_workflow_type_started_at" ON "workflow_executions" ("workflow_type", "started_at" DESC);
CREATE UNIQUE INDEX "uq_workflow_executions_correlation_id" ON "workflow_executions" ("tenant_id", "correlation_id");
ALTER TABLE "workflow_executions" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "workflow_executions" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "workflow_executions" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "workflow_steps" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "workflow_id" uuid NOT NULL,
  "step_name" varchar(200) COLLATE "C" NOT NULL,
  "step_order" bigint NOT NULL CONSTRAINT "ck_workflow_steps_step_order" CHECK ("step_order" >= 0),
  "status" text COLLATE "C" NOT NULL DEFAULT 'PENDING' CONSTRAINT "ck_workflow_steps_status" CHECK ("status" IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED', 'SKIPPED')),
  "execution_time_ms" bigint CONSTRAINT "ck_workflow_steps_execution_time_ms" CHECK ("execution_time_ms" >= 0),
  "step_data" jsonb NOT NULL DEFAULT '{}',
  "error_message" text COLLATE "C",
  "started_at" timestamptz,
  "completed_at" timestamptz,
  "created_at" timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_workflow_steps_workflow_id" FOREIGN KEY ("tenant_id", "workflow_id") REFERENCES "workflow_executions" ("tenant_id", "id") ON DELETE CASCADE
);
CREATE INDEX "idx_workflow_steps_workflow" ON "workflow_steps" ("workflow_id");
CREATE INDEX "idx_workflow_steps_status" ON "workflow_steps" ("status");
CREATE INDEX "idx_workflow_steps_created" ON "workflow_steps" ("created_at" DESC);
CREATE INDEX "idx_workflow_steps_workflow_order" ON "workflow_steps" ("workflow_id", "step_order");
ALTER TABLE "workflow_steps" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "workflow_steps" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "workflow_steps" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "fsm_transitions" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "entity_id" uuid NOT NULL,
  "entity_type" varchar(100) COLLATE "C" NOT NULL,
  "from_state" varchar(100) COLLATE "C",
  "to_state" varchar(100) COLLATE "C" NOT NULL,
  "transition_event" varchar(100) COLLATE "C" NOT NULL,
  "transition_data" jsonb NOT NULL DEFAULT '{}',
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "actor" uuid,
  PRIMARY KEY ("id")
);
CREATE INDEX "idx_fsm_transitions_entity" ON "fsm_transitions" ("entity_id", "entity_type");
CREATE INDEX "idx_fsm_transitions_type" ON "fsm_transitions" ("entity_type");
CREATE INDEX "idx_fsm_transitions_created" ON "fsm_transitions" ("created_at" DESC);
CREATE INDEX "idx_fsm_transitions_states" ON "fsm_transitions" ("from_state" NULLS FIRST, "to_state");
ALTER TABLE "fsm_transitions" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "fsm_transitions" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "fsm_transitions" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "bridge_states" (
  "bridge_id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "namespace" varchar(100) COLLATE "C" NOT NULL,
  "total_workflows_processed" bigint NOT NULL DEFAULT 0 CONSTRAINT "ck_bridge_states_total_workflows_processed" CHECK ("total_workflows_processed" >= 0),
  "total_items_aggregated" bigint NOT NULL DEFAULT 0 CONSTRAINT "ck_bridge_states_total_items_aggregated" CHECK ("total_items_aggregated" >= 0),
  "aggregation_metadata" jsonb NOT NULL DEFAULT '{}',
  "current_fsm_state" text COLLATE "C" NOT NULL DEFAULT 'IDLE' CONSTRAINT "ck_bridge_states_current_fsm_state" CHECK ("current_fsm_state" IN ('IDLE', 'ACTIVE', 'PAUSED', 'FAILED')),
  "last_aggregation_timestamp" timestamptz,
  "error_message" text COLLATE "C",
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "updated_at" timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY ("bridge_id")
);
CREATE INDEX "idx_bridge_states_namespace" ON "bridge_states" ("namespace");
CREATE INDEX "idx_bridge_states_state" ON "bridge_states" ("current_fsm_state");
CREATE INDEX "idx_bridge_states_last_aggregation" ON "bridge_states" ("last_aggregation_timestamp" DESC NULLS LAST);
CREATE INDEX "idx_bridge_states_namespace_state" ON "bridge_states" ("namespace", "current_fsm_state");
CREATE INDEX "idx_bridge_states_agg_metadata_gin" ON "bridge_states" USING gin ("aggregation_metadata");
ALTER TABLE "bridge_states" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "bridge_states" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "bridge_states" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "node_registrations" (
  "node_id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "node_type" varchar(100) COLLATE "C" NOT NULL,
  "node_version" varchar(50) COLLATE "C" NOT NULL,
  "capabilities" jsonb NOT NULL DEFAULT '[]',
  "endpoints" jsonb NOT NULL DEFAULT '{}',
  "metadata" jsonb NOT NULL DEFAULT '{}',
  "health_status" text COLLATE "C" NOT NULL DEFAULT 'HEALTHY',
  "last_heartbeat" timestamptz NOT NULL DEFAULT now(),
  "name" varchar(200) COLLATE "C",
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "updated_at" timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY ("node_id")
);
CREATE INDEX "idx_node_registrations_health" ON "node_registrations" ("health_status");
CREATE INDEX "idx_node_registrations_type" ON "node_registrations" ("node_type");
CREATE INDEX "idx_node_registrations_heartbeat" ON "node_registrations" ("last_heartbeat" DESC);
CREATE INDEX "idx_node_registrations_type_health" ON "node_registrations" ("node_type", "health_status");
ALTER TABLE "node_registrations" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "node_registrations" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "node_registrations" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "metadata_stamps" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "workflow_id" uuid,
  "file_hash" varchar(128) COLLATE "C" NOT NULL,
  "stamp_data" jsonb NOT NULL DEFAULT '{}',
  "namespace" varchar(100) COLLATE "C" NOT NULL,
  "created_at" timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_metadata_stamps_workflow_id" FOREIGN KEY ("tenant_id", "workflow_id") REFERENCES "workflow_executions" ("tenant_id", "id") ON DELETE SET NULL ("workflow_id")
);
CREATE INDEX "idx_metadata_stamps_workflow" ON "metadata_stamps" ("workflow_id" NULLS FIRST);
CREATE INDEX "idx_metadata_stamps_hash" ON "metadata_stamps" ("file_hash");
CREATE INDEX "idx_metadata_stamps_namespace" ON "metadata_stamps" ("namespace");
CREATE INDEX "idx_metadata_stamps_created" ON "metadata_stamps" ("created_at" DESC);
CREATE INDEX "idx_metadata_stamps_namespace_created" ON "metadata_stamps" ("namespace", "created_at" DESC);
ALTER TABLE "metadata_stamps" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "metadata_stamps" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "metadata_stamps" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE OR REPLACE FUNCTION "tg_bridge_states_updated"() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW."updated_at" = greatest(clock_timestamp(), OLD."updated_at" + interval '1 microsecond');
  RETURN NEW;
END $$;
CREATE TRIGGER "tg_bridge_states_updated" BEFORE UPDATE ON "bridge_states" FOR EACH ROW
  WHEN (NEW."updated_at" IS NOT DISTINCT FROM OLD."updated_at" AND
        coalesce(current_setting('tenon.keep_times', true), '') <> 'on') EXECUTE FUNCTION "tg_bridge_states_updated"();

CREATE OR REPLACE FUNCTION "tg_node_registrations_enums"() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW."health_status" NOT IN ('HEALTHY', 'DEGRADED', 'UNHEALTHY') THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'enum: node_registrations.health_status',
      SCHEMA = TG_TABLE_SCHEMA, TABLE = 'node_registrations', COLUMN = 'health_status', CONSTRAINT = 'ck_node_registrations_health_status';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "tg_node_registrations_enums" BEFORE INSERT OR UPDATE ON "node_registrations" FOR EACH ROW
  WHEN (NEW."health_status" NOT IN ('HEALTHY', 'DEGRADED', 'UNHEALTHY')) EXECUTE FUNCTION "tg_node_registrations_enums"();

CREATE OR REPLACE FUNCTION "tg_node_registrations_updated"() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW."updated_at" = greatest(clock_timestamp(), OLD."updated_at" + interval '1 microsecond');
  RETURN NEW;
END $$;
CREATE TRIGGER "tg_node_registrations_updated" BEFORE UPDATE ON "node_registrations" FOR EACH ROW
  WHEN (NEW."updated_at" IS NOT DISTINCT FROM OLD."updated_at" AND
        coalesce(current_setting('tenon.keep_times', true), '') <> 'on') EXECUTE FUNCTION "tg_node_registrations_updated"();
