-- Purpose: how many cells of a run each rule answered, the predictor's own and what it fell back on.
-- Grain: one row per rule, the most frequent first. Parameters: $run_id. Reads: prediction_cell.
-- Example: $run_id = 'item-mean-1'
SELECT basis, count(*) AS n_cells
FROM prediction_cell
WHERE run_id = $run_id
GROUP BY basis
ORDER BY n_cells DESC, basis;
