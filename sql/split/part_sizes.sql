-- Purpose: how large each part of a split is.
-- Grain: one row per part: train, validation, then the others by name. Parameters: $split. Reads: split_cell.
-- Example: $split = 'unseen-questions'
SELECT
    part,
    count(*) AS n_cells,
    count(DISTINCT (survey_id, item_id)) AS n_items,
    count(DISTINCT population_id) AS n_populations
FROM split_cell
WHERE split = $split
GROUP BY part
ORDER BY part <> 'train', part <> 'validation', part;
