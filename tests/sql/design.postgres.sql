CREATE TABLE "component_artifacts" (
  "id" uuid NOT NULL DEFAULT gen_random_uuid(),
  "tenant_id" uuid NOT NULL,
  "name" text COLLATE "C" NOT NULL,
  "variants" jsonb NOT NULL DEFAULT '[]',
  "last_story_update" timestamptz,
  "mapping_status" text COLLATE "C" NOT NULL DEFAULT 'unmapped' CONSTRAINT "ck_component_artifacts_mapping_status" CHECK ("mapping_status" IN ('unmapped', 'mapped', 'drift')),
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "updated_at" timestamptz NOT NULL DEFAULT now(),
  "code_hash" varchar(64) COLLATE "C",
  "import_path" varchar(1000) COLLATE "C",
  PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "uq_component_artifacts_tenant_id_id" ON "component_artifacts" ("tenant_id", "id");
CREATE INDEX "idx_component_artifacts_mapping_status" ON "component_artifacts" ("mapping_status");
CREATE UNIQUE INDEX "uq_component_artifacts_name" ON "component_artifacts" ("tenant_id", "name");
ALTER TABLE "component_artifacts" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "component_artifacts" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "component_artifacts" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "design_artifacts" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "component_id" uuid NOT NULL,
  "variant_refs" jsonb NOT NULL,
  "last_design_change_at" timestamptz NOT NULL,
  "diff_hash" text COLLATE "C" NOT NULL,
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "updated_at" timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_design_artifacts_component_id" FOREIGN KEY ("tenant_id", "component_id") REFERENCES "component_artifacts" ("tenant_id", "id")
);
CREATE INDEX "idx_design_artifacts_component_id" ON "design_artifacts" ("component_id");
ALTER TABLE "design_artifacts" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "design_artifacts" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "design_artifacts" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "sync_operations" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "initiated_by" uuid,
  "timestamp" timestamptz NOT NULL DEFAULT now(),
  "components_affected" jsonb NOT NULL,
  "direction_modes" jsonb NOT NULL,
  "diff_summary" jsonb NOT NULL DEFAULT '{}',
  "reversible_until" timestamptz NOT NULL,
  "operation_hash" text COLLATE "C" NOT NULL,
  "status" text COLLATE "C" NOT NULL DEFAULT 'pending' CONSTRAINT "ck_sync_operations_status" CHECK ("status" IN ('pending', 'running', 'completed', 'partial', 'failed')),
  "duration_ms" bigint CONSTRAINT "ck_sync_operations_duration_ms" CHECK ("duration_ms" >= 0),
  "error_message" text COLLATE "C",
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_sync_operations_initiated_by" FOREIGN KEY ("tenant_id", "initiated_by") REFERENCES "users" ("tenant_id", "id")
);
CREATE UNIQUE INDEX "uq_sync_operations_tenant_id_id" ON "sync_operations" ("tenant_id", "id");
CREATE INDEX "idx_sync_operations_timestamp" ON "sync_operations" ("timestamp" DESC);
CREATE UNIQUE INDEX "uq_sync_operations_operation_hash" ON "sync_operations" ("tenant_id", "operation_hash");
CREATE INDEX "idx_sync_operations_initiated_by" ON "sync_operations" ("initiated_by" NULLS FIRST);
ALTER TABLE "sync_operations" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "sync_operations" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "sync_operations" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "undo_stack_entries" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "sync_operation_id" uuid NOT NULL,
  "pre_state_hash" text COLLATE "C" NOT NULL,
  "post_state_hash" text COLLATE "C" NOT NULL,
  "expiration" timestamptz NOT NULL,
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "undone_at" timestamptz,
  "component_id" uuid,
  "pre_state" jsonb,
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_undo_stack_entries_sync_operation_id" FOREIGN KEY ("tenant_id", "sync_operation_id") REFERENCES "sync_operations" ("tenant_id", "id")
);
CREATE INDEX "idx_undo_stack_entries_sync_operation_id" ON "undo_stack_entries" ("sync_operation_id");
CREATE INDEX "idx_undo_stack_entries_expiration" ON "undo_stack_entries" ("expiration") WHERE "undone_at" IS NULL;
ALTER TABLE "undo_stack_entries" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "undo_stack_entries" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "undo_stack_entries" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "credential_records" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "provider_type" text COLLATE "C" NOT NULL CONSTRAINT "ck_credential_records_provider_type" CHECK ("provider_type" IN ('notification', 'design', 'documentation', 'testing', 'ai', 'analytics')),
  "status" text COLLATE "C" NOT NULL DEFAULT 'pending' CONSTRAINT "ck_credential_records_status" CHECK ("status" IN ('valid', 'revoked', 'expired', 'pending')),
  "last_validation_time" timestamptz,
  "rotation_due" timestamptz,
  "metadata" jsonb NOT NULL DEFAULT '{}',
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "updated_at" timestamptz NOT NULL DEFAULT now(),
  "name" varchar(200) COLLATE "C",
  "sealed_secret" bytea,
  "expires_at" timestamptz,
  "reminded_at" timestamptz,
  PRIMARY KEY ("id")
);
CREATE INDEX "idx_credential_records_provider_type_status" ON "credential_records" ("provider_type", "status");
CREATE INDEX "idx_credential_records_rotation_due" ON "credential_records" ("rotation_due" NULLS FIRST);
CREATE INDEX "idx_credential_records_expires_at" ON "credential_records" ("expires_at" NULLS FIRST);
ALTER TABLE "credential_records" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "credential_records" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "credential_records" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "notification_events" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "type" text COLLATE "C" NOT NULL,
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "payload_summary" jsonb NOT NULL DEFAULT '{}',
  "channel_targets" jsonb NOT NULL DEFAULT '[]',
  "dispatch_status" text COLLATE "C" NOT NULL DEFAULT 'queued' CONSTRAINT "ck_notification_events_dispatch_status" CHECK ("dispatch_status" IN ('queued', 'sent', 'failed', 'retrying')),
  "entity_type" varchar(100) COLLATE "C",
  "entity_id" uuid,
  "attempt_count" bigint NOT NULL DEFAULT 0 CONSTRAINT "ck_notification_events_attempt_count" CHECK ("attempt_count" >= 0),
  "next_attempt_at" timestamptz,
  "sent_at" timestamptz,
  "error_message" text COLLATE "C",
  PRIMARY KEY ("id")
) PARTITION BY RANGE ("id");
CREATE INDEX "idx_notification_events_type_created_at" ON "notification_events" ("type", "created_at" DESC);
CREATE INDEX "idx_notification_events_dispatch_status_created_at" ON "notification_events" ("dispatch_status", "created_at");
ALTER TABLE "notification_events" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "notification_events" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "notification_events" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);
CREATE TABLE "notification_events_default" PARTITION OF "notification_events" DEFAULT;
ALTER TABLE "notification_events_default" ENABLE ROW LEVEL SECURITY;
SELECT tenon_make_partitions('notification_events', 3);

