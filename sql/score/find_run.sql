-- Purpose: what scoring needs to know of a run.
-- Grain: one row, none where there is no such run. Parameters: $run_id. Reads: run.
-- Example: $run_id = 'item-mean-1'
SELECT run_id, kind, predictor, model, split, shares, status, reason
FROM run
WHERE run_id = $run_id;
