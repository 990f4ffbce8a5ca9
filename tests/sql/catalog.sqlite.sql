CREATE TABLE "tenants" (
  "id" TEXT NOT NULL,
  "name" TEXT NOT NULL CONSTRAINT "ck_tenants_name" CHECK (length("name") <= 255),
  "slug" TEXT NOT NULL CONSTRAINT "ck_tenants_slug" CHECK (length("slug") <= 63),
  "status" TEXT NOT NULL DEFAULT 'ACTIVE' CONSTRAINT "ck_tenants_status" CHECK ("status" IN ('ACTIVE', 'SUSPENDED', 'DELETED')),
  "config" TEXT NOT NULL DEFAULT '{}' CONSTRAINT "ck_tenants_config" CHECK (json_valid("config")),
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "updated_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  PRIMARY KEY ("id")
) STRICT;
CREATE UNIQUE INDEX "uq_tenants_slug" ON "tenants" ("slug");

CREATE TABLE "users" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "email" TEXT NOT NULL CONSTRAINT "ck_users_email" CHECK (length("email") <= 255),
  "name" TEXT NOT NULL CONSTRAINT "ck_users_name" CHECK (length("name") <= 255),
  "kind" TEXT NOT NULL DEFAULT 'user' CONSTRAINT "ck_users_kind" CHECK ("kind" IN ('user', 'service')),
  "roles" TEXT NOT NULL DEFAULT '["reader"]' CONSTRAINT "ck_users_roles" CHECK (json_valid("roles")),
  "api_key_hash" TEXT CONSTRAINT "ck_users_api_key_hash" CHECK (length("api_key_hash") <= 128),
  "subject" TEXT CONSTRAINT "ck_users_subject" CHECK (length("subject") <= 255),
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "updated_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "last_login_at" TEXT,
  "deleted_at" TEXT,
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_users_tenant_id" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
) STRICT;
CREATE UNIQUE INDEX "uq_users_tenant_id_id" ON "users" ("tenant_id", "id");
CREATE UNIQUE INDEX "uq_users_email" ON "users" ("tenant_id", "email") WHERE "deleted_at" IS NULL;
CREATE UNIQUE INDEX "uq_users_api_key_hash" ON "users" ("api_key_hash") WHERE "deleted_at" IS NULL;
CREATE UNIQUE INDEX "uq_users_subject" ON "users" ("tenant_id", "subject") WHERE "deleted_at" IS NULL;

CREATE TABLE "tags" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "name" TEXT NOT NULL CONSTRAINT "ck_tags_name" CHECK (length("name") <= 255),
  "category" TEXT NOT NULL DEFAULT 'general' CONSTRAINT "ck_tags_category" CHECK (length("category") <= 100),
  "description" TEXT,
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_tags_tenant_id" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
) STRICT;
CREATE UNIQUE INDEX "uq_tags_tenant_id_id" ON "tags" ("tenant_id", "id");
CREATE INDEX "idx_tag_tenant_name" ON "tags" ("tenant_id", "name");
CREATE INDEX "idx_tag_category" ON "tags" ("category");
CREATE UNIQUE INDEX "uq_tags_category_name" ON "tags" ("tenant_id", "category", "name");

