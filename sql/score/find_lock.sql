-- Purpose: the lock of a run's predictions.
-- Grain: one row, none where they are not locked. Parameters: $run_id. Reads: prediction_lock.
-- Example: $run_id = 'mine-1'
SELECT run_id, sha256, n_cells, n_answered, locked_at
FROM prediction_lock
WHERE run_id = $run_id;
