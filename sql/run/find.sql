-- Purpose: one run's record.
-- Grain: one row, none where there is no such run. Parameters: $run_id. Reads: run.
-- Example: $run_id = 'item-mean-1'
SELECT * FROM run WHERE run_id = $run_id;