CREATE TABLE "audits" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "entity_type" TEXT NOT NULL CONSTRAINT "ck_audits_entity_type" CHECK (length("entity_type") <= 50),
  "entity_id" TEXT NOT NULL,
  "action" TEXT NOT NULL CONSTRAINT "ck_audits_action" CHECK (length("action") <= 50),
  "user_id" TEXT,
  "before_state" TEXT CONSTRAINT "ck_audits_before_state" CHECK ("before_state" IS NULL OR json_valid("before_state")),
  "after_state" TEXT CONSTRAINT "ck_audits_after_state" CHECK ("after_state" IS NULL OR json_valid("after_state")),
  "metadata" TEXT NOT NULL DEFAULT '{}' CONSTRAINT "ck_audits_metadata" CHECK (json_valid("metadata")),
  "ip_address" TEXT,
  "user_agent" TEXT CONSTRAINT "ck_audits_user_agent" CHECK (length("user_agent") <= 500),
  "timestamp" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_audits_tenant_id" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
  CONSTRAINT "fk_audits_user_id" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "users" ("tenant_id", "id")
) STRICT;
CREATE INDEX "idx_audit_tenant_timestamp" ON "audits" ("tenant_id", "timestamp" DESC);
CREATE INDEX "idx_audit_entity" ON "audits" ("entity_type", "entity_id");
CREATE INDEX "idx_audit_user" ON "audits" ("user_id", "timestamp" DESC);

CREATE TABLE "background_tasks" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "type" TEXT NOT NULL CONSTRAINT "ck_background_tasks_type" CHECK (length("type") <= 50),
  "status" TEXT NOT NULL DEFAULT 'PENDING' CONSTRAINT "ck_background_tasks_status" CHECK ("status" IN ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED')),
  "priority" INTEGER NOT NULL DEFAULT 0,
  "payload" TEXT NOT NULL DEFAULT '{}' CONSTRAINT "ck_background_tasks_payload" CHECK (json_valid("payload")),
  "result" TEXT CONSTRAINT "ck_background_tasks_result" CHECK ("result" IS NULL OR json_valid("result")),
  "error_message" TEXT,
  "progress" INTEGER NOT NULL DEFAULT 0 CONSTRAINT "ck_background_tasks_progress" CHECK ("progress" BETWEEN 0 AND 100),
  "retry_count" INTEGER NOT NULL DEFAULT 0 CONSTRAINT "ck_background_tasks_retry_count" CHECK ("retry_count" >= 0),
  "max_retries" INTEGER NOT NULL DEFAULT 3 CONSTRAINT "ck_background_tasks_max_retries" CHECK ("max_retries" >= 0),
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "started_at" TEXT,
  "completed_at" TEXT,
  "run_after" TEXT,
  "claimed_by" TEXT CONSTRAINT "ck_background_tasks_claimed_by" CHECK (length("claimed_by") <= 200),
  "lease_expires_at" TEXT,
  "created_by" TEXT,
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_background_tasks_tenant_id" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
  CONSTRAINT "ck_background_tasks_check_1" CHECK ("retry_count" <= "max_retries")
) STRICT;
CREATE INDEX "idx_task_tenant_status" ON "background_tasks" ("tenant_id", "status");
CREATE INDEX "idx_task_type_status" ON "background_tasks" ("type", "status");
CREATE INDEX "idx_task_created_at" ON "background_tasks" ("created_at" DESC);
CREATE INDEX "idx_background_tasks_run_after" ON "background_tasks" ("run_after");
CREATE INDEX "idx_background_tasks_lease_expires_at" ON "background_tasks" ("lease_expires_at");

CREATE TABLE "api_keys" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "user_id" TEXT NOT NULL,
  "name" TEXT NOT NULL CONSTRAINT "ck_api_keys_name" CHECK (length("name") <= 100),
  "prefix" TEXT NOT NULL CONSTRAINT "ck_api_keys_prefix" CHECK (length("prefix") <= 16),
  "key_hash" TEXT NOT NULL CONSTRAINT "ck_api_keys_key_hash" CHECK (length("key_hash") <= 128),
  "roles" TEXT NOT NULL DEFAULT '["reader"]' CONSTRAINT "ck_api_keys_roles" CHECK (json_valid("roles")),
  "connector_id" TEXT,
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "created_by" TEXT,
  "expires_at" TEXT,
  "last_used_at" TEXT,
  "revoked_at" TEXT,
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_api_keys_user_id" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "users" ("tenant_id", "id")
) STRICT;
CREATE INDEX "idx_api_keys_user_id" ON "api_keys" ("user_id");
CREATE INDEX "idx_api_keys_connector_id" ON "api_keys" ("connector_id");
CREATE UNIQUE INDEX "uq_api_keys_key_hash" ON "api_keys" ("key_hash");