CREATE TABLE "coverage_reports" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "component_id" uuid NOT NULL,
  "generated_at" timestamptz NOT NULL DEFAULT now(),
  "variant_coverage_pct" numeric(5,2) NOT NULL,
  "missing_variants" jsonb NOT NULL DEFAULT '[]',
  "missing_tests" jsonb NOT NULL DEFAULT '[]',
  "warnings" jsonb,
  "variant_hash" varchar(64) COLLATE "C" NOT NULL,
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_coverage_reports_component_id" FOREIGN KEY ("tenant_id", "component_id") REFERENCES "component_artifacts" ("tenant_id", "id"),
  CONSTRAINT "ck_coverage_reports_check_1" CHECK (("variant_coverage_pct" >= 0::numeric AND "variant_coverage_pct" <= 100::numeric))
);
CREATE INDEX "idx_coverage_reports_component_id_generated_at" ON "coverage_reports" ("component_id", "generated_at" DESC);
CREATE INDEX "idx_coverage_reports_generated_at" ON "coverage_reports" ("generated_at");
CREATE UNIQUE INDEX "uq_coverage_reports_component_id_variant_hash" ON "coverage_reports" ("tenant_id", "component_id", "variant_hash");
ALTER TABLE "coverage_reports" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "coverage_reports" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "coverage_reports" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "stories" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "component_id" uuid,
  "story_key" varchar(300) COLLATE "C" NOT NULL,
  "title" varchar(300) COLLATE "C" NOT NULL,
  "name" varchar(300) COLLATE "C" NOT NULL,
  "import_path" varchar(1000) COLLATE "C",
  "tags" jsonb NOT NULL DEFAULT '[]',
  "url" varchar(2000) COLLATE "C",
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "updated_at" timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_stories_component_id" FOREIGN KEY ("tenant_id", "component_id") REFERENCES "component_artifacts" ("tenant_id", "id") ON DELETE SET NULL ("component_id")
);
CREATE UNIQUE INDEX "uq_stories_tenant_id_id" ON "stories" ("tenant_id", "id");
CREATE INDEX "idx_stories_component_id" ON "stories" ("component_id" NULLS FIRST);
CREATE UNIQUE INDEX "uq_stories_story_key" ON "stories" ("tenant_id", "story_key");
ALTER TABLE "stories" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "stories" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "stories" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "browser_test_sessions" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "story_id" uuid NOT NULL,
  "start_time" timestamptz NOT NULL DEFAULT now(),
  "end_time" timestamptz,
  "status" text COLLATE "C" NOT NULL DEFAULT 'running' CONSTRAINT "ck_browser_test_sessions_status" CHECK ("status" IN ('running', 'passed', 'failed', 'aborted')),
  "performance_summary" jsonb,
  "correlation_id" uuid NOT NULL,
  "error_message" text COLLATE "C",
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_browser_test_sessions_story_id" FOREIGN KEY ("tenant_id", "story_id") REFERENCES "stories" ("tenant_id", "id")
);
CREATE INDEX "idx_browser_test_sessions_story_id_start_time" ON "browser_test_sessions" ("story_id", "start_time" DESC);
CREATE INDEX "idx_browser_test_sessions_start_time" ON "browser_test_sessions" ("start_time");
CREATE INDEX "idx_browser_test_sessions_correlation_id" ON "browser_test_sessions" ("correlation_id");
ALTER TABLE "browser_test_sessions" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "browser_test_sessions" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "browser_test_sessions" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "drift_queue" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "component_id" uuid NOT NULL,
  "queued_at" timestamptz NOT NULL DEFAULT now(),
  "attempt_count" bigint NOT NULL DEFAULT 0 CONSTRAINT "ck_drift_queue_attempt_count" CHECK ("attempt_count" >= 0),
  "last_attempt_at" timestamptz,
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_drift_queue_component_id" FOREIGN KEY ("tenant_id", "component_id") REFERENCES "component_artifacts" ("tenant_id", "id") ON DELETE CASCADE
);
CREATE INDEX "idx_drift_queue_queued_at" ON "drift_queue" ("queued_at");
CREATE INDEX "idx_drift_queue_attempt_count" ON "drift_queue" ("attempt_count");
CREATE UNIQUE INDEX "uq_drift_queue_component_id" ON "drift_queue" ("tenant_id", "component_id");
ALTER TABLE "drift_queue" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "drift_queue" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "drift_queue" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE OR REPLACE FUNCTION "tg_component_artifacts_updated"() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW."updated_at" = greatest(clock_timestamp(), OLD."updated_at" + interval '1 microsecond');
  RETURN NEW;
