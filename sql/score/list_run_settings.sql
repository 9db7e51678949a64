-- Purpose: what determines the results of runs, to find those that differ in nothing but their seed.
-- Grain: one row per run that exists, in the order asked for. Parameters: $run_ids (list). Reads: run.
-- Example: $run_ids = ['item-mean-1', 'uniform-1']
SELECT run_id, predictor, model, split, shares, seed, configuration::VARCHAR AS configuration
FROM run
WHERE list_contains($run_ids, run_id)
ORDER BY list_position($run_ids, run_id);