CREATE TABLE "webhook_subscriptions" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "name" TEXT NOT NULL CONSTRAINT "ck_webhook_subscriptions_name" CHECK (length("name") <= 200),
  "url" TEXT NOT NULL,
  "entities" TEXT NOT NULL DEFAULT '[]' CONSTRAINT "ck_webhook_subscriptions_entities" CHECK (json_valid("entities")),
  "types" TEXT NOT NULL DEFAULT '[]' CONSTRAINT "ck_webhook_subscriptions_types" CHECK (json_valid("types")),
  "filter" TEXT CONSTRAINT "ck_webhook_subscriptions_filter" CHECK (length("filter") <= 8000),
  "secret" TEXT,
  "headers" TEXT NOT NULL DEFAULT '{}' CONSTRAINT "ck_webhook_subscriptions_headers" CHECK (json_valid("headers")),
  "attempts_max" INTEGER NOT NULL DEFAULT 8 CONSTRAINT "ck_webhook_subscriptions_attempts_max" CHECK ("attempts_max" BETWEEN 1 AND 20),
  "status" TEXT NOT NULL DEFAULT 'active' CONSTRAINT "ck_webhook_subscriptions_status" CHECK ("status" IN ('active', 'paused')),
  "delivered" INTEGER NOT NULL DEFAULT 0 CONSTRAINT "ck_webhook_subscriptions_delivered" CHECK ("delivered" >= 0),
  "parked" INTEGER NOT NULL DEFAULT 0 CONSTRAINT "ck_webhook_subscriptions_parked" CHECK ("parked" >= 0),
  "last_status" INTEGER,
  "last_error" TEXT,
  "last_sent_at" TEXT,
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "updated_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "created_by" TEXT,
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_webhook_subscriptions_tenant_id" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
  CONSTRAINT "fk_webhook_subscriptions_created_by" FOREIGN KEY ("tenant_id", "created_by") REFERENCES "users" ("tenant_id", "id"),
  CONSTRAINT "ck_webhook_subscriptions_check_2" CHECK (("filter" IS NULL OR length("filter") > 0))
) STRICT;
CREATE UNIQUE INDEX "uq_webhook_subscriptions_tenant_id_id" ON "webhook_subscriptions" ("tenant_id", "id");
CREATE INDEX "idx_webhook_subscriptions_tenant_id" ON "webhook_subscriptions" ("tenant_id");
CREATE INDEX "idx_webhook_subscriptions_created_by" ON "webhook_subscriptions" ("created_by");

CREATE TABLE "webhook_deliveries" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "subscription_id" TEXT NOT NULL,
  "event_id" TEXT NOT NULL,
  "event_type" TEXT NOT NULL CONSTRAINT "ck_webhook_deliveries_event_type" CHECK (length("event_type") <= 300),
  "subject" TEXT NOT NULL CONSTRAINT "ck_webhook_deliveries_subject" CHECK (length("subject") <= 600),
  "event_time" TEXT NOT NULL,
  "attempts" INTEGER NOT NULL DEFAULT 0 CONSTRAINT "ck_webhook_deliveries_attempts" CHECK ("attempts" >= 0),
  "last_status" INTEGER,
  "error_message" TEXT,
  "status" TEXT NOT NULL DEFAULT 'parked' CONSTRAINT "ck_webhook_deliveries_status" CHECK ("status" IN ('parked', 'replayed', 'discarded')),
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "created_by" TEXT,
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_webhook_deliveries_tenant_id" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
  CONSTRAINT "fk_webhook_deliveries_subscription_id" FOREIGN KEY ("tenant_id", "subscription_id") REFERENCES "webhook_subscriptions" ("tenant_id", "id")
) STRICT;
CREATE INDEX "idx_webhook_deliveries_subscription_id_status_created_at" ON "webhook_deliveries" ("subscription_id", "status", "created_at");
CREATE INDEX "idx_webhook_deliveries_created_at" ON "webhook_deliveries" ("created_at");
CREATE INDEX "idx_webhook_deliveries_tenant_id" ON "webhook_deliveries" ("tenant_id");