END $$;
CREATE TRIGGER "tg_component_artifacts_updated" BEFORE UPDATE ON "component_artifacts" FOR EACH ROW
  WHEN (NEW."updated_at" IS NOT DISTINCT FROM OLD."updated_at" AND
        coalesce(current_setting('tenon.keep_times', true), '') <> 'on') EXECUTE FUNCTION "tg_component_artifacts_updated"();

CREATE OR REPLACE FUNCTION "tg_design_artifacts_updated"() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW."updated_at" = greatest(clock_timestamp(), OLD."updated_at" + interval '1 microsecond');
  RETURN NEW;
END $$;
CREATE TRIGGER "tg_design_artifacts_updated" BEFORE UPDATE ON "design_artifacts" FOR EACH ROW
  WHEN (NEW."updated_at" IS NOT DISTINCT FROM OLD."updated_at" AND
        coalesce(current_setting('tenon.keep_times', true), '') <> 'on') EXECUTE FUNCTION "tg_design_artifacts_updated"();

CREATE OR REPLACE FUNCTION "tg_credential_records_updated"() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW."updated_at" = greatest(clock_timestamp(), OLD."updated_at" + interval '1 microsecond');
  RETURN NEW;
END $$;
CREATE TRIGGER "tg_credential_records_updated" BEFORE UPDATE ON "credential_records" FOR EACH ROW
  WHEN (NEW."updated_at" IS NOT DISTINCT FROM OLD."updated_at" AND
        coalesce(current_setting('tenon.keep_times', true), '') <> 'on') EXECUTE FUNCTION "tg_credential_records_updated"();

CREATE OR REPLACE FUNCTION "tg_notification_events_enums"() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW."type" NOT IN ('sync_completed', 'drift_detected', 'coverage_summary', 'digest', 'credential_status', 'browser_test_failure', 'task_failed', 'asset_changed', 'webhook_stopped', 'deployment_errored', 'execution_failed', 'quality_low', 'approval_waiting', 'job_failed', 'connector_error', 'run_failed', 'node_unhealthy') THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'enum: notification_events.type',
      SCHEMA = TG_TABLE_SCHEMA, TABLE = 'notification_events', COLUMN = 'type', CONSTRAINT = 'ck_notification_events_type';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "tg_notification_events_enums" BEFORE INSERT OR UPDATE ON "notification_events" FOR EACH ROW
  WHEN (NEW."type" NOT IN ('sync_completed', 'drift_detected', 'coverage_summary', 'digest', 'credential_status', 'browser_test_failure', 'task_failed', 'asset_changed', 'webhook_stopped', 'deployment_errored', 'execution_failed', 'quality_low', 'approval_waiting', 'job_failed', 'connector_error', 'run_failed', 'node_unhealthy')) EXECUTE FUNCTION "tg_notification_events_enums"();

CREATE OR REPLACE FUNCTION "tg_stories_updated"() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW."updated_at" = greatest(clock_timestamp(), OLD."updated_at" + interval '1 microsecond');
  RETURN NEW;
END $$;
CREATE TRIGGER "tg_stories_updated" BEFORE UPDATE ON "stories" FOR EACH ROW
  WHEN (NEW."updated_at" IS NOT DISTINCT FROM OLD."updated_at" AND
        coalesce(current_setting('tenon.keep_times', true), '') <> 'on') EXECUTE FUNCTION "tg_stories_updated"();
