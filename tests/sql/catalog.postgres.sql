CREATE TABLE "tenants" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "name" varchar(255) COLLATE "C" NOT NULL,
  "slug" varchar(63) COLLATE "C" NOT NULL,
  "status" text COLLATE "C" NOT NULL DEFAULT 'ACTIVE' CONSTRAINT "ck_tenants_status" CHECK ("status" IN ('ACTIVE', 'SUSPENDED', 'DELETED')),
  "config" jsonb NOT NULL DEFAULT '{}',
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "updated_at" timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "uq_tenants_slug" ON "tenants" ("slug");
ALTER TABLE "tenants" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "tenants" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "tenants" USING ("id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "users" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "email" varchar(255) COLLATE "C" NOT NULL,
  "name" varchar(255) COLLATE "C" NOT NULL,
  "kind" text COLLATE "C" NOT NULL DEFAULT 'user' CONSTRAINT "ck_users_kind" CHECK ("kind" IN ('user', 'service')),
  "roles" jsonb NOT NULL DEFAULT '["reader"]',
  "api_key_hash" varchar(128) COLLATE "C",
  "subject" varchar(255) COLLATE "C",
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "updated_at" timestamptz NOT NULL DEFAULT now(),
  "last_login_at" timestamptz,
  "deleted_at" timestamptz,
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_users_tenant_id" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
);
CREATE UNIQUE INDEX "uq_users_tenant_id_id" ON "users" ("tenant_id", "id");
CREATE UNIQUE INDEX "uq_users_email" ON "users" ("tenant_id", "email") WHERE "deleted_at" IS NULL;
CREATE UNIQUE INDEX "uq_users_api_key_hash" ON "users" ("api_key_hash") WHERE "deleted_at" IS NULL;
CREATE UNIQUE INDEX "uq_users_subject" ON "users" ("tenant_id", "subject") WHERE "deleted_at" IS NULL;
ALTER TABLE "users" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "users" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "users" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "tags" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "name" varchar(255) COLLATE "C" NOT NULL,
  "category" varchar(100) COLLATE "C" NOT NULL DEFAULT 'general',
  "description" text COLLATE "C",
  "created_at" timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_tags_tenant_id" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
);
CREATE UNIQUE INDEX "uq_tags_tenant_id_id" ON "tags" ("tenant_id", "id");
CREATE INDEX "idx_tag_tenant_name" ON "tags" ("tenant_id", "name");
CREATE INDEX "idx_tag_category" ON "tags" ("category");
CREATE UNIQUE INDEX "uq_tags_category_name" ON "tags" ("tenant_id", "category", "name");
ALTER TABLE "tags" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "tags" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "tags" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "audits" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "entity_type" varchar(50) COLLATE "C" NOT NULL,
  "entity_id" uuid NOT NULL,
  "action" varchar(50) COLLATE "C" NOT NULL,
  "user_id" uuid,
  "before_state" jsonb,
  "after_state" jsonb,
  "metadata" jsonb NOT NULL DEFAULT '{}',
  "ip_address" inet,
  "user_agent" varchar(500) COLLATE "C",
  "timestamp" timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_audits_tenant_id" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
  CONSTRAINT "fk_audits_user_id" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "users" ("tenant_id", "id")
);
CREATE INDEX "idx_audit_tenant_timestamp" ON "audits" ("tenant_id", "timestamp" DESC);
CREATE INDEX "idx_audit_entity" ON "audits" ("entity_type", "entity_id");
CREATE INDEX "idx_audit_user" ON "audits" ("user_id" NULLS FIRST, "timestamp" DESC);
ALTER TABLE "audits" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "audits" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "audits" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "background_tasks" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "type" varchar(50) COLLATE "C" NOT NULL,
  "status" text COLLATE "C" NOT NULL DEFAULT 'PENDING' CONSTRAINT "ck_background_tasks_status" CHECK ("status" IN ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED')),
  "priority" bigint NOT NULL DEFAULT 0,
  "payload" jsonb NOT NULL DEFAULT '{}',
  "result" jsonb,
  "error_message" text COLLATE "C",
  "progress" bigint NOT NULL DEFAULT 0 CONSTRAINT "ck_background_tasks_progress" CHECK ("progress" BETWEEN 0 AND 100),
  "retry_count" bigint NOT NULL DEFAULT 0 CONSTRAINT "ck_background_tasks_retry_count" CHECK ("retry_count" >= 0),
  "max_retries" bigint NOT NULL DEFAULT 3 CONSTRAINT "ck_background_tasks_max_retries" CHECK ("max_retries" >= 0),
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "started_at" timestamptz,
  "completed_at" timestamptz,
  "run_after" timestamptz,
  "claimed_by" varchar(200) COLLATE "C",
  "lease_expires_at" timestamptz,
  "created_by" uuid,
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_background_tasks_tenant_id" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
  CONSTRAINT "ck_background_tasks_check_1" CHECK ("retry_count" <= "max_retries")
);
CREATE INDEX "idx_task_tenant_status" ON "background_tasks" ("tenant_id", "status");
CREATE INDEX "idx_task_type_status" ON "background_tasks" ("type", "status");
CREATE INDEX "idx_task_created_at" ON "background_tasks" ("created_at" DESC);
CREATE INDEX "idx_background_tasks_run_after" ON "background_tasks" ("run_after" NULLS FIRST);
CREATE INDEX "idx_background_tasks_lease_expires_at" ON "background_tasks" ("lease_expires_at" NULLS FIRST);
ALTER TABLE "background_tasks" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "background_tasks" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "background_tasks" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "api_keys" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "user_id" uuid NOT NULL,
  "name" varchar(100) COLLATE "C" NOT NULL,
  "prefix" varchar(16) COLLATE "C" NOT NULL,
  "key_hash" varchar(128) COLLATE "C" NOT NULL,
  "roles" jsonb NOT NULL DEFAULT '["reader"]',
  "connector_id" uuid,
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "created_by" uuid,
  "expires_at" timestamptz,
  "last_used_at" timestamptz,
  "revoked_at" timestamptz,
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_api_keys_user_id" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "users" ("tenant_id", "id") ON DELETE CASCADE
);
CREATE INDEX "idx_api_keys_user_id" ON "api_keys" ("user_id");
CREATE INDEX "idx_api_keys_connector_id" ON "api_keys" ("connector_id" NULLS FIRST);
CREATE UNIQUE INDEX "uq_api_keys_key_hash" ON "api_keys" ("key_hash");
ALTER TABLE "api_keys" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "api_keys" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "api_keys" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "webhook_subscriptions" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "name" varchar(200) COLLATE "C" NOT NULL,
  "url" text COLLATE "C" NOT NULL,
  "entities" jsonb NOT NULL DEFAULT '[]',
  "types" jsonb NOT NULL DEFAULT '[]',
  "filter" varchar(8000) COLLATE "C",
  "secret" bytea,
  "headers" jsonb NOT NULL DEFAULT '{}',
  "attempts_max" bigint NOT NULL DEFAULT 8 CONSTRAINT "ck_webhook_subscriptions_attempts_max" CHECK ("attempts_max" BETWEEN 1 AND 20),
  "status" text COLLATE "C" NOT NULL DEFAULT 'active' CONSTRAINT "ck_webhook_subscriptions_status" CHECK ("status" IN ('active', 'paused')),
  "delivered" bigint NOT NULL DEFAULT 0 CONSTRAINT "ck_webhook_subscriptions_delivered" CHECK ("delivered" >= 0),
  "parked" bigint NOT NULL DEFAULT 0 CONSTRAINT "ck_webhook_subscriptions_parked" CHECK ("parked" >= 0),
  "last_status" bigint,
  "last_error" text COLLATE "C",
  "last_sent_at" timestamptz,
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "updated_at" timestamptz NOT NULL DEFAULT now(),
  "created_by" uuid,
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_webhook_subscriptions_tenant_id" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
  CONSTRAINT "fk_webhook_subscriptions_created_by" FOREIGN KEY ("tenant_id", "created_by") REFERENCES "users" ("tenant_id", "id"),
  CONSTRAINT "ck_webhook_subscriptions_check_2" CHECK (("filter" IS NULL OR length("filter")::bigint > 0::bigint))
);
CREATE UNIQUE INDEX "uq_webhook_subscriptions_tenant_id_id" ON "webhook_subscriptions" ("tenant_id", "id");
CREATE INDEX "idx_webhook_subscriptions_tenant_id" ON "webhook_subscriptions" ("tenant_id");
CREATE INDEX "idx_webhook_subscriptions_created_by" ON "webhook_subscriptions" ("created_by" NULLS FIRST);
ALTER TABLE "webhook_subscriptions" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "webhook_subscriptions" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "webhook_subscriptions" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "webhook_deliveries" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "subscription_id" uuid NOT NULL,
  "event_id" uuid NOT NULL,
  "event_type" varchar(300) COLLATE "C" NOT NULL,
  "subject" varchar(600) COLLATE "C" NOT NULL,
  "event_time" timestamptz NOT NULL,
  "attempts" bigint NOT NULL DEFAULT 0 CONSTRAINT "ck_webhook_deliveries_attempts" CHECK ("attempts" >= 0),
  "last_status" bigint,
  "error_message" text COLLATE "C",
  "status" text COLLATE "C" NOT NULL DEFAULT 'parked' CONSTRAINT "ck_webhook_deliveries_status" CHECK ("status" IN ('parked', 'replayed', 'discarded')),
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "created_by" uuid,
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_webhook_deliveries_tenant_id" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
  CONSTRAINT "fk_webhook_deliveries_subscription_id" FOREIGN KEY ("tenant_id", "subscription_id") REFERENCES "webhook_subscriptions" ("tenant_id", "id") ON DELETE CASCADE
);
CREATE INDEX "idx_webhook_deliveries_subscription_id_status_created_at" ON "webhook_deliveries" ("subscription_id", "status", "created_at");
CREATE INDEX "idx_webhook_deliveries_created_at" ON "webhook_deliveries" ("created_at");
CREATE INDEX "idx_webhook_deliveries_tenant_id" ON "webhook_deliveries" ("tenant_id");
ALTER TABLE "webhook_deliveries" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "webhook_deliveries" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "webhook_deliveries" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "audit_seals" (
  "seq" bigint NOT NULL,
  "tenant_id" uuid NOT NULL,
  "audit_id" uuid NOT NULL,
  "salt" text COLLATE "C",
  "payload_digest" text COLLATE "C" NOT NULL,
  "seal" text COLLATE "C" NOT NULL,
  PRIMARY KEY ("seq")
);
CREATE INDEX "idx_audit_seals_tenant_id_seq" ON "audit_seals" ("tenant_id", "seq");
CREATE UNIQUE INDEX "uq_audit_seals_audit_id" ON "audit_seals" ("audit_id");
ALTER TABLE "audit_seals" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "audit_seals" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "audit_seals" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "audit_heads" (
  "tenant_id" uuid NOT NULL,
  "seq" bigint NOT NULL,
  "seal" text COLLATE "C" NOT NULL,
  PRIMARY KEY ("tenant_id")
);
ALTER TABLE "audit_heads" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "audit_heads" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "audit_heads" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "audit_pending" (
  "ordinal" bigint NOT NULL,
  "tenant_id" uuid NOT NULL,
  "audit_id" uuid NOT NULL,
  "salt" text COLLATE "C" NOT NULL,
  "payload_digest" text COLLATE "C" NOT NULL,
  PRIMARY KEY ("ordinal")
);
ALTER TABLE "audit_pending" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "audit_pending" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "audit_pending" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "idempotency_keys" (
  "tenant_id" uuid NOT NULL,
  "actor" uuid NOT NULL,
  "route" text COLLATE "C" NOT NULL,
  "key" text COLLATE "C" NOT NULL,
  "request_hash" text COLLATE "C" NOT NULL,
  "status" bigint,
  "seq" bigint,
  "entity" text COLLATE "C",
  "row_key" text COLLATE "C",
  "answer" jsonb,
  "expires_at" timestamptz NOT NULL,
  PRIMARY KEY ("tenant_id", "actor", "route", "key")
);
CREATE INDEX "idx_idempotency_keys_expires_at" ON "idempotency_keys" ("expires_at");
ALTER TABLE "idempotency_keys" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "idempotency_keys" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "idempotency_keys" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "leases" (
  "name" text COLLATE "C" NOT NULL,
  "holder" text COLLATE "C" NOT NULL,
  "fence" bigint NOT NULL,
  "expires_at" timestamptz NOT NULL,
  PRIMARY KEY ("name")
);