CREATE TABLE "audit_seals" (
  "seq" INTEGER NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "audit_id" TEXT NOT NULL,
  "salt" TEXT,
  "payload_digest" TEXT NOT NULL,
  "seal" TEXT NOT NULL,
  PRIMARY KEY ("seq")
) STRICT;
CREATE INDEX "idx_audit_seals_tenant_id_seq" ON "audit_seals" ("tenant_id", "seq");
CREATE UNIQUE INDEX "uq_audit_seals_audit_id" ON "audit_seals" ("audit_id");

CREATE TABLE "audit_heads" (
  "tenant_id" TEXT NOT NULL,
  "seq" INTEGER NOT NULL,
  "seal" TEXT NOT NULL,
  PRIMARY KEY ("tenant_id")
) STRICT;

CREATE TABLE "audit_pending" (
  "ordinal" INTEGER NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "audit_id" TEXT NOT NULL,
  "salt" TEXT NOT NULL,
  "payload_digest" TEXT NOT NULL,
  PRIMARY KEY ("ordinal")
) STRICT;

CREATE TABLE "idempotency_keys" (
  "tenant_id" TEXT NOT NULL,
  "actor" TEXT NOT NULL,
  "route" TEXT NOT NULL,
  "key" TEXT NOT NULL,
  "request_hash" TEXT NOT NULL,
  "status" INTEGER,
  "seq" INTEGER,
  "entity" TEXT,
  "row_key" TEXT,
  "answer" TEXT CONSTRAINT "ck_idempotency_keys_answer" CHECK ("answer" IS NULL OR json_valid("answer")),
  "expires_at" TEXT NOT NULL,
  PRIMARY KEY ("tenant_id", "actor", "route", "key")
) STRICT;
CREATE INDEX "idx_idempotency_keys_expires_at" ON "idempotency_keys" ("expires_at");

CREATE TABLE "leases" (
  "name" TEXT NOT NULL,
  "holder" TEXT NOT NULL,
  "fence" INTEGER NOT NULL,
  "expires_at" TEXT NOT NULL,
  PRIMARY KEY ("name")
) STRICT;

CREATE TABLE "follower_positions" (
  "name" TEXT NOT NULL,
  "seq" INTEGER NOT NULL,
  "updated_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  PRIMARY KEY ("name")
) STRICT;

CREATE TABLE "webhook_queue" (
  "subscription_id" TEXT NOT NULL,
  "seq" INTEGER NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "event_id" TEXT NOT NULL,
  "subject" TEXT NOT NULL,
  "attempts" INTEGER NOT NULL,
  "due_at" TEXT NOT NULL,
  "last_status" INTEGER,
  "error_message" TEXT,
  PRIMARY KEY ("subscription_id", "seq")
) STRICT;
CREATE INDEX "idx_webhook_queue_due_at" ON "webhook_queue" ("due_at");
CREATE INDEX "idx_webhook_queue_subscription_id_subject_seq" ON "webhook_queue" ("subscription_id", "subject", "seq");

CREATE TABLE "lineage_events" (
  "tenant_id" TEXT NOT NULL,
  "event_time" TEXT NOT NULL,
  "digest" TEXT NOT NULL CONSTRAINT "ck_lineage_events_digest" CHECK (length("digest") <= 64),
  "event_type" TEXT CONSTRAINT "ck_lineage_events_event_type" CHECK (length("event_type") <= 20),
  "run_id" TEXT,
  "event" TEXT NOT NULL,
  "created_at" TEXT NOT NULL,
  PRIMARY KEY ("tenant_id", "event_time", "digest")
) STRICT;
CREATE INDEX "idx_lineage_events_created_at" ON "lineage_events" ("created_at");

