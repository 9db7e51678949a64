-- Purpose: what is at stake with a run, and which other runs build on it.
-- Grain: one row. Parameters: $run_id. Reads: prediction_cell, score, training_metric, run.
-- Example: $run_id = 'mine'
SELECT
    (SELECT count(*) FROM prediction_cell WHERE run_id = $run_id) AS n_predicted,
    (SELECT count(*) FROM score WHERE run_id = $run_id) AS n_scored,
    (SELECT count(DISTINCT step) FROM training_metric WHERE run_id = $run_id) AS n_measured,
    (SELECT list(run_id ORDER BY run_id) FROM run WHERE (configuration ->> 'trained_by') = $run_id) AS built_on;
