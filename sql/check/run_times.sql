-- Purpose: a run that ended has the time when it did, not before it began; a failed one has a reason.
-- Grain: one row per run that breaks this. Reads: run.
SELECT run_id, status, started_at, finished_at, reason
FROM run
WHERE (status NOT IN ('prepared', 'running') AND (finished_at IS NULL OR finished_at < started_at))
    OR (status = 'failed' AND coalesce(reason, '') = '')
ORDER BY ALL;