CREATE TABLE "lineage_marks" (
  "tenant_id" TEXT NOT NULL,
  "subject" TEXT NOT NULL,
  "marks" TEXT NOT NULL,
  "updated_at" TEXT NOT NULL,
  PRIMARY KEY ("tenant_id", "subject")
) STRICT;

CREATE TABLE "engine_meta" (
  "key" TEXT NOT NULL,
  "value" TEXT NOT NULL,
  PRIMARY KEY ("key")
) STRICT;

CREATE TABLE "assets" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "type" TEXT NOT NULL CONSTRAINT "ck_assets_type" CHECK (length("type") <= 50),
  "name" TEXT NOT NULL CONSTRAINT "ck_assets_name" CHECK (length("name") <= 255),
  "qualified_name" TEXT NOT NULL CONSTRAINT "ck_assets_qualified_name" CHECK (length("qualified_name") <= 500),
  "description" TEXT,
  "metadata" TEXT NOT NULL DEFAULT '{}' CONSTRAINT "ck_assets_metadata" CHECK (json_valid("metadata")),
  "version" INTEGER NOT NULL DEFAULT 1,
  "created_by" TEXT,
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "updated_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "deleted_at" TEXT,
  "job_id" TEXT,
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_assets_tenant_id" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
  CONSTRAINT "fk_assets_created_by" FOREIGN KEY ("tenant_id", "created_by") REFERENCES "users" ("tenant_id", "id"),
  CONSTRAINT "fk_assets_job_id" FOREIGN KEY ("tenant_id", "job_id") REFERENCES "migration_jobs" ("tenant_id", "job_id")
) STRICT;
CREATE UNIQUE INDEX "uq_assets_tenant_id_id" ON "assets" ("tenant_id", "id");
CREATE INDEX "idx_asset_tenant_type" ON "assets" ("tenant_id", "type");
CREATE INDEX "idx_asset_qualified_name" ON "assets" ("qualified_name");
CREATE INDEX "idx_asset_created_at" ON "assets" ("created_at" DESC);
CREATE INDEX "idx_assets_job_id" ON "assets" ("job_id") WHERE "job_id" IS NOT NULL;
CREATE UNIQUE INDEX "uq_assets_qualified_name" ON "assets" ("tenant_id", "qualified_name") WHERE "deleted_at" IS NULL;
CREATE INDEX "idx_assets_created_by" ON "assets" ("created_by");

CREATE TABLE "relationships" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "source_asset_id" TEXT NOT NULL,
  "target_asset_id" TEXT NOT NULL,
  "type" TEXT NOT NULL CONSTRAINT "ck_relationships_type" CHECK (length("type") <= 50),
  "metadata" TEXT NOT NULL DEFAULT '{}' CONSTRAINT "ck_relationships_metadata" CHECK (json_valid("metadata")),
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "created_by" TEXT,
  "job_id" TEXT,
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_relationships_tenant_id" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
  CONSTRAINT "fk_relationships_source_asset_id" FOREIGN KEY ("tenant_id", "source_asset_id") REFERENCES "assets" ("tenant_id", "id"),
  CONSTRAINT "fk_relationships_target_asset_id" FOREIGN KEY ("tenant_id", "target_asset_id") REFERENCES "assets" ("tenant_id", "id"),
  CONSTRAINT "fk_relationships_created_by" FOREIGN KEY ("tenant_id", "created_by") REFERENCES "users" ("tenant_id", "id"),
  CONSTRAINT "fk_relationships_job_id" FOREIGN KEY ("tenant_id", "job_id") REFERENCES "migration_jobs" ("tenant_id", "job_id")
) STRICT;
CREATE INDEX "idx_relationship_source" ON "relationships" ("source_asset_id", "type");
CREATE INDEX "idx_relationship_target" ON "relationships" ("target_asset_id", "type");
CREATE INDEX "idx_relationship_tenant" ON "relationships" ("tenant_id");
CREATE INDEX "idx_relationships_job_id" ON "relationships" ("job_id") WHERE "job_id" IS NOT NULL;
CREATE UNIQUE INDEX "uq_relationships_source_asset_id_target_asset_id_type" ON "relationships" ("tenant_id", "source_asset_id", "target_asset_id", "type");
CREATE INDEX "idx_relationships_created_by" ON "relationships" ("created_by");

