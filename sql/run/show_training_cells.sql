-- Purpose: what a run has learnt from.
-- Grain: one row per part, train first. Parameters: $run_id. Reads: training_cell.
-- Example: $run_id = 'item-mean-1'
SELECT
    part,
    count(*) AS n_cells,
    count(DISTINCT (survey_id, item_id)) AS n_items,
    count(DISTINCT population_id) AS n_populations
FROM training_cell
WHERE run_id = $run_id
GROUP BY part
ORDER BY part;
