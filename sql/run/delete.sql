-- Purpose: forget a run: its record, measurements, predictions and scores, and what it has learnt from.
-- Parameters: $run_id. Writes: run, training_metric, prediction_cell, prediction, prediction_failure, score,
-- prediction_part, training_cell, training_text, correction, corrected_share, prediction_lock,
-- scoring, trust.
-- Example: $run_id = 'mine'
DELETE FROM score WHERE run_id = $run_id;
DELETE FROM prediction_failure WHERE run_id = $run_id;
DELETE FROM prediction WHERE run_id = $run_id;
DELETE FROM prediction_cell WHERE run_id = $run_id;
DELETE FROM prediction_part WHERE run_id = $run_id;
DELETE FROM training_metric WHERE run_id = $run_id;
DELETE FROM training_text WHERE run_id = $run_id;
DELETE FROM training_cell WHERE run_id = $run_id;
DELETE FROM correction WHERE run_id = $run_id;
DELETE FROM corrected_share WHERE run_id = $run_id;
DELETE FROM prediction_lock WHERE run_id = $run_id;
DELETE FROM scoring WHERE run_id = $run_id;
DELETE FROM trust WHERE run_id = $run_id;
DELETE FROM run WHERE run_id = $run_id;