CREATE TABLE "asset_tags" (
  "asset_id" TEXT NOT NULL,
  "tag_id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "created_by" TEXT,
  PRIMARY KEY ("asset_id", "tag_id"),
  CONSTRAINT "fk_asset_tags_asset_id" FOREIGN KEY ("tenant_id", "asset_id") REFERENCES "assets" ("tenant_id", "id"),
  CONSTRAINT "fk_asset_tags_tag_id" FOREIGN KEY ("tenant_id", "tag_id") REFERENCES "tags" ("tenant_id", "id"),
  CONSTRAINT "fk_asset_tags_created_by" FOREIGN KEY ("tenant_id", "created_by") REFERENCES "users" ("tenant_id", "id")
) STRICT;
CREATE INDEX "idx_asset_tag_asset" ON "asset_tags" ("asset_id");
CREATE INDEX "idx_asset_tag_tag" ON "asset_tags" ("tag_id");
CREATE INDEX "idx_asset_tags_created_by" ON "asset_tags" ("created_by");

CREATE TABLE "user_assets" (
  "user_id" TEXT NOT NULL,
  "asset_id" TEXT NOT NULL,
  "type" TEXT NOT NULL CONSTRAINT "ck_user_assets_type" CHECK ("type" IN ('OWNS', 'FOLLOWS')),
  "tenant_id" TEXT NOT NULL,
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "created_by" TEXT,
  PRIMARY KEY ("user_id", "asset_id", "type"),
  CONSTRAINT "fk_user_assets_user_id" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "users" ("tenant_id", "id"),
  CONSTRAINT "fk_user_assets_asset_id" FOREIGN KEY ("tenant_id", "asset_id") REFERENCES "assets" ("tenant_id", "id")
) STRICT;
CREATE INDEX "idx_user_assets_asset_id_type" ON "user_assets" ("asset_id", "type");

CREATE TABLE "schemas" (
  "id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "asset_id" TEXT NOT NULL,
  "name" TEXT NOT NULL CONSTRAINT "ck_schemas_name" CHECK (length("name") <= 255),
  "type" TEXT NOT NULL CONSTRAINT "ck_schemas_type" CHECK (length("type") <= 100),
  "nullable" INTEGER NOT NULL DEFAULT 1 CONSTRAINT "ck_schemas_nullable" CHECK ("nullable" IN (0, 1)),
  "metadata" TEXT NOT NULL DEFAULT '{}' CONSTRAINT "ck_schemas_metadata" CHECK (json_valid("metadata")),
  "order" INTEGER NOT NULL DEFAULT 0 CONSTRAINT "ck_schemas_order" CHECK ("order" >= 0),
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_schemas_asset_id" FOREIGN KEY ("tenant_id", "asset_id") REFERENCES "assets" ("tenant_id", "id")
) STRICT;
CREATE INDEX "idx_schema_asset" ON "schemas" ("asset_id", "order");
CREATE UNIQUE INDEX "uq_schemas_asset_id_name" ON "schemas" ("tenant_id", "asset_id", "name");

