CREATE TABLE "migration_jobs" (
  "job_id" TEXT NOT NULL,
  "tenant_id" TEXT NOT NULL,
  "source" TEXT NOT NULL CONSTRAINT "ck_migration_jobs_source" CHECK (length("source") <= 100),
  "status" TEXT NOT NULL DEFAULT 'queued' CONSTRAINT "ck_migration_jobs_status" CHECK ("status" IN ('queued', 'running', 'succeeded', 'failed')),
  "started_at" TEXT,
  "completed_at" TEXT,
  "metrics" TEXT NOT NULL DEFAULT '{}' CONSTRAINT "ck_migration_jobs_metrics" CHECK (json_valid("metrics")),
  "image_digest" TEXT CONSTRAINT "ck_migration_jobs_image_digest" CHECK (length("image_digest") <= 200),
  "logs_url" TEXT CONSTRAINT "ck_migration_jobs_logs_url" CHECK (length("logs_url") <= 2000),
  "options" TEXT NOT NULL DEFAULT '{}' CONSTRAINT "ck_migration_jobs_options" CHECK (json_valid("options")),
  "secrets" TEXT CONSTRAINT "ck_migration_jobs_secrets" CHECK ("secrets" IS NULL OR json_valid("secrets")),
  "checkpoint" TEXT CONSTRAINT "ck_migration_jobs_checkpoint" CHECK ("checkpoint" IS NULL OR json_valid("checkpoint")),
  "error_message" TEXT,
  "heartbeat_at" TEXT,
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "updated_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "created_by" TEXT,
  PRIMARY KEY ("job_id")
) STRICT;
CREATE UNIQUE INDEX "uq_migration_jobs_tenant_id_job_id" ON "migration_jobs" ("tenant_id", "job_id");
CREATE INDEX "idx_migration_jobs_status_created_at" ON "migration_jobs" ("status", "created_at" DESC);
CREATE INDEX "idx_migration_jobs_created_at" ON "migration_jobs" ("created_at" DESC);
CREATE INDEX "idx_migration_jobs_heartbeat_at" ON "migration_jobs" ("heartbeat_at");

CREATE TABLE "graph_nodes" (
  "id" TEXT NOT NULL,
  "org_id" TEXT NOT NULL,
  "type" TEXT NOT NULL,
  "properties" TEXT NOT NULL DEFAULT '{}' CONSTRAINT "ck_graph_nodes_properties" CHECK (json_valid("properties")),
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "updated_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "created_by" TEXT,
  "updated_by" TEXT,
  "user_agent" TEXT CONSTRAINT "ck_graph_nodes_user_agent" CHECK (length("user_agent") <= 500),
  "client_ip" TEXT,
  "job_id" TEXT,
  PRIMARY KEY ("org_id", "id"),
  CONSTRAINT "fk_graph_nodes_org_id" FOREIGN KEY ("org_id") REFERENCES "tenants" ("id"),
  CONSTRAINT "fk_graph_nodes_job_id" FOREIGN KEY ("org_id", "job_id") REFERENCES "migration_jobs" ("tenant_id", "job_id")
) STRICT;
CREATE INDEX "idx_graph_nodes_type" ON "graph_nodes" ("org_id", "type");
CREATE INDEX "idx_graph_nodes_job_id" ON "graph_nodes" ("job_id") WHERE "job_id" IS NOT NULL;

