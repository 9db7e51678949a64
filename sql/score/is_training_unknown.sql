-- Purpose: has the run learnt from cells that are no longer known?
-- Grain: one row. Parameters: $run_id. Reads: unknown_training.
-- Example: $run_id = 'item-mean-1'
SELECT count(*) > 0 AS is_unknown FROM unknown_training WHERE run_id = $run_id;
