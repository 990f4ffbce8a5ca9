CREATE TABLE "deployments" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "system_name" TEXT NOT NULL CONSTRAINT "ck_deployments_system_name" CHECK (length("system_name") <= 255),
  "system_slug" TEXT NOT NULL CONSTRAINT "ck_deployments_system_slug" CHECK (length("system_slug") <= 100),
  "manifest_json" TEXT NOT NULL CONSTRAINT "ck_deployments_manifest_json" CHECK (json_valid("manifest_json")),
  "canvas_json" TEXT NOT NULL CONSTRAINT "ck_deployments_canvas_json" CHECK (json_valid("canvas_json")),
  "openclaw_config" TEXT CONSTRAINT "ck_deployments_openclaw_config" CHECK ("openclaw_config" IS NULL OR json_valid("openclaw_config")),
  "trigger_type" TEXT NOT NULL CONSTRAINT "ck_deployments_trigger_type" CHECK ("trigger_type" IN ('cron', 'webhook', 'messaging', 'always-on')),
  "trigger_config" TEXT CONSTRAINT "ck_deployments_trigger_config" CHECK ("trigger_config" IS NULL OR json_valid("trigger_config")),
  "pm2_process_name" TEXT CONSTRAINT "ck_deployments_pm2_process_name" CHECK (length("pm2_process_name") <= 255),
  "status" TEXT NOT NULL DEFAULT 'deployed' CONSTRAINT "ck_deployments_status" CHECK ("status" IN ('deployed', 'stopped', 'errored', 'archived')),
  "secrets_encrypted" TEXT,
  "deployed_at" TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "updated_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  PRIMARY KEY ("id")
) STRICT;
CREATE UNIQUE INDEX "uq_deployments_tenant_id_id" ON "deployments" ("tenant_id", "id");
CREATE INDEX "idx_deployments_status" ON "deployments" ("status");
CREATE INDEX "idx_deployments_trigger_type_status" ON "deployments" ("trigger_type", "status");
CREATE UNIQUE INDEX "uq_deployments_system_slug" ON "deployments" ("tenant_id", "system_slug");

CREATE TABLE "operator_actions" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "deployment_id" TEXT NOT NULL,
  "operator_type" TEXT NOT NULL CONSTRAINT "ck_operator_actions_operator_type" CHECK ("operator_type" IN ('system_monitor', 'remediation', 'optimization')),
  "action_type" TEXT NOT NULL,
  "description" TEXT,
  "before_state" TEXT CONSTRAINT "ck_operator_actions_before_state" CHECK ("before_state" IS NULL OR json_valid("before_state")),
  "after_state" TEXT CONSTRAINT "ck_operator_actions_after_state" CHECK ("after_state" IS NULL OR json_valid("after_state")),
  "auto_applied" INTEGER NOT NULL CONSTRAINT "ck_operator_actions_auto_applied" CHECK ("auto_applied" IN (0, 1)),
  "approved" INTEGER CONSTRAINT "ck_operator_actions_approved" CHECK ("approved" IN (0, 1)),
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_operator_actions_deployment_id" FOREIGN KEY ("tenant_id", "deployment_id") REFERENCES "deployments" ("tenant_id", "id"),
  CONSTRAINT "ck_operator_actions_check_1" CHECK (("operator_type" <> 'system_monitor' OR "action_type" IN ('key_rotation_available', 'key_rotation_needed', 'add_fallback_model', 'increase_timeout', 'increase_memory', 'flag_config_error', 'flag_dependency', 'flag_unknown'))),
  CONSTRAINT "ck_operator_actions_check_2" CHECK (("operator_type" <> 'remediation' OR "action_type" IN ('patch', 're-execute', 'escalate'))),
  CONSTRAINT "ck_operator_actions_check_3" CHECK (("operator_type" <> 'optimization' OR "action_type" IN ('cost', 'reliability', 'quality')))
) STRICT;
CREATE INDEX "idx_operator_actions_deployment_id" ON "operator_actions" ("deployment_id");
CREATE INDEX "idx_operator_actions_created_at" ON "operator_actions" ("created_at" DESC);