CREATE TABLE "graph_edges" (
  "id" TEXT NOT NULL,
  "org_id" TEXT NOT NULL,
  "source_id" TEXT NOT NULL,
  "target_id" TEXT NOT NULL,
  "type" TEXT NOT NULL,
  "properties" TEXT NOT NULL DEFAULT '{}' CONSTRAINT "ck_graph_edges_properties" CHECK (json_valid("properties")),
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "updated_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "created_by" TEXT,
  "updated_by" TEXT,
  "job_id" TEXT,
  PRIMARY KEY ("org_id", "id"),
  CONSTRAINT "fk_graph_edges_org_id" FOREIGN KEY ("org_id") REFERENCES "tenants" ("id"),
  CONSTRAINT "fk_graph_edges_source_id" FOREIGN KEY ("org_id", "source_id") REFERENCES "graph_nodes" ("org_id", "id"),
  CONSTRAINT "fk_graph_edges_target_id" FOREIGN KEY ("org_id", "target_id") REFERENCES "graph_nodes" ("org_id", "id"),
  CONSTRAINT "fk_graph_edges_job_id" FOREIGN KEY ("org_id", "job_id") REFERENCES "migration_jobs" ("tenant_id", "job_id")
) STRICT;
CREATE INDEX "idx_graph_edges_source_id_type" ON "graph_edges" ("source_id", "type");
CREATE INDEX "idx_graph_edges_target_id_type" ON "graph_edges" ("target_id", "type");
CREATE INDEX "idx_graph_edges_job_id" ON "graph_edges" ("job_id") WHERE "job_id" IS NOT NULL;

CREATE TABLE "migration_job_lines" (
  "tenant_id" TEXT NOT NULL,
  "job_id" TEXT NOT NULL,
  "kind" TEXT NOT NULL CONSTRAINT "ck_migration_job_lines_kind" CHECK ("kind" IN ('log', 'reject')),
  "n" INTEGER NOT NULL,
  "at" TEXT NOT NULL,
  "line" TEXT NOT NULL CONSTRAINT "ck_migration_job_lines_line" CHECK (json_valid("line")),
  PRIMARY KEY ("tenant_id", "job_id", "kind", "n")
) STRICT;
CREATE INDEX "idx_migration_job_lines_at" ON "migration_job_lines" ("at");

CREATE TABLE "connector_configs" (
  "connector_id" TEXT NOT NULL,
  "org_id" TEXT NOT NULL,
  "name" TEXT NOT NULL CONSTRAINT "ck_connector_configs_name" CHECK (length("name") <= 255),
  "type" TEXT NOT NULL,
  "config" TEXT NOT NULL CONSTRAINT "ck_connector_configs_config" CHECK (json_valid("config")),
  "status" TEXT NOT NULL DEFAULT 'draft' CONSTRAINT "ck_connector_configs_status" CHECK ("status" IN ('draft', 'active', 'paused', 'error')),
  "last_heartbeat" TEXT,
  "heartbeat_sla" TEXT NOT NULL DEFAULT 'PT0000000300.000000S',
  "heartbeat_due" TEXT,
  "validated_at" TEXT,
  "metrics" TEXT NOT NULL DEFAULT '{}' CONSTRAINT "ck_connector_configs_metrics" CHECK (json_valid("metrics")),
  "error_message" TEXT,
  "next_poll_at" TEXT,
  "remediation_id" TEXT,
  "restarted_at" TEXT,
  "created_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "updated_at" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  "created_by" TEXT,
  PRIMARY KEY ("connector_id"),
  CONSTRAINT "fk_connector_configs_org_id" FOREIGN KEY ("org_id") REFERENCES "tenants" ("id")
) STRICT;
CREATE INDEX "idx_connector_configs_status" ON "connector_configs" ("org_id", "status");
CREATE INDEX "idx_connector_configs_heartbeat_due" ON "connector_configs" ("heartbeat_due");
CREATE INDEX "idx_connector_configs_next_poll_at" ON "connector_configs" ("next_poll_at");

CREATE TABLE "connector_reports" (
  "tenant_id" TEXT NOT NULL,
  "connector_id" TEXT NOT NULL,
  "kind" TEXT NOT NULL CONSTRAINT "ck_connector_reports_kind" CHECK ("kind" IN ('worker', 'error', 'reject')),
  "id" TEXT NOT NULL CONSTRAINT "ck_connector_reports_id" CHECK (length("id") <= 400),
  "at" TEXT NOT NULL,
  "report" TEXT NOT NULL CONSTRAINT "ck_connector_reports_report" CHECK (json_valid("report")),
  PRIMARY KEY ("tenant_id", "connector_id", "kind", "id")
) STRICT;
CREATE INDEX "idx_connector_reports_tenant_id_connector_id_kind_at" ON "connector_reports" ("tenant_id", "connector_id", "kind", "at");
CREATE INDEX "idx_connector_reports_at" ON "connector_reports" ("at");

