-- Purpose: what a report says of its runs.
-- Grain: one row per run.
-- Parameters: $run_ids (list). Reads: run.
-- Example: $run_ids = ['item-mean-1', 'uniform-1']
SELECT run_id, predictor, model, split, shares AS human_shares, seed, strftime(started_at, '%Y-%m-%d') AS made_on
FROM run
WHERE list_contains($run_ids, run_id)
ORDER BY list_position($run_ids, run_id);