CREATE TABLE "follower_positions" (
  "name" text COLLATE "C" NOT NULL,
  "seq" bigint NOT NULL,
  "updated_at" timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY ("name")
);

CREATE TABLE "webhook_queue" (
  "subscription_id" uuid NOT NULL,
  "seq" bigint NOT NULL,
  "tenant_id" uuid NOT NULL,
  "event_id" uuid NOT NULL,
  "subject" text COLLATE "C" NOT NULL,
  "attempts" bigint NOT NULL,
  "due_at" timestamptz NOT NULL,
  "last_status" bigint,
  "error_message" text COLLATE "C",
  PRIMARY KEY ("subscription_id", "seq")
);
CREATE INDEX "idx_webhook_queue_due_at" ON "webhook_queue" ("due_at");
CREATE INDEX "idx_webhook_queue_subscription_id_subject_seq" ON "webhook_queue" ("subscription_id", "subject", "seq");
ALTER TABLE "webhook_queue" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "webhook_queue" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "webhook_queue" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "lineage_events" (
  "tenant_id" uuid NOT NULL,
  "event_time" timestamptz NOT NULL,
  "digest" varchar(64) COLLATE "C" NOT NULL,
  "event_type" varchar(20) COLLATE "C",
  "run_id" uuid,
  "event" text COLLATE "C" NOT NULL,
  "created_at" timestamptz NOT NULL,
  PRIMARY KEY ("tenant_id", "event_time", "digest")
);
CREATE INDEX "idx_lineage_events_created_at" ON "lineage_events" ("created_at");
ALTER TABLE "lineage_events" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "lineage_events" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "lineage_events" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "lineage_marks" (
  "tenant_id" uuid NOT NULL,
  "subject" uuid NOT NULL,
  "marks" text COLLATE "C" NOT NULL,
  "updated_at" timestamptz NOT NULL,
  PRIMARY KEY ("tenant_id", "subject")
);
ALTER TABLE "lineage_marks" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "lineage_marks" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "lineage_marks" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "engine_meta" (
  "key" text COLLATE "C" NOT NULL,
  "value" text COLLATE "C" NOT NULL,
  PRIMARY KEY ("key")
);

