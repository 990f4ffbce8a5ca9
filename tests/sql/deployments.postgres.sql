CREATE TABLE "deployments" (
  "id" uuid NOT NULL DEFAULT gen_random_uuid(),
  "tenant_id" uuid NOT NULL,
  "system_name" varchar(255) COLLATE "C" NOT NULL,
  "system_slug" varchar(100) COLLATE "C" NOT NULL,
  "manifest_json" jsonb NOT NULL,
  "canvas_json" jsonb NOT NULL,
  "openclaw_config" jsonb,
  "trigger_type" text COLLATE "C" NOT NULL CONSTRAINT "ck_deployments_trigger_type" CHECK ("trigger_type" IN ('cron', 'webhook', 'messaging', 'always-on')),
  "trigger_config" jsonb,
  "pm2_process_name" varchar(255) COLLATE "C",
  "status" text COLLATE "C" NOT NULL DEFAULT 'deployed' CONSTRAINT "ck_deployments_status" CHECK ("status" IN ('deployed', 'stopped', 'errored', 'archived')),
  "secrets_encrypted" bytea,
  "deployed_at" timestamptz DEFAULT now(),
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "updated_at" timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "uq_deployments_tenant_id_id" ON "deployments" ("tenant_id", "id");
CREATE INDEX "idx_deployments_status" ON "deployments" ("status");
CREATE INDEX "idx_deployments_trigger_type_status" ON "deployments" ("trigger_type", "status");
CREATE UNIQUE INDEX "uq_deployments_system_slug" ON "deployments" ("tenant_id", "system_slug");
ALTER TABLE "deployments" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "deployments" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "deployments" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "operator_actions" (
  "id" uuid NOT NULL DEFAULT gen_random_uuid(),
  "tenant_id" uuid NOT NULL,
  "deployment_id" uuid NOT NULL,
  "operator_type" text COLLATE "C" NOT NULL CONSTRAINT "ck_operator_actions_operator_type" CHECK ("operator_type" IN ('system_monitor', 'remediation', 'optimization')),
  "action_type" text COLLATE "C" NOT NULL,
  "description" text COLLATE "C",
  "before_state" jsonb,
  "after_state" jsonb,
  "auto_applied" boolean NOT NULL,
  "approved" boolean,
  "created_at" timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_operator_actions_deployment_id" FOREIGN KEY ("tenant_id", "deployment_id") REFERENCES "deployments" ("tenant_id", "id"),
  CONSTRAINT "ck_operator_actions_check_1" CHECK (("operator_type" <> 'system_monitor' OR "action_type" IN ('key_rotation_available', 'key_rotation_needed', 'add_fallback_model', 'increase_timeout', 'increase_memory', 'flag_config_error', 'flag_dependency', 'flag_unknown'))),
  CONSTRAINT "ck_operator_actions_check_2" CHECK (("operator_type" <> 'remediation' OR "action_type" IN ('patch', 're-execute', 'escalate'))),
  CONSTRAINT "ck_operator_actions_check_3" CHECK (("operator_type" <> 'optimization' OR "action_type" IN ('cost', 'reliability', 'quality')))
);
CREATE INDEX "idx_operator_actions_deployment_id" ON "operator_actions" ("deployment_id");
CREATE INDEX "idx_operator_actions_created_at" ON "operator_actions" ("created_at" DESC);
ALTER TABLE "operator_actions" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "operator_actions" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "operator_actions" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "execution_logs" (
  "id" uuid NOT NULL DEFAULT gen_random_uuid(),
  "tenant_id" uuid NOT NULL,
  "deployment_id" uuid NOT NULL,
  "triggered_by" text COLLATE "C" NOT NULL DEFAULT 'manual' CONSTRAINT "ck_execution_logs_triggered_by" CHECK ("triggered_by" IN ('cron', 'webhook', 'messaging', 'manual', 'operator')),
  "trigger_input" jsonb,
  "status" text COLLATE "C" NOT NULL DEFAULT 'running' CONSTRAINT "ck_execution_logs_status" CHECK ("status" IN ('running', 'completed', 'failed')),
  "phases_completed" bigint DEFAULT 0 CONSTRAINT "ck_execution_logs_phases_completed" CHECK ("phases_completed" >= 0),
  "phases_total" bigint CONSTRAINT "ck_execution_logs_phases_total" CHECK ("phases_total" >= 0),
  "output_url" text COLLATE "C",
  "output_type" text COLLATE "C" CONSTRAINT "ck_execution_logs_output_type" CHECK ("output_type" IN ('web_artifact', 'document', 'data', 'notification')),
  "cost_usd" numeric(12,6),
  "duration_seconds" bigint CONSTRAINT "ck_execution_logs_duration_seconds" CHECK ("duration_seconds" >= 0),
  "qa_scores" jsonb,
  "error_message" text COLLATE "C",
  "started_at" timestamptz NOT NULL DEFAULT now(),
  "completed_at" timestamptz,
  "output_asset_id" uuid,
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_execution_logs_deployment_id" FOREIGN KEY ("tenant_id", "deployment_id") REFERENCES "deployments" ("tenant_id", "id"),
  CONSTRAINT "fk_execution_logs_output_asset_id" FOREIGN KEY ("tenant_id", "output_asset_id") REFERENCES "assets" ("tenant_id", "id") ON DELETE SET NULL ("output_asset_id"),
  CONSTRAINT "ck_execution_logs_check_1" CHECK ("phases_completed" <= "phases_total")
);
CREATE INDEX "idx_execution_logs_deployment_id" ON "execution_logs" ("deployment_id");
CREATE INDEX "idx_execution_logs_deployment_id_started_at" ON "execution_logs" ("deployment_id", "started_at" DESC);
CREATE INDEX "idx_execution_logs_started_at" ON "execution_logs" ("started_at" DESC);
CREATE INDEX "idx_execution_logs_output_asset_id" ON "execution_logs" ("output_asset_id" NULLS FIRST) WHERE "output_asset_id" IS NOT NULL;
ALTER TABLE "execution_logs" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "execution_logs" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "execution_logs" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE OR REPLACE FUNCTION "tg_deployments_updated"() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW."updated_at" = greatest(clock_timestamp(), OLD."updated_at" + interval '1 microsecond');
  RETURN NEW;
END $$;
CREATE TRIGGER "tg_deployments_updated" BEFORE UPDATE ON "deployments" FOR EACH ROW
  WHEN (NEW."updated_at" IS NOT DISTINCT FROM OLD."updated_at" AND
        coalesce(current_setting('tenon.keep_times', true), '') <> 'on') EXECUTE FUNCTION "tg_deployments_updated"();

CREATE OR REPLACE FUNCTION "tg_operator_actions_enums"() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW."action_type" NOT IN ('key_rotation_available', 'key_rotation_needed', 'add_fallback_model', 'increase_timeout', 'increase_memory', 'flag_config_error', 'flag_dependency', 'flag_unknown', 'patch', 're-execute', 'escalate', 'cost', 'reliability', 'quality') THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'enum: operator_actions.action_type',
      SCHEMA = TG_TABLE_SCHEMA, TABLE = 'operator_actions', COLUMN = 'action_type', CONSTRAINT = 'ck_operator_actions_action_type';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "tg_operator_actions_enums" BEFORE INSERT OR UPDATE ON "operator_actions" FOR EACH ROW
  WHEN (NEW."action_type" NOT IN ('key_rotation_available', 'key_rotation_needed', 'add_fallback_model', 'increase_timeout', 'increase_memory', 'flag_config_error', 'flag_dependency', 'flag_unknown', 'patch', 're-execute', 'escalate', 'cost', 'reliability', 'quality')) EXECUTE FUNCTION "tg_operator_actions_enums"();