CREATE TABLE "execution_logs" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "deployment_id" TEXT NOT NULL,
  "triggered_by" TEXT NOT NULL DEFAULT 'manual' CONSTRAINT "ck_execution_logs_triggered_by" CHECK ("triggered_by" IN ('cron', 'webhook', 'messaging', 'manual', 'operator')),
  "trigger_input" TEXT CONSTRAINT "ck_execution_logs_trigger_input" CHECK ("trigger_input" IS NULL OR json_valid("trigger_input")),
  "status" TEXT NOT NULL DEFAULT 'running' CONSTRAINT "ck_execution_logs_status" CHECK ("status" IN ('running', 'completed', 'failed')),
  "phases_completed" INTEGER DEFAULT 0 CONSTRAINT "ck_execution_logs_phases_completed" CHECK ("phases_completed" >= 0),
  "phases_total" INTEGER CONSTRAINT "ck_execution_logs_phases_total" CHECK ("phases_total" >= 0),
  "output_url" TEXT,
  "output_type" TEXT CONSTRAINT "ck_execution_logs_output_type" CHECK ("output_type" IN ('web_artifact', 'document', 'data', 'notification')),
  "cost_usd" INTEGER CONSTRAINT "ck_execution_logs_cost_usd" CHECK (abs("cost_usd") < 1000000000000),
  "duration_seconds" INTEGER CONSTRAINT "ck_execution_logs_duration_seconds" CHECK ("duration_seconds" >= 0),
  "qa_scores" TEXT CONSTRAINT "ck_execution_logs_qa_scores" CHECK ("qa_scores" IS NULL OR json_valid("qa_scores")),
  "error_message" TEXT,
  "started_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "completed_at" TEXT,
  "output_asset_id" TEXT,
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_execution_logs_deployment_id" FOREIGN KEY ("tenant_id", "deployment_id") REFERENCES "deployments" ("tenant_id", "id"),
  CONSTRAINT "fk_execution_logs_output_asset_id" FOREIGN KEY ("tenant_id", "output_asset_id") REFERENCES "assets" ("tenant_id", "id"),
  CONSTRAINT "ck_execution_logs_check_1" CHECK ("phases_completed" <= "phases_total")
) STRICT;
CREATE INDEX "idx_execution_logs_deployment_id" ON "execution_logs" ("deployment_id");
CREATE INDEX "idx_execution_logs_deployment_id_started_at" ON "execution_logs" ("deployment_id", "started_at" DESC);
CREATE INDEX "idx_execution_logs_started_at" ON "execution_logs" ("started_at" DESC);
CREATE INDEX "idx_execution_logs_output_asset_id" ON "execution_logs" ("output_asset_id") WHERE "output_asset_id" IS NOT NULL;

CREATE TRIGGER "tg_deployments_updated" AFTER UPDATE ON "deployments"
WHEN NEW."updated_at" IS OLD."updated_at" AND NEW."updated_at" IS NOT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
BEGIN
  UPDATE "deployments" SET "updated_at" = (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')) WHERE rowid = NEW.rowid;
END;

CREATE TRIGGER "tg_operator_actions_enums_insert" BEFORE INSERT ON "operator_actions"
BEGIN
  SELECT RAISE(ABORT, 'enum: operator_actions.action_type') WHERE NEW."action_type" NOT IN ('key_rotation_available', 'key_rotation_needed', 'add_fallback_model', 'increase_timeout', 'increase_memory', 'flag_config_error', 'flag_dependency', 'flag_unknown', 'patch', 're-execute', 'escalate', 'cost', 'reliability', 'quality');
END;

CREATE TRIGGER "tg_operator_actions_enums_update" BEFORE UPDATE OF "action_type" ON "operator_actions"
BEGIN
  SELECT RAISE(ABORT, 'enum: operator_actions.action_type') WHERE NEW."action_type" NOT IN ('key_rotation_available', 'key_rotation_needed', 'add_fallback_model', 'increase_timeout', 'increase_memory', 'flag_config_error', 'flag_dependency', 'flag_unknown', 'patch', 're-execute', 'escalate', 'cost', 'reliability', 'quality');
END;

CREATE TRIGGER "tg_execution_logs_output_asset_id_deleted" AFTER DELETE ON "assets"
BEGIN
  UPDATE "execution_logs" SET "output_asset_id" = NULL WHERE "tenant_id" = OLD."tenant_id" AND "output_asset_id" = OLD."id";
END;
