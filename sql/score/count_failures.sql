-- Purpose: how many cells of a run have no prediction because what the model replied could not be read, and why.
-- Grain: one row per reason, most frequent first. Parameters: $run_id. Reads: prediction_failure.
-- Example: $run_id = 'item-mean-1'
SELECT reason, count(*) AS n_cells
FROM prediction_failure
WHERE run_id = $run_id
GROUP BY reason
ORDER BY n_cells DESC, reason;
