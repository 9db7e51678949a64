-- Purpose: is there a run of this name?
-- Grain: one row. Parameters: $run_id. Reads: run.
-- Example: $run_id = 'item-mean-1'
SELECT count(*) > 0 AS is_there FROM run WHERE run_id = $run_id;
