CREATE TABLE "migration_jobs" (
  "job_id" text COLLATE "C" NOT NULL,
  "tenant_id" uuid NOT NULL,
  "source" varchar(100) COLLATE "C" NOT NULL,
  "status" text COLLATE "C" NOT NULL DEFAULT 'queued' CONSTRAINT "ck_migration_jobs_status" CHECK ("status" IN ('queued', 'running', 'succeeded', 'failed')),
  "started_at" timestamptz,
  "completed_at" timestamptz,
  "metrics" jsonb NOT NULL DEFAULT '{}',
  "image_digest" varchar(200) COLLATE "C",
  "logs_url" varchar(2000) COLLATE "C",
  "options" jsonb NOT NULL DEFAULT '{}',
  "secrets" jsonb,
  "checkpoint" jsonb,
  "error_message" text COLLATE "C",
  "heartbeat_at" timestamptz,
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "updated_at" timestamptz NOT NULL DEFAULT now(),
  "created_by" uuid,
  PRIMARY KEY ("job_id")
);
CREATE UNIQUE INDEX "uq_migration_jobs_tenant_id_job_id" ON "migration_jobs" ("tenant_id", "job_id");
CREATE INDEX "idx_migration_jobs_status_created_at" ON "migration_jobs" ("status", "created_at" DESC);
CREATE INDEX "idx_migration_jobs_created_at" ON "migration_jobs" ("created_at" DESC);
CREATE INDEX "idx_migration_jobs_heartbeat_at" ON "migration_jobs" ("heartbeat_at" NULLS FIRST);
ALTER TABLE "migration_jobs" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "migration_jobs" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "migration_jobs" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);
ALTER TABLE "assets" ADD CONSTRAINT "fk_assets_job_id" FOREIGN KEY ("tenant_id", "job_id") REFERENCES "migration_jobs" ("tenant_id", "job_id");
ALTER TABLE "relationships" ADD CONSTRAINT "fk_relationships_job_id" FOREIGN KEY ("tenant_id", "job_id") REFERENCES "migration_jobs" ("tenant_id", "job_id");

