-- Purpose: forget what a training measured, before its measurements are written anew.
-- Parameters: $run_id. Writes: training_metric.
-- Example: $run_id = 'item-mean-1'
DELETE FROM training_metric WHERE run_id = $run_id;
