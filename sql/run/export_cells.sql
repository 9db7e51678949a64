-- Purpose: the cells of a split, as a model run needs them; their human shares come from cell/list_shares.
-- Grain: one row per part, survey, item and population.
-- Parameters: $split, $parts (NULL for all). Reads: split_cell.
-- Example: $parts = ['validation', 'test'], $split = 'unseen-questions'
SELECT part, survey_id, item_id, population_id
FROM split_cell
WHERE split = $split AND ($parts IS NULL OR list_contains($parts::VARCHAR[], part))
ORDER BY part, survey_id, item_id, population_id;
