-- Purpose: what the steps of workflows have done so far.
-- Grain: one row per kind and name. Reads: workflow_step.
SELECT kind, name, fingerprint, finished_at IS NOT NULL AS is_finished, result_sha256
FROM workflow_step
ORDER BY kind, name;