CREATE TRIGGER "tg_tenants_updated" AFTER UPDATE ON "tenants"
WHEN NEW."updated_at" IS OLD."updated_at" AND NEW."updated_at" IS NOT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
BEGIN
  UPDATE "tenants" SET "updated_at" = (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')) WHERE rowid = NEW.rowid;
END;

CREATE TRIGGER "tg_users_updated" AFTER UPDATE ON "users"
WHEN NEW."updated_at" IS OLD."updated_at" AND NEW."updated_at" IS NOT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
BEGIN
  UPDATE "users" SET "updated_at" = (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')) WHERE rowid = NEW.rowid;
END;

CREATE TRIGGER "tg_api_keys_user_id_deleted" AFTER DELETE ON "users"
BEGIN
  DELETE FROM "api_keys" WHERE "tenant_id" = OLD."tenant_id" AND "user_id" = OLD."id";
END;

CREATE TRIGGER "tg_webhook_subscriptions_updated" AFTER UPDATE ON "webhook_subscriptions"
WHEN NEW."updated_at" IS OLD."updated_at" AND NEW."updated_at" IS NOT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
BEGIN
  UPDATE "webhook_subscriptions" SET "updated_at" = (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')) WHERE rowid = NEW.rowid;
END;

CREATE TRIGGER "tg_webhook_deliveries_subscription_id_deleted" AFTER DELETE ON "webhook_subscriptions"
BEGIN
  DELETE FROM "webhook_deliveries" WHERE "tenant_id" = OLD."tenant_id" AND "subscription_id" = OLD."id";
END;

CREATE TRIGGER "tg_follower_positions_updated" AFTER UPDATE ON "follower_positions"
WHEN NEW."updated_at" IS OLD."updated_at" AND NEW."updated_at" IS NOT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
BEGIN
  UPDATE "follower_positions" SET "updated_at" = (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')) WHERE rowid = NEW.rowid;
END;

CREATE TRIGGER "tg_assets_updated" AFTER UPDATE ON "assets"
WHEN NEW."updated_at" IS OLD."updated_at" AND NEW."updated_at" IS NOT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
BEGIN
  UPDATE "assets" SET "updated_at" = (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')) WHERE rowid = NEW.rowid;
END;

CREATE TRIGGER "tg_relationships_source_asset_id_deleted" AFTER DELETE ON "assets"
BEGIN
  DELETE FROM "relationships" WHERE "tenant_id" = OLD."tenant_id" AND "source_asset_id" = OLD."id";
END;

CREATE TRIGGER "tg_relationships_target_asset_id_deleted" AFTER DELETE ON "assets"
BEGIN
  DELETE FROM "relationships" WHERE "tenant_id" = OLD."tenant_id" AND "target_asset_id" = OLD."id";
END;

CREATE TRIGGER "tg_asset_tags_asset_id_deleted" AFTER DELETE ON "assets"
BEGIN
  DELETE FROM "asset_tags" WHERE "tenant_id" = OLD."tenant_id" AND "asset_id" = OLD."id";
END;

CREATE TRIGGER "tg_asset_tags_tag_id_deleted" AFTER DELETE ON "tags"
BEGIN
  DELETE FROM "asset_tags" WHERE "tenant_id" = OLD."tenant_id" AND "tag_id" = OLD."id";
END;

CREATE TRIGGER "tg_user_assets_user_id_deleted" AFTER DELETE ON "users"
BEGIN
  DELETE FROM "user_assets" WHERE "tenant_id" = OLD."tenant_id" AND "user_id" = OLD."id";
END;

CREATE TRIGGER "tg_user_assets_asset_id_deleted" AFTER DELETE ON "assets"
BEGIN
  DELETE FROM "user_assets" WHERE "tenant_id" = OLD."tenant_id" AND "asset_id" = OLD."id";
END;

CREATE TRIGGER "tg_schemas_asset_id_deleted" AFTER DELETE ON "assets"
BEGIN
  DELETE FROM "schemas" WHERE "tenant_id" = OLD."tenant_id" AND "asset_id" = OLD."id";
END;
