-- Purpose: are a run's predictions locked, to be held against answers that come later?
-- Grain: one row. Parameters: $run_id. Reads: prediction_lock.
-- Example: $run_id = 'item-mean-1'
SELECT count(*) > 0 AS is_locked FROM prediction_lock WHERE run_id = $run_id;
