-- Purpose: the software that a report's runs were made with.
-- Grain: one row per run and package.
-- Parameters: $run_ids (list). Reads: run.
-- Example: $run_ids = ['item-mean-1', 'uniform-1']
SELECT run_id, unnest(json_keys(versions)) AS package, versions ->> unnest(json_keys(versions)) AS version
FROM run
WHERE list_contains($run_ids, run_id)
ORDER BY list_position($run_ids, run_id), package;
