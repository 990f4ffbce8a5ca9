CREATE TABLE "component_artifacts" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "variants" TEXT NOT NULL DEFAULT '[]' CONSTRAINT "ck_component_artifacts_variants" CHECK (json_valid("variants")),
  "last_story_update" TEXT,
  "mapping_status" TEXT NOT NULL DEFAULT 'unmapped' CONSTRAINT "ck_component_artifacts_mapping_status" CHECK ("mapping_status" IN ('unmapped', 'mapped', 'drift')),
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "updated_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "code_hash" TEXT CONSTRAINT "ck_component_artifacts_code_hash" CHECK (length("code_hash") <= 64),
  "import_path" TEXT CONSTRAINT "ck_component_artifacts_import_path" CHECK (length("import_path") <= 1000),
  PRIMARY KEY ("id")
) STRICT;
CREATE UNIQUE INDEX "uq_component_artifacts_tenant_id_id" ON "component_artifacts" ("tenant_id", "id");
CREATE INDEX "idx_component_artifacts_mapping_status" ON "component_artifacts" ("mapping_status");
CREATE UNIQUE INDEX "uq_component_artifacts_name" ON "component_artifacts" ("tenant_id", "name");

CREATE TABLE "design_artifacts" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "component_id" TEXT NOT NULL,
  "variant_refs" TEXT NOT NULL CONSTRAINT "ck_design_artifacts_variant_refs" CHECK (json_valid("variant_refs")),
  "last_design_change_at" TEXT NOT NULL,
  "diff_hash" TEXT NOT NULL,
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "updated_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_design_artifacts_component_id" FOREIGN KEY ("tenant_id", "component_id") REFERENCES "component_artifacts" ("tenant_id", "id")
) STRICT;
CREATE INDEX "idx_design_artifacts_component_id" ON "design_artifacts" ("component_id");

CREATE TABLE "sync_operations" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "initiated_by" TEXT,
  "timestamp" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "components_affected" TEXT NOT NULL CONSTRAINT "ck_sync_operations_components_affected" CHECK (json_valid("components_affected")),
  "direction_modes" TEXT NOT NULL CONSTRAINT "ck_sync_operations_direction_modes" CHECK (json_valid("direction_modes")),
  "diff_summary" TEXT NOT NULL DEFAULT '{}' CONSTRAINT "ck_sync_operations_diff_summary" CHECK (json_valid("diff_summary")),
  "reversible_until" TEXT NOT NULL,
  "operation_hash" TEXT NOT NULL,
  "status" TEXT NOT NULL DEFAULT 'pending' CONSTRAINT "ck_sync_operations_status" CHECK ("status" IN ('pending', 'running', 'completed', 'partial', 'failed')),
  "duration_ms" INTEGER CONSTRAINT "ck_sync_operations_duration_ms" CHECK ("duration_ms" >= 0),
  "error_message" TEXT,
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_sync_operations_initiated_by" FOREIGN KEY ("tenant_id", "initiated_by") REFERENCES "users" ("tenant_id", "id")
) STRICT;
CREATE UNIQUE INDEX "uq_sync_operations_tenant_id_id" ON "sync_operations" ("tenant_id", "id");
CREATE INDEX "idx_sync_operations_timestamp" ON "sync_operations" ("timestamp" DESC);
CREATE UNIQUE INDEX "uq_sync_operations_operation_hash" ON "sync_operations" ("tenant_id", "operation_hash");
CREATE INDEX "idx_sync_operations_initiated_by" ON "sync_operations" ("initiated_by");

CREATE TABLE "undo_stack_entries" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "sync_operation_id" TEXT NOT NULL,
  "pre_state_hash" TEXT NOT NULL,
  "post_state_hash" TEXT NOT NULL,
  "expiration" TEXT NOT NULL,
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "undone_at" TEXT,
  "component_id" TEXT,
  "pre_state" TEXT CONSTRAINT "ck_undo_stack_entries_pre_state" CHECK ("pre_state" IS NULL OR json_valid("pre_state")),
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_undo_stack_entries_sync_operation_id" FOREIGN KEY ("tenant_id", "sync_operation_id") REFERENCES "sync_operations" ("tenant_id", "id")
) STRICT;
CREATE INDEX "idx_undo_stack_entries_sync_operation_id" ON "undo_stack_entries" ("sync_operation_id");
CREATE INDEX "idx_undo_stack_entries_expiration" ON "undo_stack_entries" ("expiration") WHERE "undone_at" IS NULL;

