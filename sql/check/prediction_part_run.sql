-- Purpose: a part that was predicted is one of a run in table run; one that failed says why.
-- Grain: one row per run, split and part that breaks this. Reads: prediction_part, run.
SELECT run_id, split, part, status, 'no row in run' AS problem
FROM prediction_part
ANTI JOIN run USING (run_id)
UNION ALL
SELECT run_id, split, part, status, 'no reason'
FROM prediction_part
WHERE status = 'failed' AND coalesce(reason, '') = ''
ORDER BY ALL;