CREATE TABLE "graph_nodes" (
  "id" uuid NOT NULL,
  "org_id" uuid NOT NULL,
  "type" text COLLATE "C" NOT NULL,
  "properties" jsonb NOT NULL DEFAULT '{}',
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "updated_at" timestamptz NOT NULL DEFAULT now(),
  "created_by" uuid,
  "updated_by" uuid,
  "user_agent" varchar(500) COLLATE "C",
  "client_ip" inet,
  "job_id" text COLLATE "C",
  PRIMARY KEY ("org_id", "id"),
  CONSTRAINT "fk_graph_nodes_org_id" FOREIGN KEY ("org_id") REFERENCES "tenants" ("id"),
  CONSTRAINT "fk_graph_nodes_job_id" FOREIGN KEY ("org_id", "job_id") REFERENCES "migration_jobs" ("tenant_id", "job_id")
);
CREATE INDEX "idx_graph_nodes_type" ON "graph_nodes" ("org_id", "type");
CREATE INDEX "idx_graph_nodes_job_id" ON "graph_nodes" ("job_id" NULLS FIRST) WHERE "job_id" IS NOT NULL;
ALTER TABLE "graph_nodes" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "graph_nodes" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "graph_nodes" USING ("org_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("org_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "graph_edges" (
  "id" uuid NOT NULL,
  "org_id" uuid NOT NULL,
  "source_id" uuid NOT NULL,
  "target_id" uuid NOT NULL,
  "type" text COLLATE "C" NOT NULL,
  "properties" jsonb NOT NULL DEFAULT '{}',
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "updated_at" timestamptz NOT NULL DEFAULT now(),
  "created_by" uuid,
  "updated_by" uuid,
  "job_id" text COLLATE "C",
  PRIMARY KEY ("org_id", "id"),
  CONSTRAINT "fk_graph_edges_org_id" FOREIGN KEY ("org_id") REFERENCES "tenants" ("id"),
  CONSTRAINT "fk_graph_edges_source_id" FOREIGN KEY ("org_id", "source_id") REFERENCES "graph_nodes" ("org_id", "id"),
  CONSTRAINT "fk_graph_edges_target_id" FOREIGN KEY ("org_id", "target_id") REFERENCES "graph_nodes" ("org_id", "id"),
  CONSTRAINT "fk_graph_edges_job_id" FOREIGN KEY ("org_id", "job_id") REFERENCES "migration_jobs" ("tenant_id", "job_id")
);
CREATE INDEX "idx_graph_edges_source_id_type" ON "graph_edges" ("source_id", "type");
CREATE INDEX "idx_graph_edges_target_id_type" ON "graph_edges" ("target_id", "type");
CREATE INDEX "idx_graph_edges_job_id" ON "graph_edges" ("job_id" NULLS FIRST) WHERE "job_id" IS NOT NULL;
ALTER TABLE "graph_edges" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "graph_edges" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "graph_edges" USING ("org_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("org_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "migration_job_lines" (
  "tenant_id" uuid NOT NULL,
  "job_id" text COLLATE "C" NOT NULL,
  "kind" text COLLATE "C" NOT NULL CONSTRAINT "ck_migration_job_lines_kind" CHECK ("kind" IN ('log', 'reject')),
  "n" bigint NOT NULL,
  "at" timestamptz NOT NULL,
  "line" jsonb NOT NULL,
  PRIMARY KEY ("tenant_id", "job_id", "kind", "n")
);
CREATE INDEX "idx_migration_job_lines_at" ON "migration_job_lines" ("at");
ALTER TABLE "migration_job_lines" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "migration_job_lines" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "migration_job_lines" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "connector_configs" (
  "connector_id" uuid NOT NULL DEFAULT tenon_uuid7(),
  "org_id" uuid NOT NULL,
  "name" varchar(255) COLLATE "C" NOT NULL,
  "type" text COLLATE "C" NOT NULL,
  "config" jsonb NOT NULL,
  "status" text COLLATE "C" NOT NULL DEFAULT 'draft' CONSTRAINT "ck_connector_configs_status" CHECK ("status" IN ('draft', 'active', 'paused', 'error')),
  "last_heartbeat" timestamptz,
  "heartbeat_sla" interval NOT NULL DEFAULT 'PT5M',
  "heartbeat_due" timestamptz,
  "validated_at" timestamptz,
  "metrics" jsonb NOT NULL DEFAULT '{}',
  "error_message" text COLLATE "C",
  "next_poll_at" timestamptz,
  "remediation_id" uuid,
  "restarted_at" timestamptz,
  "created_at" timestamptz NOT NULL DEFAULT now(),
  "updated_at" timestamptz NOT NULL DEFAULT now(),
  "created_by" uuid,
  PRIMARY KEY ("connector_id"),
  CONSTRAINT "fk_connector_configs_org_id" FOREIGN KEY ("org_id") REFERENCES "tenants" ("id")
);
CREATE INDEX "idx_connector_configs_status" ON "connector_configs" ("org_id", "status");
CREATE INDEX "idx_connector_configs_heartbeat_due" ON "connector_configs" ("heartbeat_due" NULLS FIRST);
CREATE INDEX "idx_connector_configs_next_poll_at" ON "connector_configs" ("next_poll_at" NULLS FIRST);
ALTER TABLE "connector_configs" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "connector_configs" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "connector_configs" USING ("org_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("org_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE TABLE "connector_reports" (
  "tenant_id" uuid NOT NULL,
  "connector_id" uuid NOT NULL,
  "kind" text COLLATE "C" NOT NULL CONSTRAINT "ck_connector_reports_kind" CHECK ("kind" IN ('worker', 'error', 'reject')),
  "id" varchar(400) COLLATE "C" NOT NULL,
  "at" timestamptz NOT NULL,
  "report" jsonb NOT NULL,
  PRIMARY KEY ("tenant_id", "connector_id", "kind", "id")
);
CREATE INDEX "idx_connector_reports_tenant_id_connector_id_kind_at" ON "connector_reports" ("tenant_id", "connector_id", "kind", "at");
CREATE INDEX "idx_connector_reports_at" ON "connector_reports" ("at");
ALTER TABLE "connector_reports" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "connector_reports" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "connector_reports" USING ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid) WITH CHECK ("tenant_id" = nullif(current_setting('tenon.tenant', true), '')::uuid);

CREATE OR REPLACE FUNCTION "tg_migration_jobs_updated"() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW."updated_at" = greatest(clock_timestamp(), OLD."updated_at" + interval '1 microsecond');
  RETURN NEW;
END $$;
CREATE TRIGGER "tg_migration_jobs_updated" BEFORE UPDATE ON "migration_jobs" FOR EACH ROW
  WHEN (NEW."updated_at" IS NOT DISTINCT FROM OLD."updated_at" AND
        coalesce(current_setting('tenon.keep_times', true), '') <> 'on') EXECUTE FUNCTION "tg_migration_jobs_updated"();

CREATE OR REPLACE FUNCTION "tg_graph_nodes_enums"() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW."type" NOT IN ('VIDEO', 'LABEL', 'DATASET', 'SERVICE', 'DEPLOYMENT', 'COMPONENT', 'PERSON', 'DOCUMENT') THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'enum: graph_nodes.type',
      SCHEMA = TG_TABLE_SCHEMA, TABLE = 'graph_nodes', COLUMN = 'type', CONSTRAINT = 'ck_graph_nodes_type';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "tg_graph_nodes_enums" BEFORE INSERT OR UPDATE ON "graph_nodes" FOR EACH ROW
  WHEN (NEW."type" NOT IN ('VIDEO', 'LABEL', 'DATASET', 'SERVICE', 'DEPLOYMENT', 'COMPONENT', 'PERSON', 'DOCUMENT')) EXECUTE FUNCTION "tg_graph_nodes_enums"();

CREATE OR REPLACE FUNCTION "tg_graph_nodes_updated"() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW."updated_at" = greatest(clock_timestamp(), OLD."updated_at" + interval '1 microsecond');
  RETURN NEW;
END $$;
CREATE TRIGGER "tg_graph_nodes_updated" BEFORE UPDATE ON "graph_nodes" FOR EACH ROW
  WHEN (NEW."updated_at" IS NOT DISTINCT FROM OLD."updated_at" AND
        coalesce(current_setting('tenon.keep_times', true), '') <> 'on') EXECUTE FUNCTION "tg_graph_nodes_updated"();

CREATE OR REPLACE FUNCTION "tg_graph_edges_enums"() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW."type" NOT IN ('HAS_LABEL', 'DERIVED_FROM', 'DEPENDS_ON', 'DEPLOYED_AS', 'OWNS', 'RELATED_TO') THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'enum: graph_edges.type',
      SCHEMA = TG_TABLE_SCHEMA, TABLE = 'graph_edges', COLUMN = 'type', CONSTRAINT = 'ck_graph_edges_type';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "tg_graph_edges_enums" BEFORE INSERT OR UPDATE ON "graph_edges" FOR EACH ROW
  WHEN (NEW."type" NOT IN ('HAS_LABEL', 'DERIVED_FROM', 'DEPENDS_ON', 'DEPLOYED_AS', 'OWNS', 'RELATED_TO')) EXECUTE FUNCTION "tg_graph_edges_enums"();

CREATE OR REPLACE FUNCTION "tg_graph_edges_updated"() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW."updated_at" = greatest(clock_timestamp(), OLD."updated_at" + interval '1 microsecond');
  RETURN NEW;
END $$;
CREATE TRIGGER "tg_graph_edges_updated" BEFORE UPDATE ON "graph_edges" FOR EACH ROW
  WHEN (NEW."updated_at" IS NOT DISTINCT FROM OLD."updated_at" AND
        coalesce(current_setting('tenon.keep_times', true), '') <> 'on') EXECUTE FUNCTION "tg_graph_edges_updated"();

CREATE OR REPLACE FUNCTION "tg_connector_configs_enums"() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW."type" NOT IN ('http', 'kafka') THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'enum: connector_configs.type',
      SCHEMA = TG_TABLE_SCHEMA, TABLE = 'connector_configs', COLUMN = 'type', CONSTRAINT = 'ck_connector_configs_type';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "tg_connector_configs_enums" BEFORE INSERT OR UPDATE ON "connector_configs" FOR EACH ROW
  WHEN (NEW."type" NOT IN ('http', 'kafka')) EXECUTE FUNCTION "tg_connector_configs_enums"();

CREATE OR REPLACE FUNCTION "tg_connector_configs_updated"() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW."updated_at" = greatest(clock_timestamp(), OLD."updated_at" + interval '1 microsecond');
  RETURN NEW;
END $$;
CREATE TRIGGER "tg_connector_configs_updated" BEFORE UPDATE ON "connector_configs" FOR EACH ROW
  WHEN (NEW."updated_at" IS NOT DISTINCT FROM OLD."updated_at" AND
        coalesce(current_setting('tenon.keep_times', true), '') <> 'on') EXECUTE FUNCTION "tg_connector_configs_updated"();