CREATE TABLE "credential_records" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "provider_type" TEXT NOT NULL CONSTRAINT "ck_credential_records_provider_type" CHECK ("provider_type" IN ('notification', 'design', 'documentation', 'testing', 'ai', 'analytics')),
  "status" TEXT NOT NULL DEFAULT 'pending' CONSTRAINT "ck_credential_records_status" CHECK ("status" IN ('valid', 'revoked', 'expired', 'pending')),
  "last_validation_time" TEXT,
  "rotation_due" TEXT,
  "metadata" TEXT NOT NULL DEFAULT '{}' CONSTRAINT "ck_credential_records_metadata" CHECK (json_valid("metadata")),
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "updated_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "name" TEXT CONSTRAINT "ck_credential_records_name" CHECK (length("name") <= 200),
  "sealed_secret" TEXT,
  "expires_at" TEXT,
  "reminded_at" TEXT,
  PRIMARY KEY ("id")
) STRICT;
CREATE INDEX "idx_credential_records_provider_type_status" ON "credential_records" ("provider_type", "status");
CREATE INDEX "idx_credential_records_rotation_due" ON "credential_records" ("rotation_due");
CREATE INDEX "idx_credential_records_expires_at" ON "credential_records" ("expires_at");

CREATE TABLE "notification_events" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "type" TEXT NOT NULL,
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "payload_summary" TEXT NOT NULL DEFAULT '{}' CONSTRAINT "ck_notification_events_payload_summary" CHECK (json_valid("payload_summary")),
  "channel_targets" TEXT NOT NULL DEFAULT '[]' CONSTRAINT "ck_notification_events_channel_targets" CHECK (json_valid("channel_targets")),
  "dispatch_status" TEXT NOT NULL DEFAULT 'queued' CONSTRAINT "ck_notification_events_dispatch_status" CHECK ("dispatch_status" IN ('queued', 'sent', 'failed', 'retrying')),
  "entity_type" TEXT CONSTRAINT "ck_notification_events_entity_type" CHECK (length("entity_type") <= 100),
  "entity_id" TEXT,
  "attempt_count" INTEGER NOT NULL DEFAULT 0 CONSTRAINT "ck_notification_events_attempt_count" CHECK ("attempt_count" >= 0),
  "next_attempt_at" TEXT,
  "sent_at" TEXT,
  "error_message" TEXT,
  PRIMARY KEY ("id")
) STRICT;
CREATE INDEX "idx_notification_events_type_created_at" ON "notification_events" ("type", "created_at" DESC);
CREATE INDEX "idx_notification_events_dispatch_status_created_at" ON "notification_events" ("dispatch_status", "created_at");

CREATE TABLE "coverage_reports" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "component_id" TEXT NOT NULL,
  "generated_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "variant_coverage_pct" INTEGER NOT NULL CONSTRAINT "ck_coverage_reports_variant_coverage_pct" CHECK (abs("variant_coverage_pct") < 100000),
  "missing_variants" TEXT NOT NULL DEFAULT '[]' CONSTRAINT "ck_coverage_reports_missing_variants" CHECK (json_valid("missing_variants")),
  "missing_tests" TEXT NOT NULL DEFAULT '[]' CONSTRAINT "ck_coverage_reports_missing_tests" CHECK (json_valid("missing_tests")),
  "warnings" TEXT CONSTRAINT "ck_coverage_reports_warnings" CHECK ("warnings" IS NULL OR json_valid("warnings")),
  "variant_hash" TEXT NOT NULL CONSTRAINT "ck_coverage_reports_variant_hash" CHECK (length("variant_hash") <= 64),
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_coverage_reports_component_id" FOREIGN KEY ("tenant_id", "component_id") REFERENCES "component_artifacts" ("tenant_id", "id"),
  CONSTRAINT "ck_coverage_reports_check_1" CHECK (("variant_coverage_pct" >= 0 AND "variant_coverage_pct" <= 10000))
) STRICT;
CREATE INDEX "idx_coverage_reports_component_id_generated_at" ON "coverage_reports" ("component_id", "generated_at" DESC);
CREATE INDEX "idx_coverage_reports_generated_at" ON "coverage_reports" ("generated_at");
CREATE UNIQUE INDEX "uq_coverage_reports_component_id_variant_hash" ON "coverage_reports" ("tenant_id", "component_id", "variant_hash");

CREATE TABLE "stories" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "component_id" TEXT,
  "story_key" TEXT NOT NULL CONSTRAINT "ck_stories_story_key" CHECK (length("story_key") <= 300),
  "title" TEXT NOT NULL CONSTRAINT "ck_stories_title" CHECK (length("title") <= 300),
  "name" TEXT NOT NULL CONSTRAINT "ck_stories_name" CHECK (length("name") <= 300),
  "import_path" TEXT CONSTRAINT "ck_stories_import_path" CHECK (length("import_path") <= 1000),
  "tags" TEXT NOT NULL DEFAULT '[]' CONSTRAINT "ck_stories_tags" CHECK (json_valid("tags")),
  "url" TEXT CONSTRAINT "ck_stories_url" CHECK (length("url") <= 2000),
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "updated_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_stories_component_id" FOREIGN KEY ("tenant_id", "component_id") REFERENCES "component_artifacts" ("tenant_id", "id")
) STRICT;
CREATE UNIQUE INDEX "uq_stories_tenant_id_id" ON "stories" ("tenant_id", "id");
CREATE INDEX "idx_stories_component_id" ON "stories" ("component_id");
CREATE UNIQUE INDEX "uq_stories_story_key" ON "stories" ("tenant_id", "story_key");