CREATE TABLE "assets" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "type" varchar(50) COLLATE "C" NOT NULL,
  "name" varchar(255) COLLATE "C" NOT NULL,
  "qualified_name" varchar(500) COLLATE "C" NOT NULL,
  "description" text COLLATE "C",
  "metadata" jsonb NOT NULL DEFAULT '{}',
  "version" bigint NOT NULL DEFAULT 1,
  "created_by" uuid,
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "updated_at" timestamptz NOT NULL DEFAULT now(),
  "deleted_at" timestamptz,
  "job_id" text COLLATE "C",
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_assets_tenant_id" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
  CONSTRAINT "fk_assets_created_by" FOREIGN KEY ("tenant_id", "created_by") REFERENCES "users" ("tenant_id", "id")
);
CREATE UNIQUE INDEX "uq_assets_tenant_id_id" ON "assets" ("tenant_id", "id");
CREATE INDEX "idx_asset_tenant_type" ON "assets" ("tenant_id", "type");
CREATE INDEX "idx_asset_qualified_name" ON "assets" ("qualified_name");
CREATE INDEX "idx_asset_created_at" ON "assets" ("created_at" DESC);
CREATE INDEX "idx_assets_job_id" ON "assets" ("job_id" NULLS FIRST) WHERE "job_id" IS NOT NULL;
CREATE UNIQUE INDEX "uq_assets_qualified_name" ON "assets" ("tenant_id", "qualified_name") WHERE "deleted_at" IS NULL;
CREATE INDEX "idx_assets_created_by" ON "assets" ("created_by" NULLS FIRST);
ALTER TABLE "assets" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "assets" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "assets" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "relationships" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "source_asset_id" uuid NOT NULL,
  "target_asset_id" uuid NOT NULL,
  "type" varchar(50) COLLATE "C" NOT NULL,
  "metadata" jsonb NOT NULL DEFAULT '{}',
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "created_by" uuid,
  "job_id" text COLLATE "C",
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_relationships_tenant_id" FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id"),
  CONSTRAINT "fk_relationships_source_asset_id" FOREIGN KEY ("tenant_id", "source_asset_id") REFERENCES "assets" ("tenant_id", "id") ON DELETE CASCADE,
  CONSTRAINT "fk_relationships_target_asset_id" FOREIGN KEY ("tenant_id", "target_asset_id") REFERENCES "assets" ("tenant_id", "id") ON DELETE CASCADE,
  CONSTRAINT "fk_relationships_created_by" FOREIGN KEY ("tenant_id", "created_by") REFERENCES "users" ("tenant_id", "id")
);
CREATE INDEX "idx_relationship_source" ON "relationships" ("source_asset_id", "type");
CREATE INDEX "idx_relationship_target" ON "relationships" ("target_asset_id", "type");
CREATE INDEX "idx_relationship_tenant" ON "relationships" ("tenant_id");
CREATE INDEX "idx_relationships_job_id" ON "relationships" ("job_id" NULLS FIRST) WHERE "job_id" IS NOT NULL;
CREATE UNIQUE INDEX "uq_relationships_source_asset_id_target_asset_id_type" ON "relationships" ("tenant_id", "source_asset_id", "target_asset_id", "type");
CREATE INDEX "idx_relationships_created_by" ON "relationships" ("created_by" NULLS FIRST);
ALTER TABLE "relationships" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "relationships" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "relationships" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "asset_tags" (
  "asset_id" uuid NOT NULL,
  "tag_id" uuid NOT NULL,
  "tenant_id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "created_by" uuid,
  PRIMARY KEY ("asset_id", "tag_id"),
  CONSTRAINT "fk_asset_tags_asset_id" FOREIGN KEY ("tenant_id", "asset_id") REFERENCES "assets" ("tenant_id", "id") ON DELETE CASCADE,
  CONSTRAINT "fk_asset_tags_tag_id" FOREIGN KEY ("tenant_id", "tag_id") REFERENCES "tags" ("tenant_id", "id") ON DELETE CASCADE,
  CONSTRAINT "fk_asset_tags_created_by" FOREIGN KEY ("tenant_id", "created_by") REFERENCES "users" ("tenant_id", "id")
);
CREATE INDEX "idx_asset_tag_asset" ON "asset_tags" ("asset_id");
CREATE INDEX "idx_asset_tag_tag" ON "asset_tags" ("tag_id");
CREATE INDEX "idx_asset_tags_created_by" ON "asset_tags" ("created_by" NULLS FIRST);
ALTER TABLE "asset_tags" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "asset_tags" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "asset_tags" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "user_assets" (
  "user_id" uuid NOT NULL,
  "asset_id" uuid NOT NULL,
  "type" text COLLATE "C" NOT NULL CONSTRAINT "ck_user_assets_type" CHECK ("type" IN ('OWNS', 'FOLLOWS')),
  "tenant_id" uuid NOT NULL,
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "created_by" uuid,
  PRIMARY KEY ("user_id", "asset_id", "type"),
  CONSTRAINT "fk_user_assets_user_id" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "users" ("tenant_id", "id") ON DELETE CASCADE,
  CONSTRAINT "fk_user_assets_asset_id" FOREIGN KEY ("tenant_id", "asset_id") REFERENCES "assets" ("tenant_id", "id") ON DELETE CASCADE
);
CREATE INDEX "idx_user_assets_asset_id_type" ON "user_assets" ("asset_id", "type");
ALTER TABLE "user_assets" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "user_assets" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "user_assets" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "schemas" (
  "id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "tenant_id" uuid NOT NULL,
  "asset_id" uuid NOT NULL,
  "name" varchar(255) COLLATE "C" NOT NULL,
  "type" varchar(100) COLLATE "C" NOT NULL,
  "nullable" boolean NOT NULL DEFAULT true,
  "metadata" jsonb NOT NULL DEFAULT '{}',
  "order" bigint NOT NULL DEFAULT 0 CONSTRAINT "ck_schemas_order" CHECK ("order" >= 0),
  "created_at" timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY ("id"),
  CONSTRAINT "fk_schemas_asset_id" FOREIGN KEY ("tenant_id", "asset_id") REFERENCES "assets" ("tenant_id", "id") ON DELETE CASCADE
);
CREATE INDEX "idx_schema_asset" ON "schemas" ("asset_id", "order");
CREATE UNIQUE INDEX "uq_schemas_asset_id_name" ON "schemas" ("tenant_id", "asset_id", "name");
ALTER TABLE "schemas" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "schemas" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "schemas" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE OR REPLACE FUNCTION "tg_tenants_updated"() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW."updated_at" = greatest(clock_timestamp(), OLD."updated_at" + interval '1 microsecond');
  RETURN NEW;
