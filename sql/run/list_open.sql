-- Purpose: the runs and predictions that have not come to their end.
-- Grain: one row per run that is prepared or running (split and part NULL), and per part that is. Reads: run,
-- prediction_part.
SELECT run_id, kind, folder, status, NULL AS split, NULL AS part
FROM run
WHERE status IN ('prepared', 'running')
UNION ALL
SELECT p.run_id, r.kind, r.folder, p.status, p.split, p.part
FROM prediction_part AS p
JOIN run AS r USING (run_id)
WHERE p.status IN ('prepared', 'running')
ORDER BY ALL;