CREATE TRIGGER "tg_migration_jobs_updated" AFTER UPDATE ON "migration_jobs"
WHEN NEW."updated_at" IS OLD."updated_at" AND NEW."updated_at" IS NOT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
BEGIN
  UPDATE "migration_jobs" SET "updated_at" = (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')) WHERE rowid = NEW.rowid;
END;

CREATE TRIGGER "tg_graph_nodes_enums_insert" BEFORE INSERT ON "graph_nodes"
BEGIN
  SELECT RAISE(ABORT, 'enum: graph_nodes.type') WHERE NEW."type" NOT IN ('VIDEO', 'LABEL', 'DATASET', 'SERVICE', 'DEPLOYMENT', 'COMPONENT', 'PERSON', 'DOCUMENT');
END;

CREATE TRIGGER "tg_graph_nodes_enums_update" BEFORE UPDATE OF "type" ON "graph_nodes"
BEGIN
  SELECT RAISE(ABORT, 'enum: graph_nodes.type') WHERE NEW."type" NOT IN ('VIDEO', 'LABEL', 'DATASET', 'SERVICE', 'DEPLOYMENT', 'COMPONENT', 'PERSON', 'DOCUMENT');
END;

CREATE TRIGGER "tg_graph_nodes_updated" AFTER UPDATE ON "graph_nodes"
WHEN NEW."updated_at" IS OLD."updated_at" AND NEW."updated_at" IS NOT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
BEGIN
  UPDATE "graph_nodes" SET "updated_at" = (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')) WHERE rowid = NEW.rowid;
END;

CREATE TRIGGER "tg_graph_edges_enums_insert" BEFORE INSERT ON "graph_edges"
BEGIN
  SELECT RAISE(ABORT, 'enum: graph_edges.type') WHERE NEW."type" NOT IN ('HAS_LABEL', 'DERIVED_FROM', 'DEPENDS_ON', 'DEPLOYED_AS', 'OWNS', 'RELATED_TO');
END;

CREATE TRIGGER "tg_graph_edges_enums_update" BEFORE UPDATE OF "type" ON "graph_edges"
BEGIN
  SELECT RAISE(ABORT, 'enum: graph_edges.type') WHERE NEW."type" NOT IN ('HAS_LABEL', 'DERIVED_FROM', 'DEPENDS_ON', 'DEPLOYED_AS', 'OWNS', 'RELATED_TO');
END;

CREATE TRIGGER "tg_graph_edges_updated" AFTER UPDATE ON "graph_edges"
WHEN NEW."updated_at" IS OLD."updated_at" AND NEW."updated_at" IS NOT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
BEGIN
  UPDATE "graph_edges" SET "updated_at" = (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')) WHERE rowid = NEW.rowid;
END;

CREATE TRIGGER "tg_connector_configs_enums_insert" BEFORE INSERT ON "connector_configs"
BEGIN
  SELECT RAISE(ABORT, 'enum: connector_configs.type') WHERE NEW."type" NOT IN ('http', 'kafka');
END;

CREATE TRIGGER "tg_connector_configs_enums_update" BEFORE UPDATE OF "type" ON "connector_configs"
BEGIN
  SELECT RAISE(ABORT, 'enum: connector_configs.type') WHERE NEW."type" NOT IN ('http', 'kafka');
END;

CREATE TRIGGER "tg_connector_configs_updated" AFTER UPDATE ON "connector_configs"
WHEN NEW."updated_at" IS OLD."updated_at" AND NEW."updated_at" IS NOT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
BEGIN
  UPDATE "connector_configs" SET "updated_at" = (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')) WHERE rowid = NEW.rowid;
END;