END $$;
CREATE TRIGGER "tg_tenants_updated" BEFORE UPDATE ON "tenants" FOR EACH ROW
  WHEN (NEW."updated_at" IS NOT DISTINCT FROM OLD."updated_at" AND
        coalesce(current_setting('tenon.keep_times', true), '') <> 'on') EXECUTE FUNCTION "tg_tenants_updated"();

CREATE OR REPLACE FUNCTION "tg_users_updated"() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW."updated_at" = greatest(clock_timestamp(), OLD."updated_at" + interval '1 microsecond');
  RETURN NEW;
END $$;
CREATE TRIGGER "tg_users_updated" BEFORE UPDATE ON "users" FOR EACH ROW
  WHEN (NEW."updated_at" IS NOT DISTINCT FROM OLD."updated_at" AND
        coalesce(current_setting('tenon.keep_times', true), '') <> 'on') EXECUTE FUNCTION "tg_users_updated"();

CREATE OR REPLACE FUNCTION "tg_webhook_subscriptions_updated"() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW."updated_at" = greatest(clock_timestamp(), OLD."updated_at" + interval '1 microsecond');
  RETURN NEW;
END $$;
CREATE TRIGGER "tg_webhook_subscriptions_updated" BEFORE UPDATE ON "webhook_subscriptions" FOR EACH ROW
  WHEN (NEW."updated_at" IS NOT DISTINCT FROM OLD."updated_at" AND
        coalesce(current_setting('tenon.keep_times', true), '') <> 'on') EXECUTE FUNCTION "tg_webhook_subscriptions_updated"();

CREATE OR REPLACE FUNCTION "tg_follower_positions_updated"() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW."updated_at" = greatest(clock_timestamp(), OLD."updated_at" + interval '1 microsecond');
  RETURN NEW;
END $$;
CREATE TRIGGER "tg_follower_positions_updated" BEFORE UPDATE ON "follower_positions" FOR EACH ROW
  WHEN (NEW."updated_at" IS NOT DISTINCT FROM OLD."updated_at" AND
        coalesce(current_setting('tenon.keep_times', true), '') <> 'on') EXECUTE FUNCTION "tg_follower_positions_updated"();

CREATE OR REPLACE FUNCTION "tg_assets_updated"() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW."updated_at" = greatest(clock_timestamp(), OLD."updated_at" + interval '1 microsecond');
  RETURN NEW;
END $$;
CREATE TRIGGER "tg_assets_updated" BEFORE UPDATE ON "assets" FOR EACH ROW
  WHEN (NEW."updated_at" IS NOT DISTINCT FROM OLD."updated_at" AND
        coalesce(current_setting('tenon.keep_times', true), '') <> 'on') EXECUTE FUNCTION "tg_assets_updated"();
