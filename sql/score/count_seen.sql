-- Purpose: how many cells of a part have no score there, because the run was trained or chosen on them.
-- Grain: one row per split and part that has such cells. Parameters: $run_id. Reads: placed_cell, score.
-- Example: $run_id = 'item-mean-1'
SELECT c.split, c.part_of_split AS part, count(*) AS n_cells
FROM placed_cell AS c
SEMI JOIN score AS s USING (run_id, survey_id, item_id, population_id)
WHERE c.run_id = $run_id AND c.part = 'seen in training'
GROUP BY c.split, c.part_of_split
ORDER BY c.split, c.part_of_split;
