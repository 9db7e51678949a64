-- Purpose: the cells that predictors learn from, and that the prior of a pilot comes from.
-- Grain: one row per cell of the part `train`. Parameters: $split. Reads: split_cell.
-- Example: $split = 'unseen-questions'
SELECT DISTINCT survey_id, item_id, population_id
FROM split_cell
WHERE split = $split AND part = 'train'
ORDER BY survey_id, item_id, population_id;
