-- Purpose: the parts that runs were asked to predict and whose prediction did not come to its end.
-- Grain: one row per run, split and part. Parameters: $run_id (NULL for all). Reads: prediction_part, run.
-- Example: $run_id = NULL
SELECT p.run_id, r.kind, r.folder, p.split, p.part, p.status, p.reason
FROM prediction_part AS p
JOIN run AS r USING (run_id)
WHERE p.status <> 'finished' AND ($run_id IS NULL OR p.run_id = $run_id)
ORDER BY p.run_id, p.split, p.part;
