-- SQL as the seeds print it, with parameters as $n. Each begins with its seed and section.

-- metastore.md: Get asset
SELECT * FROM assets WHERE id = $1 AND tenant_id = $2;

-- metastore.md: Get outgoing relationships
SELECT r.*, a.name as target_name 
FROM relationships r
JOIN assets a ON r.target_asset_id = a.id
WHERE r.source_asset_id = $1 AND r.tenant_id = $2;

-- metastore.md: Get incoming relationships
SELECT r.*, a.name as source_name 
FROM relationships r
JOIN assets a ON r.source_asset_id = a.id
WHERE r.target_asset_id = $1 AND r.tenant_id = $2;

-- metastore.md: Search Assets
SELECT a.*, 
       array_agg(t.name) as tags
FROM assets a
LEFT JOIN asset_tags at ON a.id = at.asset_id
LEFT JOIN tags t ON at.tag_id = t.id
WHERE a.tenant_id = $1
  AND (a.name ILIKE $2 OR a.description ILIKE $3)
  AND a.deleted_at IS NULL
GROUP BY a.id
ORDER BY a.updated_at DESC
LIMIT $4 OFFSET $5;

-- metastore.md: Get Audit Trail
SELECT * FROM audits
WHERE tenant_id = $1
  AND entity_type = $2
  AND entity_id = $3
ORDER BY timestamp DESC
LIMIT $4;

-- workflow-bridge.md: Common Query 1: Get Workflow Status with Steps
SELECT
    we.correlation_id,
    we.workflow_type,
    we.current_state,
    we.execution_time_ms,
    json_agg(
        json_build_object(
            'step_name', ws.step_name,
            'step_order', ws.step_order,
            'status', ws.status,
            'execution_time_ms', ws.execution_time_ms
        ) ORDER BY ws.step_order
    ) AS steps
FROM workflow_executions we
LEFT JOIN workflow_steps ws ON ws.workflow_id = we.id
WHERE we.correlation_id = $1
GROUP BY we.id;

-- workflow-bridge.md: Common Query 2: Get Recent Failed Workflows by Namespace
SELECT
    we.correlation_id,
    we.workflow_type,
    we.error_message,
    we.started_at,
    COUNT(ws.id) AS step_count
FROM workflow_executions we
LEFT JOIN workflow_steps ws ON ws.workflow_id = we.id
WHERE we.namespace = $1
  AND we.current_state = 'FAILED'
  AND we.started_at > NOW() - INTERVAL '1 hour'
GROUP BY we.id
ORDER BY we.started_at DESC
LIMIT 20;

-- workflow-bridge.md: Common Query 3: Get FSM Transition History
SELECT
    entity_id,
    entity_type,
    from_state,
    to_state,
    transition_event,
    created_at
FROM fsm_transitions
WHERE entity_id = $1
  AND entity_type = $2
ORDER BY created_at ASC;

-- workflow-bridge.md: Common Query 4: Get Bridge Aggregation Statistics
SELECT
    namespace,
    SUM(total_workflows_processed) AS total_workflows,
    SUM(total_items_aggregated) AS total_items,
    COUNT(*) AS bridge_count,
    MAX(last_aggregation_timestamp) AS latest_activity
FROM bridge_states
WHERE namespace = $1
GROUP BY namespace;

-- workflow-bridge.md: Common Query 5: Get Healthy Nodes by Type
SELECT
    node_id,
    node_version,
    capabilities,
    endpoints,
    last_heartbeat
FROM node_registrations
WHERE node_type = $1
  AND health_status = 'HEALTHY'
  AND last_heartbeat > NOW() - INTERVAL '5 minutes'
ORDER BY last_heartbeat DESC;

-- workflow-bridge.md: Check index usage after deployment
SELECT
    schemaname,
    tablename,
    indexname,
    idx_scan AS times_used,
    idx_tup_read AS tuples_read,
    idx_tup_fetch AS tuples_fetched
FROM pg_stat_user_indexes
WHERE schemaname = 'public'
ORDER BY idx_scan DESC;

-- workflow-bridge.md: Identify tables doing sequential scans
SELECT
    schemaname,
    tablename,
    seq_scan,
    seq_tup_read,
    idx_scan,
    seq_tup_read / seq_scan AS avg_seq_read
FROM pg_stat_user_tables
WHERE seq_scan > 0
ORDER BY seq_tup_read DESC
LIMIT 10;

-- workflow-bridge.md: Create GIN indexes for JSONB columns if needed
CREATE INDEX IF NOT EXISTS idx_workflow_exec_metadata_gin
    ON workflow_executions USING GIN(metadata);

-- workflow-bridge.md: JSONB Performance
CREATE INDEX IF NOT EXISTS idx_bridge_states_agg_metadata_gin
    ON bridge_states USING GIN(aggregation_metadata);

-- workflow-bridge.md: Always filter by namespace
SELECT * FROM workflow_executions
WHERE namespace = $1 AND correlation_id = $2;

-- workflow-bridge.md: Aggregate by namespace
SELECT namespace, COUNT(*) AS workflow_count
FROM workflow_executions
GROUP BY namespace;

-- workflow-bridge.md: Cross-namespace summary (admin only)
SELECT
    we.namespace,
    COUNT(DISTINCT we.id) AS total_workflows,
    AVG(we.execution_time_ms) AS avg_execution_time,
    COUNT(DISTINCT bs.bridge_id) AS bridge_count
FROM workflow_executions we
LEFT JOIN bridge_states bs ON bs.namespace = we.namespace
GROUP BY we.namespace
ORDER BY total_workflows DESC;

-- workflow-bridge.md: Overall system health metrics
SELECT
    'workflows' AS metric,
    COUNT(*) AS total,
    COUNT(CASE WHEN current_state = 'COMPLETED' THEN 1 END) AS completed,
    COUNT(CASE WHEN current_state = 'FAILED' THEN 1 END) AS failed,
    COUNT(CASE WHEN current_state = 'PROCESSING' THEN 1 END) AS in_progress
FROM workflow_executions
WHERE started_at > NOW() - INTERVAL '1 hour'

UNION ALL

SELECT
    'nodes' AS metric,
    COUNT(*) AS total,
    COUNT(CASE WHEN health_status = 'HEALTHY' THEN 1 END) AS healthy,
    COUNT(CASE WHEN health_status = 'UNHEALTHY' THEN 1 END) AS unhealthy,
    COUNT(CASE WHEN last_heartbeat < NOW() - INTERVAL '5 minutes' THEN 1 END) AS stale
FROM node_registrations;

-- workflow-bridge.md: Optional: Migration version tracking
CREATE TABLE IF NOT EXISTS schema_migrations (
    version VARCHAR(50) PRIMARY KEY,
    applied_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
    description TEXT
);

-- workflow-bridge.md: Record migrations as they're applied
INSERT INTO schema_migrations (version, description) VALUES
    ('001', 'Create workflow_executions table'),
    ('002', 'Create workflow_steps table'),
    ('003', 'Create fsm_transitions table'),
    ('004', 'Create bridge_states table'),
    ('005', 'Create node_registrations table'),
    ('006', 'Create metadata_stamps table');