CREATE TABLE "browser_test_sessions" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "story_id" TEXT NOT NULL,
  "start_time" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "end_time" TEXT,
  "status" TEXT NOT NULL DEFAULT 'running' CONSTRAINT "ck_browser_test_sessions_status" CHECK ("status" IN ('running', 'passed', 'failed', 'aborted')),
  "performance_summary" TEXT CONSTRAINT "ck_browser_test_sessions_performance_summary" CHECK ("performance_summary" IS NULL OR json_valid("performance_summary")),
  "correlation_id" TEXT NOT NULL,
  "error_message" TEXT,
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_browser_test_sessions_story_id" FOREIGN KEY ("tenant_id", "story_id") REFERENCES "stories" ("tenant_id", "id")
) STRICT;
CREATE INDEX "idx_browser_test_sessions_story_id_start_time" ON "browser_test_sessions" ("story_id", "start_time" DESC);
CREATE INDEX "idx_browser_test_sessions_start_time" ON "browser_test_sessions" ("start_time");
CREATE INDEX "idx_browser_test_sessions_correlation_id" ON "browser_test_sessions" ("correlation_id");

CREATE TABLE "drift_queue" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "component_id" TEXT NOT NULL,
  "queued_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "attempt_count" INTEGER NOT NULL DEFAULT 0 CONSTRAINT "ck_drift_queue_attempt_count" CHECK ("attempt_count" >= 0),
  "last_attempt_at" TEXT,
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_drift_queue_component_id" FOREIGN KEY ("tenant_id", "component_id") REFERENCES "component_artifacts" ("tenant_id", "id")
) STRICT;
CREATE INDEX "idx_drift_queue_queued_at" ON "drift_queue" ("queued_at");
CREATE INDEX "idx_drift_queue_attempt_count" ON "drift_queue" ("attempt_count");
CREATE UNIQUE INDEX "uq_drift_queue_component_id" ON "drift_queue" ("tenant_id", "component_id");

CREATE TRIGGER "tg_component_artifacts_updated" AFTER UPDATE ON "component_artifacts"
WHEN NEW."updated_at" IS OLD."updated_at" AND NEW."updated_at" IS NOT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
BEGIN
  UPDATE "component_artifacts" SET "updated_at" = (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')) WHERE rowid = NEW.rowid;
END;

CREATE TRIGGER "tg_design_artifacts_updated" AFTER UPDATE ON "design_artifacts"
WHEN NEW."updated_at" IS OLD."updated_at" AND NEW."updated_at" IS NOT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
BEGIN
  UPDATE "design_artifacts" SET "updated_at" = (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')) WHERE rowid = NEW.rowid;
END;

CREATE TRIGGER "tg_credential_records_updated" AFTER UPDATE ON "credential_records"
WHEN NEW."updated_at" IS OLD."updated_at" AND NEW."updated_at" IS NOT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
BEGIN
  UPDATE "credential_records" SET "updated_at" = (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')) WHERE rowid = NEW.rowid;
END;

CREATE TRIGGER "tg_notification_events_enums_insert" BEFORE INSERT ON "notification_events"
BEGIN
  SELECT RAISE(ABORT, 'enum: notification_events.type') WHERE NEW."type" NOT IN ('sync_completed', 'drift_detected', 'coverage_summary', 'digest', 'credential_status', 'browser_test_failure', 'task_failed', 'asset_changed', 'webhook_stopped', 'deployment_errored', 'execution_failed', 'quality_low', 'approval_waiting', 'job_failed', 'connector_error', 'run_failed', 'node_unhealthy');
END;

CREATE TRIGGER "tg_notification_events_enums_update" BEFORE UPDATE OF "type" ON "notification_events"
BEGIN
  SELECT RAISE(ABORT, 'enum: notification_events.type') WHERE NEW."type" NOT IN ('sync_completed', 'drift_detected', 'coverage_summary', 'digest', 'credential_status', 'browser_test_failure', 'task_failed', 'asset_changed', 'webhook_stopped', 'deployment_errored', 'execution_failed', 'quality_low', 'approval_waiting', 'job_failed', 'connector_error', 'run_failed', 'node_unhealthy');
END;

CREATE TRIGGER "tg_stories_component_id_deleted" AFTER DELETE ON "component_artifacts"
BEGIN
  UPDATE "stories" SET "component_id" = NULL WHERE "tenant_id" = OLD."tenant_id" AND "component_id" = OLD."id";
END;

CREATE TRIGGER "tg_stories_updated" AFTER UPDATE ON "stories"
WHEN NEW."updated_at" IS OLD."updated_at" AND NEW."updated_at" IS NOT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
BEGIN
  UPDATE "stories" SET "updated_at" = (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')) WHERE rowid = NEW.rowid;
END;

CREATE TRIGGER "tg_drift_queue_component_id_deleted" AFTER DELETE ON "component_artifacts"
BEGIN
  DELETE FROM "drift_queue" WHERE "tenant_id" = OLD."tenant_id" AND "component_id" = OLD."id";
END;
